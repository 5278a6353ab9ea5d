/**
 * Work nobody waits for, but for who closes.
 * @module
 */
import { toMeshError } from '../../base/errors.ts';

/** Pieces of work under way. Their failures show in what they did not do. */
export class Background {
  readonly #work = new Set<Promise<unknown>>();

  /** Takes `work` that was begun. */
  readonly add = (work: Promise<unknown>): void => {
    const settled = work
      .catch((error: unknown) => toMeshError(error, 'the trust engine'))
      .finally(() => this.#work.delete(settled));
    this.#work.add(settled);
  };

  /** Resolves when everything taken so far has ended, however it ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#work);
  }
}
