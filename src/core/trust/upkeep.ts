/**
 * What is due at a time of day: done when its alarm rings, and again a little later when it has failed.
 * @module
 */
import type { Clock } from '../../ports/clock.ts';
import { Alarm } from './alarm.ts';

/** Options of {@link Upkeep}. */
export interface UpkeepOptions {
  readonly clock: Clock;
  /** Epoch milliseconds at which the next thing is due. */
  readonly dueAt: () => number;
  /** Does what is due. */
  readonly work: () => Promise<void>;
  readonly background: (work: Promise<unknown>) => void;
}

/** Failed work is tried again after this many milliseconds. */
const retryMs = 60_000;

/** Does the work of the room that nobody asks for, one piece of it at a time. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #alarm: Alarm;
  #running: Promise<void> | undefined;
  #on = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => {
      this.#running ??= this.#run();
      options.background(this.#running);
    });
  }

  /** Watches the time from now on; the result ends it. */
  start(): () => void {
    this.#on = true;
    this.arm();
    return () => {
      this.#on = false;
      this.#alarm.stop();
    };
  }

  /** Sets the alarm to the next thing that is due; does nothing before the start and after the end. */
  arm(): void {
    if (this.#on) this.#alarm.set(this.#options.dueAt());
  }

  async #run(): Promise<void> {
    try {
      await this.#options.work();
      this.arm();
    } catch {
      // The store is full or away: everything stays due, and lapses by itself where it must not be gone by.
      if (this.#on) this.#alarm.set(this.#options.clock.now() + retryMs);
    } finally {
      this.#running = undefined;
    }
  }
}
