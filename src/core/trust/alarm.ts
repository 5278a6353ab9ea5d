/**
 * One timer for everything in the room that happens at a time of day.
 * @module
 */
import type { Clock } from '../../ports/clock.ts';

/** Waits are taken in steps of this, so that a jump of the wall clock is noticed. */
const longestMs = 3_600_000;

/** Runs `ring` once at the instant it was last set to. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Sets the alarm to `at` (epoch milliseconds) in place of what it was set to. */
  set(at: number): void {
    this.stop();
    const wait = at - this.#clock.now();
    this.#cancel = this.#clock.after(Math.min(longestMs, Math.max(0, wait)), () => {
      if (wait > longestMs) this.set(at);
      else this.#ring();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
