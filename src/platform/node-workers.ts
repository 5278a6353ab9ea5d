/**
 * Jobs on threads of Node.
 * @module
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { abortError, onAbort, throwIfAborted } from '../base/abort.ts';
import { MeshError, type MeshErrorCode, type MeshErrorParams, sentences } from '../base/errors.ts';
import { Lifetime } from '../base/lifetime.ts';
import type { WorkerOptions, WorkerPool } from '../ports/worker-pool.ts';
import { jobLimit } from './inline-workers.ts';

/**
 * What a thread runs: it takes one job at a time and answers with its result or its failure, as data. Readable as script
 * and as module, since threads inherit `--input-type`.
 */
const script = `
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  parentPort.on('message', async ({ job, input }) => {
    try {
      const { default: run } = await import(job);
      if (typeof run !== 'function') throw Object.assign(new Error(), {
        code: 'INVALID_ARGUMENT',
        params: { argument: 'job', expected: 'a module whose default export is a function', got: job },
      });
      parentPort.postMessage({ output: await run(input) });
    } catch (error) {
      const { code, params, message = String(error) } = Object(error);
      parentPort.postMessage({ failure: { code, message, params: params && JSON.parse(JSON.stringify(params)) } });
    }
  });`;

interface Answer {
  readonly output?: unknown;
  readonly failure?: { code?: string; message: string; params?: MeshErrorParams };
}

interface Task {
  readonly job: string;
  readonly input: unknown;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Runs jobs, named by the URL of their module, on up to `size` threads (default: one per core, at most 4). */
export function nodeWorkers(size: number = Math.min(4, availableParallelism())): WorkerPool {
  return new NodeWorkers(size);
}

class NodeWorkers implements WorkerPool {
  readonly size: number;
  readonly #lifetime = new Lifetime('the worker pool');
  readonly #queue: Task[] = [];
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Task>();

  constructor(size: number) {
    this.size = size;
    this.#lifetime.own(() => this.#stop());
  }

  run(job: string, input: unknown, options: WorkerOptions = {}): Promise<unknown> {
    const { transfer = [], signal } = options;
    return new Promise((resolve, reject) => {
      this.#lifetime.assertOpen();
      throwIfAborted(signal, 'the job');
      if (this.#queue.length >= jobLimit) {
        throw new MeshError('OVERLOADED', { what: 'the worker pool', limit: jobLimit });
      }
      const task: Task = {
        job,
        input,
        transfer,
        resolve: (output) => {
          off();
          resolve(output);
        },
        reject: (error) => {
          off();
          reject(error);
        },
      };
      const off = onAbort(signal, () => {
        this.#drop(task, abortError(signal!, 'the job'));
      });
      this.#queue.push(task);
      this.#next();
    });
  }

  close(): Promise<void> {
    return this.#lifetime.close();
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#busy.size < this.size) {
      const task = this.#queue.shift()!;
      const worker = this.#idle.pop() ?? this.#hire();
      this.#busy.set(worker, task);
      worker.ref();
      try {
        worker.postMessage({ job: task.job, input: task.input }, [...task.transfer]);
      } catch (cause) {
        const params = { argument: 'input', expected: 'data that can be cloned', got: task.input };
        this.#free(worker)?.reject(new MeshError('INVALID_ARGUMENT', params, { cause }));
      }
    }
  }

  #hire(): Worker {
    const worker = new Worker(script, { eval: true });
    worker.on('message', (answer: Answer) => {
      const task = this.#free(worker);
      if (answer.failure === undefined) task?.resolve(answer.output);
      else task?.reject(errorOf(answer.failure));
      this.#next();
    });
    const lost = (cause: unknown): void => {
      this.#lose(worker, cause);
    };
    worker.on('messageerror', lost).on('error', lost).on('exit', lost);
    return worker;
  }

  /** Nobody waits for an idle thread, so it does not keep the process alive. */
  #free(worker: Worker): Task | undefined {
    const task = this.#busy.get(worker);
    this.#busy.delete(worker);
    worker.unref();
    if (task !== undefined) this.#idle.push(worker);
    return task;
  }

  #lose(worker: Worker, cause: unknown): void {
    const task = this.#busy.get(worker);
    this.#busy.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    void worker.terminate();
    task?.reject(new MeshError('INTERNAL', { what: 'the worker pool' }, { cause }));
    this.#next();
  }

  /** A job that runs cannot be asked to stop, so its thread is ended. */
  #drop(task: Task, reason: Error): void {
    task.reject(reason);
    const index = this.#queue.indexOf(task);
    if (index >= 0) this.#queue.splice(index, 1);
    for (const [worker, running] of this.#busy) if (running === task) this.#lose(worker, reason);
  }

  async #stop(): Promise<void> {
    const closed = new MeshError('CLOSED', { what: 'the worker pool' });
    const workers = [...this.#idle, ...this.#busy.keys()];
    for (const task of [...this.#queue.splice(0), ...this.#busy.values()]) task.reject(closed);
    this.#busy.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function errorOf({ code, message, params }: NonNullable<Answer['failure']>): MeshError {
  if (code !== undefined && code in sentences) return new MeshError(code as MeshErrorCode, params);
  return new MeshError('INTERNAL', { what: 'a job' }, { cause: new Error(message) });
}
