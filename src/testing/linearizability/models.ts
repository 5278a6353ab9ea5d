/**
 * The objects most tests are about: a register, a map of registers, a queue.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { isPending, type LinearizabilityModel, type Operation } from './operation.ts';

/** What the ready-made models hold; `null` stands for nothing. Richer values go in as a text of their own. */
export type HistoryValue = string | number | boolean | null;

/** An operation on {@link registerModel}. */
export type RegisterOperation = Operation &
  (
    | { readonly op: 'read'; readonly output?: HistoryValue | undefined }
    | { readonly op: 'write'; readonly input: HistoryValue }
    | {
        readonly op: 'cas';
        readonly input: readonly [from: HistoryValue, to: HistoryValue];
        /** Whether the register held `from`, and so holds `to` now. */
        readonly output?: boolean | undefined;
      }
  );

/** A register that holds one value: `read`, `write` and compare-and-set. `init` is what it holds first (default `null`). */
export function registerModel(
  init: HistoryValue = null,
): LinearizabilityModel<HistoryValue, RegisterOperation> {
  return {
    init,
    key: keyOf,
    step(state, operation) {
      switch (operation.op) {
        case 'read':
          return reads(state, operation);
        case 'write':
          return operation.input;
        case 'cas':
          return swapped(state, operation, ...operation.input);
        default:
          throw unknownOp(operation, 'read, write or cas');
      }
    },
  };
}

/** An operation on {@link kvModel}. */
export type KvOperation = Operation &
  (
    | {
        readonly op: 'get';
        readonly input: { readonly key: string };
        readonly output?: HistoryValue | undefined;
      }
    | { readonly op: 'put'; readonly input: { readonly key: string; readonly value: HistoryValue } }
    | { readonly op: 'append'; readonly input: { readonly key: string; readonly value: string } }
    | { readonly op: 'delete'; readonly input: { readonly key: string } }
    | {
        readonly op: 'cas';
        readonly input: {
          readonly key: string;
          readonly from: HistoryValue;
          readonly to: HistoryValue;
        };
        /** Whether the key held `from`, and so holds `to` now. */
        readonly output?: boolean | undefined;
      }
  );

/**
 * A map from keys to values: `get`, `put`, `append` (to a text), `delete` and compare-and-set, each on one key, so that
 * every key is checked alone. `init` is what a key holds first and after a `delete` (default `null`).
 */
export function kvModel(
  init: HistoryValue = null,
): LinearizabilityModel<HistoryValue, KvOperation> {
  return {
    init,
    key: keyOf,
    part: (operation) => operation.input.key,
    step(state, operation) {
      switch (operation.op) {
        case 'get':
          return reads(state, operation);
        case 'put':
          return operation.input.value;
        case 'append':
          return String(state ?? '') + operation.input.value;
        case 'delete':
          return init;
        case 'cas':
          return swapped(state, operation, operation.input.from, operation.input.to);
        default:
          throw unknownOp(operation, 'get, put, append, delete or cas');
      }
    },
  };
}

/** An operation on {@link queueModel}. */
export type QueueOperation = Operation &
  (
    | { readonly op: 'enqueue'; readonly input: HistoryValue }
    | {
        readonly op: 'dequeue';
        /** What was taken; `null` or absent when the queue was empty. */
        readonly output?: HistoryValue | undefined;
      }
  );

/** A first-in-first-out queue: `enqueue` and `dequeue`, which returns `null` at once when there is nothing. */
export function queueModel(): LinearizabilityModel<readonly HistoryValue[], QueueOperation> {
  return {
    init: [],
    key: (state) => state.map(keyOf).join(),
    step(state, operation) {
      switch (operation.op) {
        case 'enqueue':
          return [...state, operation.input];
        case 'dequeue':
          return reads(state[0] ?? null, operation) === undefined ? undefined : state.slice(1);
        default:
          throw unknownOp(operation, 'enqueue or dequeue');
      }
    },
  };
}

/** A text of its own for each value: JSON has one for all of `null`, `NaN` and infinity, and one for 0 and -0. */
function keyOf(value: HistoryValue): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** `state`, unless the operation is known to have returned something else. */
function reads(state: HistoryValue, operation: Operation): HistoryValue | undefined {
  return isPending(operation) || Object.is(operation.output ?? null, state) ? state : undefined;
}

function swapped(
  state: HistoryValue,
  operation: Operation,
  from: HistoryValue,
  to: HistoryValue,
): HistoryValue | undefined {
  const holds = Object.is(state, from);
  if (!isPending(operation) && operation.output !== holds) return undefined;
  return holds ? to : state;
}

function unknownOp(operation: Operation, expected: string): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument: 'op', expected, got: operation.op });
}
