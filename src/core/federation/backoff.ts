/**
 * How long to wait before trying again.
 * @module
 */

/** Bounds of the wait in milliseconds. */
export interface BackoffRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Between attempts to reach a peer. */
export const reconnectRange: BackoffRange = { minMs: 100, maxMs: 30_000 };

/**
 * Full jitter: anything up to an upper bound that doubles with each failure, so that many nodes which lost the same
 * peer do not come back at once. `chance` is from [0, 1).
 */
export function backoff(
  failures: number,
  chance: number,
  range: BackoffRange = reconnectRange,
): number {
  return chance * Math.min(range.maxMs, range.minMs * 2 ** Math.min(failures, 30));
}
