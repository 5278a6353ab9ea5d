/**
 * Time that passes only when told to.
 * @module
 */
import { abortError } from '../base/abort.ts';
import { type Duration, toMs } from '../base/duration.ts';
import type { Clock } from '../ports/clock.ts';

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

interface VirtualTimer {
  readonly due: number;
  readonly run: () => void;
}

/** A clock that stands at `start` (epoch milliseconds, default 2030-01-01) until it is advanced. */
export function virtualClock(start: number = Date.UTC(2030, 0, 1)): VirtualClock {
  const timers = new Set<VirtualTimer>();
  let elapsed = 0;
  let advancing = Promise.resolve();

  const after = (ms: number, run: () => void): (() => void) => {
    const timer = { due: elapsed + Math.max(0, ms), run };
    timers.add(timer);
    return () => {
      timers.delete(timer);
    };
  };
  const passTo = async (end: number): Promise<void> => {
    await promiseJobs();
    for (let timer = nextDue(timers, end); timer; timer = nextDue(timers, end)) {
      timers.delete(timer);
      elapsed = Math.max(elapsed, timer.due);
      timer.run();
      await promiseJobs();
    }
    elapsed = end;
  };
  return {
    get timers() {
      return timers.size;
    },
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: (ms, signal) => sleep(after, ms, signal),
    advance: (by) => {
      const ms = toMs(by, 'by');
      const passing = advancing.then(() => passTo(elapsed + ms));
      advancing = passing.catch(() => undefined);
      return passing;
    },
  };
}

/** The first timer due at `end` or before; of those due at once the one set first. */
function nextDue(timers: ReadonlySet<VirtualTimer>, end: number): VirtualTimer | undefined {
  let first: VirtualTimer | undefined;
  for (const timer of timers) {
    if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
  }
  return first;
}

function sleep(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
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

/** Resolves when all promise jobs have run, and those they started: the platform runs a task only after the last of them. */
function promiseJobs(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
