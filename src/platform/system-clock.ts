/**
 * Real time.
 * @module
 */
import { abortError } from '../base/abort.ts';
import type { Clock } from '../ports/clock.ts';

// setTimeout holds 31 bits; longer waits are taken in steps.
const longest = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => startTimer(ms, run, true),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel();
        reject(abortError(signal!, 'sleep'));
      };
      // A sleeper is awaited by somebody, so unlike a background timer it keeps the process alive.
      const cancel = startTimer(
        ms,
        () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
        false,
      );
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    }),
};

function startTimer(ms: number, run: () => void, background: boolean): () => void {
  let left = Math.max(0, ms);
  let timer: ReturnType<typeof setTimeout>;
  const step = (): void => {
    const wait = Math.min(left, longest);
    left -= wait;
    timer = setTimeout(left > 0 ? step : run, wait);
    if (background) (timer as { unref?(): void }).unref?.();
  };
  step();
  return () => {
    clearTimeout(timer);
  };
}
