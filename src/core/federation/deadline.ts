/**
 * Deadlines that travel: a call made on behalf of another ends no later than that other.
 * @module
 */

const deadlines = new WeakMap<AbortSignal, number>();

/** Notes until when the work behind `signal` is wanted, on the clock's `monotonic` scale. */
export function rememberDeadline(signal: AbortSignal, at: number): void {
  deadlines.set(signal, at);
}

/** Milliseconds a call may take that was allowed `timeoutMs` and listens to `signal`; at least 1. */
export function timeLeft(now: number, timeoutMs: number, signal: AbortSignal | undefined): number {
  const at = signal === undefined ? undefined : deadlines.get(signal);
  const left = at === undefined ? timeoutMs : Math.min(timeoutMs, at - now);
  return Math.max(1, Math.ceil(left));
}
