/**
 * Failures of synchronous work as rejections.
 * @module
 */

/** What `run` returns, as a promise; what it throws, as its rejection. */
export function attempt<T>(run: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve) => {
    resolve(run());
  });
}
