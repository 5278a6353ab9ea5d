/**
 * Time. Nothing in the house reads a clock or sets a timer any other way, so a mesh can run on virtual time.
 * @module
 */

/** The one source of time. */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations and leases. */
  monotonic(): number;
  /** Runs `run` once after `ms`; the result cancels it. The timer does not keep a process alive by itself. */
  after(ms: number, run: () => void): () => void;
  /** Resolves after `ms`; rejects with `ABORTED` when `signal` fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
