/**
 * Work that is done one after the other.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';

/** The most that may wait. */
const limit = 1_024;

/** Gives turns, first come, first served. */
export class Turns {
  readonly #what: string;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(what: string) {
    this.#what = what;
  }

  /** Does `work` when all before it is done; `OVERLOADED` when too many wait. */
  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= limit) {
      return Promise.reject(new MeshError('OVERLOADED', { what: this.#what, limit }));
    }
    this.#waiting += 1;
    const turn = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all who wait have had their turn. */
  async end(): Promise<void> {
    await this.#last;
  }
}
