/**
 * Waiting until all promises have had their say.
 * @module
 */

/**
 * Waits for promise jobs. A platform runs the next task only after the last promise job, so a message to oneself comes
 * exactly when they are through; how many there were does not matter. Close it, or it keeps the process alive.
 */
export class PromiseJobs {
  readonly #channel = new MessageChannel();
  #resolve: () => void = () => undefined;

  constructor() {
    this.#channel.port1.onmessage = () => {
      this.#resolve();
    };
  }

  /** Resolves when all promise jobs have run, and those they started. One wait at a time. */
  done(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#channel.port2.postMessage(undefined);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}
