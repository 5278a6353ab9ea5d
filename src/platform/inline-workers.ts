/**
 * Jobs on the thread that asks for them.
 * @module
 */
import { abortable, throwIfAborted } from '../base/abort.ts';
import { MeshError } from '../base/errors.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { WorkerOptions, WorkerPool } from '../ports/worker-pool.ts';

/** The most jobs that may wait; beyond, `OVERLOADED`. */
export const jobLimit = 1_024;

/**
 * Runs jobs here, one after the other; `job` is the URL of a module. It spares nobody the waiting: it is for platforms
 * without threads. `transfer` has no meaning, and a job that was begun runs to its end even when its caller gave up.
 */
export function inlineWorkers(): WorkerPool {
  const lifetime = new Lifetime('the worker pool');
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const take = (job: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown> => {
    lifetime.assertOpen();
    throwIfAborted(signal, 'the job');
    if (waiting >= jobLimit) {
      throw new MeshError('OVERLOADED', { what: 'the worker pool', limit: jobLimit });
    }
    waiting += 1;
    const turn = last.then(async () => {
      waiting -= 1;
      lifetime.assertOpen();
      throwIfAborted(signal, 'the job');
      return (await jobOf(job))(input);
    });
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    size: 1,
    run: async (job: string, input: unknown, { signal }: WorkerOptions = {}) =>
      await abortable(take(job, input, signal), signal, 'the job'),
    close: () => lifetime.close(),
  };
}

async function jobOf(job: string): Promise<(input: unknown) => unknown> {
  const module = (await import(/* @vite-ignore */ job)) as { default?: unknown };
  if (typeof module.default === 'function') return module.default as (input: unknown) => unknown;
  const expected = 'the URL of a module whose default export is a function';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'job', expected, got: job });
}
