/**
 * A violated history in a few lines, so that a person sees what went wrong.
 * @module
 */
import { printable } from '../../base/errors.ts';
import { isPending, type Operation } from './operation.ts';

/** What there is to say about a violation. */
export interface Violation {
  readonly stuck: Operation;
  readonly prefix: readonly Operation[];
  readonly order: readonly Operation[];
  /** The model's key of the state that `order` leads to. */
  readonly state: string;
}

/** Operations shown of each kind; the others are counted. */
const shown = 8;

/** The operation that cannot be explained, an order that explains what came before it, and what else was going on. */
export function describeViolation({ stuck, prefix, order, state }: Violation): string {
  const ordered = new Set(order);
  const left = prefix.filter((operation) => !ordered.has(operation) && operation !== stuck);
  return [
    `not linearizable: nothing explains ${describe(stuck)}`,
    `of ${String(prefix.length)} operations called before it returned, an order explains ${String(order.length)}:`,
    ...listed(order),
    `  and so to the state ${printable(state)}`,
    ...(left.length > 0 ? ['not in this order:', ...listed(left)] : []),
  ].join('\n');
}

function listed(operations: readonly Operation[]): readonly string[] {
  const before = operations.length - shown;
  return [
    ...(before > 0 ? [`  ... ${String(before)} before`] : []),
    ...operations.slice(-shown).map((operation) => `  ${describe(operation)}`),
  ];
}

/** `process 1: cas [1,2] -> false (10 to 20)`; an outcome nobody knew yet is a question mark. */
function describe(operation: Operation): string {
  const { process, op, input, output, call } = operation;
  const asked = input === undefined ? op : `${op} ${shownValue(input)}`;
  const begun = `process ${printable(process)}: ${asked}`;
  if (isPending(operation)) return `${begun} -> ? (from ${String(call)} on)`;
  const answer = output === undefined ? '' : ` -> ${shownValue(output)}`;
  return `${begun}${answer} (${String(call)} to ${String(operation.return)})`;
}

/** `value` as JSON, with big integers as texts. */
function shownValue(value: unknown): string {
  return printable(
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'bigint' ? String(member) : member,
    ),
  );
}
