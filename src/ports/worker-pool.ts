/**
 * Work off the main thread.
 * @module
 */

/** Options of {@link WorkerPool.run}. */
export interface WorkerOptions {
  readonly transfer?: readonly ArrayBuffer[];
  readonly signal?: AbortSignal;
}

/** Runs named jobs, each a module's default export, on other threads; the inline pool runs them here. */
export interface WorkerPool {
  /** How many jobs run at once. */
  readonly size: number;
  /** The output of `job` for `input`. */
  run(job: string, input: unknown, options?: WorkerOptions): Promise<unknown>;
  /** Ends every thread. Idempotent. */
  close(): Promise<void>;
}
