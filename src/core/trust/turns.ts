/**
 * One after the other: work on the same entries of a store, without losing turns to oneself.
 * @module
 */
import { MeshError } from '../../base/errors.ts';

/** Pieces of work that may wait. */
const limit = 10_000;

/** Runs work in the order it came. */
export class Turns {
  readonly #what: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(what: string) {
    this.#what = what;
  }

  /** Runs `work` when everything before it has ended, however it ended; `OVERLOADED` when too much waits. */
  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= limit) {
      return Promise.reject(new MeshError('OVERLOADED', { what: this.#what, limit }));
    }
    this.#waiting += 1;
    const turn = this.#last.then(work, work);
    const done = (): void => {
      this.#waiting -= 1;
    };
    this.#last = turn.then(done, done);
    return turn;
  }
}
