/**
 * Wakes those who wait for the next commit.
 * @module
 */
import { onAbort } from '../../../base/abort.ts';

/** What is done while anybody waits. */
export interface BellWatch {
  begin(): void;
  end(): void;
}

/** Waiting ends at the next ring, or when the waiter's signal fires. */
export class Bell {
  readonly #watch: BellWatch | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(watch?: BellWatch) {
    this.#watch = watch;
  }

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring, and when `signal` fires. */
  next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      let off = (): void => undefined;
      const wake = (): void => {
        off();
        if (this.#waiting.delete(wake) && this.#waiting.size === 0) this.#watch?.end();
        resolve();
      };
      this.#waiting.add(wake);
      if (this.#waiting.size === 1) this.#watch?.begin();
      off = onAbort(signal, wake);
    });
  }
}
