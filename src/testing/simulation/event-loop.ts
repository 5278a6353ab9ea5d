/**
 * One line of time for a whole mesh. It moves only while somebody waits for something that lies ahead.
 * @module
 */
import { type EventHandle, EventHeap } from './event-heap.ts';
import { PromiseJobs } from './promise-jobs.ts';

/** Somebody who waits. */
export interface Waiter {
  /** Waits no longer than up to here, in milliseconds since the beginning. */
  readonly ends: number;
  /** Called when time has come there. */
  readonly over: () => void;
  /** Looked at after each turn: whether there is nothing to wait for any more. */
  readonly met?: () => boolean;
}

/** What runs around each event. */
export interface Turn {
  begin(): void;
  end(): void;
}

/** Events in order of time, each followed by all the promise jobs it causes. */
export class EventLoop {
  readonly #heap = new EventHeap();
  readonly #waiters = new Set<Waiter>();
  readonly #conditional = new Set<Waiter & { readonly met: () => boolean }>();
  readonly #turn: Turn;
  /** The earliest end among the waiters; undefined when it must be looked up. */
  #firstEnd: number | undefined;
  #advancedTo = 0;
  #driving = false;
  #stopped = false;
  /** Milliseconds since the beginning. */
  now = 0;
  /** Events that have happened. */
  happened = 0;

  constructor(turn: Turn = { begin: () => undefined, end: () => undefined }) {
    this.#turn = turn;
  }

  /** Events that are to come. */
  get pending(): number {
    return this.#heap.size;
  }

  /** Runs `run` after `ms`. */
  after(ms: number, run: () => void): EventHandle {
    return this.#heap.add(this.now + Math.max(0, ms), run);
  }

  /** Forgets an event; false when it is over already. */
  cancel(handle: EventHandle): boolean {
    return this.#heap.cancel(handle);
  }

  /** Lets time flow until `waiter` ends or the result is called. */
  wait(waiter: Waiter): () => void {
    this.#waiters.add(waiter);
    if (isConditional(waiter)) this.#conditional.add(waiter);
    this.#firstEnd = undefined;
    this.#drive();
    return () => {
      this.#leave(waiter);
    };
  }

  /** Lets `ms` pass. Of those who ask at once, each begins where the one before ends. */
  advance(ms: number): Promise<void> {
    const ends = Math.max(this.now, this.#advancedTo) + ms;
    this.#advancedTo = ends;
    return new Promise((resolve) => {
      this.wait({ ends, over: resolve });
    });
  }

  /** Lets time flow until `met` holds after a turn, for at most `ms`; resolves with whether it did. */
  until(met: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const leave = this.wait({
        ends: this.now + ms,
        over: () => {
          resolve(false);
        },
        met: () => {
          if (!met()) return false;
          leave();
          resolve(true);
          return true;
        },
      });
    });
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#stopped = true;
  }

  #leave(waiter: Waiter): void {
    if (this.#waiters.delete(waiter)) this.#firstEnd = undefined;
    if (isConditional(waiter)) this.#conditional.delete(waiter);
  }

  #drive(): void {
    if (this.#driving || this.#stopped) return;
    this.#driving = true;
    void this.#run().finally(() => {
      this.#driving = false;
      if (this.#waiters.size > 0) this.#drive();
    });
  }

  async #run(): Promise<void> {
    const jobs = new PromiseJobs();
    try {
      await jobs.done();
      while (this.#waiters.size > 0 && !this.#stopped) {
        // Whoever waits goes on in the promise jobs, so they are part of the turn.
        this.#turn.begin();
        if (!this.#anyMet()) this.#step();
        await jobs.done();
        this.#turn.end();
      }
    } finally {
      jobs.close();
    }
  }

  /** Lets go those who have what they waited for; they go on before anything else happens. */
  #anyMet(): boolean {
    let any = false;
    for (const waiter of this.#conditional) any = waiter.met() || any;
    return any;
  }

  /** The next thing in time: an event, or the end of somebody's patience. Events at that very moment come before it. */
  #step(): void {
    const end = this.#earliestEnd();
    const time = this.#heap.nextTime;
    if (time <= end) {
      this.now = Math.max(this.now, time);
      this.happened += 1;
      this.#heap.take()?.();
      return;
    }
    this.now = Math.max(this.now, end);
    for (const waiter of this.#waiters) {
      if (waiter.ends > end) continue;
      this.#leave(waiter);
      waiter.over();
    }
  }

  #earliestEnd(): number {
    if (this.#firstEnd === undefined) {
      this.#firstEnd = Number.POSITIVE_INFINITY;
      for (const { ends } of this.#waiters) this.#firstEnd = Math.min(this.#firstEnd, ends);
    }
    return this.#firstEnd;
  }
}

function isConditional(waiter: Waiter): waiter is Waiter & { readonly met: () => boolean } {
  return waiter.met !== undefined;
}
