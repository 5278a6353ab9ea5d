/**
 * Time that passes only when told to.
 * @module
 */
import { abortError } from '../base/abort.ts';
import { type Duration, toMs } from '../base/duration.ts';
import type { Clock } from '../ports/clock.ts';
import { EventHeap } from './simulation/event-heap.ts';
import { PromiseJobs } from './simulation/promise-jobs.ts';

/** A clock under the test's hand. */
export interface VirtualClock extends Clock {
  /** How many timers are waiting. */
  readonly timers: number;
  /**
   * Lets time pass: timers run in the order they are due, each at its own moment, and promise jobs finish in between.
   * Advances asked for at once follow one another. Real I/O is not waited for.
   */
  advance(by: Duration): Promise<void>;
}

/** A clock that stands at `start` (epoch milliseconds, default 2030-01-01) until it is advanced. */
export function virtualClock(start: number = Date.UTC(2030, 0, 1)): VirtualClock {
  const timers = new EventHeap();
  let elapsed = 0;
  let advancing = Promise.resolve();

  const after = (ms: number, run: () => void): (() => void) => {
    const timer = timers.add(elapsed + Math.max(0, ms), run);
    return () => {
      timers.cancel(timer);
    };
  };
  const passTo = async (end: number): Promise<void> => {
    const jobs = new PromiseJobs();
    try {
      await jobs.done();
      while (timers.nextTime <= end) {
        elapsed = Math.max(elapsed, timers.nextTime);
        timers.take()?.();
        await jobs.done();
      }
      elapsed = end;
    } finally {
      jobs.close();
    }
  };
  return {
    get timers() {
      return timers.size;
    },
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: (ms, signal) => sleepUntil(after, ms, signal),
    advance: (by) => {
      const ms = toMs(by, 'by');
      const passing = advancing.then(() => passTo(elapsed + ms));
      advancing = passing.catch(() => undefined);
      return passing;
    },
  };
}

/** {@link Clock.sleep} in terms of {@link Clock.after}. */
export function sleepUntil(
  after: Clock['after'],
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      cancel();
      reject(abortError(signal!, 'sleep'));
    };
    const cancel = after(ms, () => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    });
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}
