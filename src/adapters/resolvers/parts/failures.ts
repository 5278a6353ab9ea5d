/**
 * What failures on the way to a DID mean.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';

/** `DID_UNREACHABLE` for what kept us from asking about `did`; a call that was called off stays that. */
export function unreachable(did: Did, cause: unknown): MeshError {
  if (MeshError.is(cause, 'ABORTED', 'DID_UNREACHABLE')) return cause;
  // What our own rules refused, they refuse again.
  const retryable = !MeshError.is(cause, 'HTTP_REFUSED');
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new MeshError('DID_UNREACHABLE', { did, detail }, { cause, retryable });
}

/** What `load` brings, the optional package `module`; `MODULE_MISSING` when it is not installed. */
export async function optionalPeer<T>(
  feature: string,
  module: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { code?: unknown } | null)?.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new MeshError('MODULE_MISSING', { feature, module }, { cause });
  }
}

/** `value`, or `INVALID_ARGUMENT` saying that `feature` was not given its `argument`. */
export function given<T>(feature: string, argument: string, value: T | undefined): T {
  if (value !== undefined) return value;
  const expected = `there, by the client or by the options of ${feature}`;
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: undefined });
}
