/**
 * Tells a silent link from a dead one.
 * @module
 */
import type { Clock } from '../../ports/clock.ts';

/** Options of {@link Heartbeat}. */
export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Time between two looks, in milliseconds. */
  readonly everyMs: number;
  /** Unanswered pings in a row after which the link is dead. */
  readonly misses: number;
  /** Whether there is something to tell the peer, however lively the link is. Default: never. */
  news?(): boolean;
  ping(): void;
  dead(): void;
}

/** Pings when nothing was heard since the last look, or there is news; gives up after some silence. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heard = true;
  #missed = 0;
  #cancel: () => void;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#cancel = this.#again();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heard = true;
  }

  /** No more looks. */
  stop(): void {
    this.#cancel();
  }

  #again(): () => void {
    return this.#options.clock.after(this.#options.everyMs, () => {
      this.#look();
    });
  }

  #look(): void {
    if (this.#missed >= this.#options.misses && !this.#heard) {
      this.#options.dead();
      return;
    }
    this.#missed = this.#heard ? 0 : this.#missed + 1;
    this.#cancel = this.#again();
    if (!this.#heard || this.#options.news?.() === true) this.#options.ping();
    this.#heard = false;
  }
}
