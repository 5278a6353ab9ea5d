/**
 * The linearizability checker: whether what many saw of one object could have been seen by one process alone, with each
 * operation taking effect at one moment between its call and its return (Herlihy and Wing, 1990).
 * @module
 */
import { MeshError } from '../base/errors.ts';
import { describeViolation } from './linearizability/message.ts';
import {
  isPending,
  type LinearizabilityModel,
  type Operation,
} from './linearizability/operation.ts';
import { type Found, search } from './linearizability/search.ts';

export {
  type HistoryValue,
  type KvOperation,
  kvModel,
  type QueueOperation,
  queueModel,
  type RegisterOperation,
  registerModel,
} from './linearizability/models.ts';
export type { LinearizabilityModel, Operation } from './linearizability/operation.ts';

/** Options of {@link checkLinearizable}. */
export interface LinearizabilityOptions {
  /**
   * How many steps the search may take for each part of the history before it gives up with `unknown`: 1 to 10,000,000,
   * default 2,000,000. A step takes about a microsecond, and about 100 bytes while the check runs.
   */
  readonly maxSteps?: number;
}

/** What {@link checkLinearizable} found out. */
export type LinearizabilityVerdict<Op extends Operation = Operation> =
  | {
      readonly verdict: 'linearizable';
      /** The proof: for each part of the history an order that explains it. */
      readonly orders: readonly (readonly Op[])[];
      readonly steps: number;
    }
  | {
      readonly verdict: 'violated';
      /** The operation whose return nothing explains any more. */
      readonly stuck: Op;
      /**
       * The shortest beginning of the history that no order explains, or the shortest found within the bound: what was
       * called up to the return of `stuck`. What returned later stands in it without `return`, as it was then.
       */
      readonly prefix: readonly Op[];
      /** An order that explains as much of `prefix` as the search could. */
      readonly order: readonly Op[];
      /** All this in a few lines. */
      readonly message: string;
      readonly steps: number;
    }
  /** The bound was reached, and no part that could be decided is violated. */
  | { readonly verdict: 'unknown'; readonly steps: number };

const defaultMaxSteps = 2_000_000;
/** The search remembers up to one text a step; a JavaScript Set takes 2 ** 24. */
const highestMaxSteps = 10_000_000;

/**
 * Checks `history` against `model`: {@link registerModel}, {@link kvModel}, {@link queueModel} or one of your own. A
 * verdict is a proof; where the bound does not suffice for one, it is `unknown`. Throws `INVALID_ARGUMENT` for an
 * operation that returned before it was called or that the model does not know.
 *
 * @example
 * ```ts
 * const history: RegisterOperation[] = [
 *   { process: 'a', call: 0, return: 3, op: 'write', input: 7 },
 *   { process: 'b', call: 1, return: 2, op: 'read', output: 7 },
 *   { process: 'b', call: 4, return: 5, op: 'read', output: null },
 * ];
 * checkLinearizable(history, registerModel()).verdict; // 'violated'
 * ```
 */
export function checkLinearizable<State, Op extends Operation>(
  history: readonly Op[],
  model: LinearizabilityModel<State, Op>,
  options: LinearizabilityOptions = {},
): LinearizabilityVerdict<Op> {
  const { maxSteps = defaultMaxSteps } = options;
  checkBound(maxSteps);
  for (const operation of history) checkTimes(operation);
  const parts = [...Map.groupBy(history, (operation) => model.part?.(operation)).values()];
  const orders: (readonly Op[])[] = [];
  let steps = 0;
  for (const part of parts) {
    const found = search(part, model, maxSteps);
    steps += found.steps;
    if (found.verdict === 'violated') return explained(part, model, found, maxSteps, steps);
    if (found.verdict === 'linearizable') orders.push(found.order);
  }
  if (orders.length < parts.length) return { verdict: 'unknown', steps };
  return { verdict: 'linearizable', orders, steps };
}

type Violation<Op extends Operation> = Extract<Found<Op>, { verdict: 'violated' }>;

/**
 * Looks for the shortest prefix. The search knew what operations would return that were still running at the return it was
 * stuck at; without that knowledge the history may be explained a little longer, but never less long.
 */
function explained<State, Op extends Operation>(
  history: readonly Op[],
  model: LinearizabilityModel<State, Op>,
  whole: Violation<Op>,
  maxSteps: number,
  stepsBefore: number,
): LinearizabilityVerdict<Op> {
  const ends = history
    .flatMap((operation) => (isPending(operation) ? [] : [operation.return!]))
    .filter((end) => end >= whole.stuck.return!)
    .sort((a, b) => a - b);
  let steps = stepsBefore;
  let shortest = { prefix: until(history, ends.at(-1)!), end: ends.at(-1)!, found: whole };
  // Bisection that tries the lowest end first, which is nearly always the one. What is unknown counts as explained.
  let [low, high, middle] = [0, ends.length - 1, 0];
  while (low <= high) {
    const end = ends[middle]!;
    const prefix = until(history, end);
    const found = search(prefix, model, maxSteps);
    steps += found.steps;
    if (found.verdict === 'violated') {
      shortest = { prefix, end, found };
      high = middle - 1;
    } else low = middle + 1;
    middle = (low + high) >>> 1;
  }
  const { prefix, end } = shortest;
  const { order, state } = shortest.found;
  const stuck = prefix.findLast((operation) => operation.return === end)!;
  const message = describeViolation({ stuck, prefix, order, state });
  return { verdict: 'violated', stuck, prefix, order, message, steps };
}

/** What was known at `end`. */
function until<Op extends Operation>(history: readonly Op[], end: number): readonly Op[] {
  return history
    .filter(({ call }) => call <= end)
    .map((operation) =>
      !isPending(operation) && operation.return! > end
        ? { ...operation, return: undefined, output: undefined }
        : operation,
    );
}

function checkBound(maxSteps: number): void {
  if (Number.isInteger(maxSteps) && maxSteps >= 1 && maxSteps <= highestMaxSteps) return;
  throw invalid('maxSteps', `an integer from 1 to ${String(highestMaxSteps)}`, maxSteps);
}

function checkTimes({ call, return: end = call }: Operation): void {
  if (!Number.isFinite(call)) throw invalid('call', 'a finite number', call);
  if (!Number.isFinite(end) || end < call) {
    throw invalid('return', `a finite number from ${String(call)} up, or absent`, end);
  }
}

function invalid(argument: string, expected: string, got: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
