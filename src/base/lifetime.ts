/**
 * Who opens, closes. A lifetime owns what was started under it and ends it in reverse order, once.
 * @module
 */
import { MeshError } from './errors.ts';

/** Something that can be ended. */
export type Closer = () => void | Promise<void>;

/** Ends everything handed to it; `close()` may be called twice and resolves when all has ended. */
export class Lifetime implements AsyncDisposable {
  readonly #what: string;
  readonly #closers = new Set<Closer>();
  readonly #controller = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** Fires when closing begins. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Throws `CLOSED` after `close()`. */
  assertOpen(): void {
    if (this.closed) throw new MeshError('CLOSED', { what: this.#what });
  }

  /** Ends `closer` with this lifetime; the result forgets it without running it. Throws `CLOSED` when it is too late. */
  own(closer: Closer): () => void {
    this.assertOpen();
    this.#closers.add(closer);
    return () => {
      this.#closers.delete(closer);
    };
  }

  /**
   * Ends all that is owned, last first, even if one of them fails; then throws the first failure. A closer may call
   * it again, but must not wait for it.
   */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      // Set before the first closer runs, since that one may well call close() again.
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#closing = promise;
      resolve(this.#end());
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<undefined> {
    this.#controller.abort(new MeshError('CLOSED', { what: this.#what }));
    const failures: unknown[] = [];
    for (const closer of [...this.#closers].reverse()) {
      try {
        await closer();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#closers.clear();
    if (failures.length > 0) throw failures[0] as Error;
  }
}
