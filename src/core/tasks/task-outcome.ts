/**
 * What came of a task, as it is kept and told.
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';
import { MeshError, toMeshError, type WireError } from '../../base/errors.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import {
  boolean,
  dictionary,
  object,
  oneOf,
  optional,
  type Shape,
  text,
  unknown,
} from '../../base/shape.ts';

/** How a task ended. What is done is never told differently later. */
export type TaskOutcome<Result = unknown> =
  | { readonly state: 'done'; readonly result: Result }
  | { readonly state: 'failed'; readonly error: WireError }
  | { readonly state: 'cancelled'; readonly reason: string };

/** Bytes of a result that are kept. */
const resultLimit = 16 << 20;

const outcomeShape = object({
  state: oneOf('done', 'failed', 'cancelled'),
  result: optional(unknown),
  error: optional(
    object({
      code: text({ min: 1, max: 64 }),
      params: dictionary(unknown),
      retryable: boolean,
    }),
  ),
  reason: optional(text()),
}) as unknown as Shape<TaskOutcome>;

/** The outcome of a task that gave `result`: a failure when it cannot be kept. */
export function doneOutcome(result: unknown, task: string): TaskOutcome {
  try {
    const got = packPacket(result).length;
    if (got <= resultLimit) return { state: 'done', result };
    throw new MeshError('LIMIT_EXCEEDED', { what: 'the result', limit: resultLimit, got });
  } catch (error) {
    return failedOutcome(error, task);
  }
}

/** The outcome of a task that failed. */
export function failedOutcome(thrown: unknown, task: string): TaskOutcome & { state: 'failed' } {
  return { state: 'failed', error: toMeshError(thrown, `task '${task}'`).toWire() };
}

/** The bytes of an outcome. */
export function writeOutcome(outcome: TaskOutcome): Bytes {
  return packPacket(outcome);
}

/** The outcome in `value`. */
export function readOutcome(value: Uint8Array, key: string): TaskOutcome {
  try {
    return outcomeShape(unpackPacket(value, key), key);
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', { store: 'tasks', detail: key }, { cause });
  }
}
