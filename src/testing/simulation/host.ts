/**
 * The machine a simulated node runs on: it can stall, be slow, lose its power and come back.
 * @module
 */
import type { Clock } from '../../ports/clock.ts';
import { sleepUntil } from '../virtual-clock.ts';
import type { EventLoop } from './event-loop.ts';

/** The virtual beginning, in epoch milliseconds: 2030-01-01. */
export const epoch = Date.UTC(2030, 0, 1);

/** One machine. Its lives are numbered: what an earlier life has started never gets through to a later one. */
export class Host {
  readonly name: string;
  readonly #loop: EventLoop;
  readonly #failed: (error: unknown) => void;
  readonly #timers = new Set<() => void>();
  #deferred: (() => void)[] = [];
  #paused = false;
  #busyUntil = 0;
  #turnMs = 0;
  #offsetMs = 0;
  /** Addresses its transport dials at the start. */
  peers: readonly string[] = [];
  /** Number of its life; 0 while it is down. */
  life = 0;
  /** Whether it does not even say that it is down. */
  silent = true;
  #lives = 0;

  constructor(name: string, loop: EventLoop, failed: (error: unknown) => void) {
    this.name = name;
    this.#loop = loop;
    this.#failed = failed;
  }

  /** Timers of its present life. */
  get timers(): number {
    return this.#timers.size;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Begins a life. */
  boot(): number {
    this.#lives += 1;
    this.life = this.#lives;
    this.silent = false;
    this.#busyUntil = this.#loop.now;
    return this.life;
  }

  /** Ends the present life in the midst of whatever it does. */
  halt(silent: boolean): void {
    this.life = 0;
    this.silent = silent;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#deferred = [];
    this.#paused = false;
  }

  /** Nothing happens on it until `resume`; what was due then comes in order. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const deferred = this.#deferred;
    this.#deferred = [];
    const { life } = this;
    for (const run of deferred) {
      this.#loop.after(0, () => {
        this.enter(life, run);
      });
    }
  }

  /** Makes each turn of its event loop take `ms`. */
  slow(ms: number): void {
    this.#turnMs = ms;
  }

  /** Puts its wall clock `ms` ahead of true time, or behind it. */
  setClock(ms: number): void {
    this.#offsetMs = ms;
  }

  get clockOffset(): number {
    return this.#offsetMs;
  }

  /** Runs `run` as a turn of `life`, when the machine gets to it; never, if that life is over. */
  enter(life: number, run: () => void): void {
    if (life !== this.life || life === 0) return;
    if (this.#paused) {
      this.#deferred.push(run);
      return;
    }
    if (this.#turnMs > 0) {
      if (this.#busyUntil > this.#loop.now) {
        this.#loop.after(this.#busyUntil - this.#loop.now, () => {
          this.enter(life, run);
        });
        return;
      }
      this.#busyUntil = this.#loop.now + this.#turnMs;
    }
    try {
      run();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What `work` gives, as `life` sees it: once that is over, nothing is begun and nothing settles any more. */
  outside<T>(life: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.life !== life) return;
      work().then(
        (value) => {
          if (this.life === life) resolve(value);
        },
        (error: unknown) => {
          if (this.life === life) reject(error);
        },
      );
    });
  }

  /** The clock of its present life. */
  clock(): Clock {
    const { life } = this;
    const after: Clock['after'] = (ms, run) => {
      if (life !== this.life) return () => undefined;
      let waiting = true;
      const forget = (): void => {
        waiting = false;
        this.#loop.cancel(event);
        this.#timers.delete(forget);
      };
      const event = this.#loop.after(ms, () => {
        this.enter(life, () => {
          if (!waiting) return;
          forget();
          run();
        });
      });
      this.#timers.add(forget);
      return forget;
    };
    return {
      now: () => epoch + this.#loop.now + this.#offsetMs,
      monotonic: () => this.#loop.now,
      after,
      sleep: (ms, signal) => sleepUntil(after, ms, signal),
    };
  }
}
