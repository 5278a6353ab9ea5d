/**
 * One run of a task: what its runner may do, and how it ends.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import { integer } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TaskRequest } from '../../schema/task.ts';
import { instant } from '../../schema/words.ts';
import { keep, versionError } from './row-moves.ts';
import type { DurableTask, TaskRow } from './task-row.ts';
import type { HeldRow, RowChange, TaskRows } from './task-rows.ts';

/** A task with what was asked for. */
export interface TaskEntry extends DurableTask {
  readonly request: TaskRequest;
}

/** The last checkpoint, as the next run gets it. */
export interface Resumed {
  readonly bytes: Uint8Array;
  readonly version: number;
  /** The attempt that wrote it. */
  readonly attempt: number;
}

/** Options of {@link TaskContext.checkpoint}. */
export interface CheckpointOptions {
  /** Of the bytes' form. Default: the version the agent declares. A newer one is refused with `CHECKPOINT_VERSION`. */
  readonly version?: number;
}

/** Options of {@link TaskContext.suspend}. */
export interface SuspendOptions {
  /** A duration from now, or an instant as `2030-01-31T08:00:00.000Z`. Default: until somebody resumes it. */
  readonly until?: number | string;
}

/** What a runner gets. */
export interface TaskContext {
  /** Fires when the task is cancelled, when another process has taken it, and when the book closes. */
  readonly signal: AbortSignal;
  /** The last checkpoint; absent when the task begins from the beginning. */
  readonly resumed?: Resumed;
  /** What the task was resumed with; absent unless a run was suspended and resumed with an input. */
  readonly input?: unknown;
  /**
   * Stores up to 1 MiB from which a next run goes on; resolves once they are stored. Throws `LIMIT_EXCEEDED`,
   * `CHECKPOINT_VERSION`, `ABORTED` when the task is no longer this run's, and what the store throws.
   */
  checkpoint(bytes: Uint8Array, options?: CheckpointOptions): Promise<void>;
  /** Gives the task up by throwing `TASK_SUSPENDED`, which the runner must let pass. A next run goes on from the last checkpoint. */
  suspend(options?: SuspendOptions): never;
  /** Whether `error` is how this run gave its task up, however it was wrapped. */
  isSuspension(error: unknown): boolean;
}

/** How a run ended. */
export type Ending =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'suspended'; readonly due: number | undefined }
  /** The task is no longer this run's. */
  | { readonly kind: 'abandoned' };

/** What a {@link TaskRun} is made of. */
export interface TaskRunOptions {
  readonly rows: TaskRows;
  readonly clock: Clock;
  readonly entry: TaskEntry;
  /** The row as it was claimed. */
  readonly row: TaskRow;
  readonly supported: number;
  readonly resumed: Resumed | undefined;
  readonly input: { readonly value: unknown } | undefined;
  readonly leaseMs: number;
  /** When the claim was begun, by the monotonic clock. */
  readonly claimedAt: number;
}

/** The longest checkpoint, in bytes. */
const checkpointLimit = 1 << 20;

/** Wrappers looked through for a suspension. */
const causeDepth = 8;

const versionShape = integer();

/** A task being run. */
export class TaskRun {
  readonly entry: TaskEntry;
  readonly #options: TaskRunOptions;
  readonly #controller = new AbortController();
  readonly #abandoned = Promise.withResolvers<Ending>();
  #suspension: { readonly error: MeshError; readonly due: number | undefined } | undefined;
  /** Checkpoints are stored in the order in which they were given. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopWatch: () => void = () => undefined;
  #renewing = false;
  /** The runner is through: what it left behind writes nothing any more. */
  #worked = false;
  #closed = false;

  constructor(options: TaskRunOptions) {
    this.entry = options.entry;
    this.#options = options;
    this.#watchLease(options.claimedAt);
  }

  /** Runs `work` to its end, or until the run is abandoned; who ignores the signal is not waited for. */
  async perform(
    work: (entry: TaskEntry, context: TaskContext) => Promise<unknown>,
  ): Promise<Ending> {
    const run = async (): Promise<Ending> => {
      try {
        return { kind: 'done', result: await work(this.entry, this.#context()) };
      } catch (error) {
        return this.#endingOf(error);
      } finally {
        this.#worked = true;
        await this.#turn;
      }
    };
    return Promise.race([run(), this.#abandoned.promise]);
  }

  /** Nothing more happens to the task in this run. */
  close(): void {
    this.#closed = true;
    this.#stopWatch();
  }

  /** Asks the runner to stop; the run goes on until it does. */
  interrupt(reason: MeshError): void {
    this.#controller.abort(reason);
  }

  /** Ends the run here and now: the task is no longer its own. */
  abandon(reason: MeshError): void {
    this.close();
    this.#controller.abort(reason);
    this.#abandoned.resolve({ kind: 'abandoned' });
  }

  /** Changes the row while it is this run's; `ABORTED` otherwise. */
  async change(decide: (row: TaskRow) => RowChange): Promise<HeldRow> {
    const { rows, clock } = this.#options;
    const started = clock.monotonic();
    const changed = await rows.change(this.entry.id, ({ row }) => {
      if (!this.#owns(row)) throw lost(this.entry);
      return decide(row);
    });
    if (changed === undefined) throw lost(this.entry);
    this.#watchLease(started);
    return changed;
  }

  /** A sign of life. Abandons the run when the task is somebody else's by now. */
  async renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      await this.change((row) => ({ row, light: true }));
    } catch (error) {
      if (isLost(error, this.entry)) this.abandon(error);
      // Any other failure may pass; when it does not, the lease runs out.
    } finally {
      this.#renewing = false;
    }
  }

  #owns({ state, owner, epoch }: TaskRow): boolean {
    const { row } = this.#options;
    return !this.#closed && state === 'running' && owner === row.owner && epoch === row.epoch;
  }

  /** A run without a sign of life for most of a lease gives up before others may take it for gone. */
  #watchLease(since: number): void {
    const { clock, leaseMs } = this.#options;
    this.#stopWatch();
    if (this.#closed) return;
    const left = since + leaseMs * 0.8 - clock.monotonic();
    this.#stopWatch = clock.after(Math.max(0, left), () => {
      this.abandon(lost(this.entry));
    });
  }

  #context(): TaskContext {
    const { resumed, input } = this.#options;
    return {
      signal: this.#controller.signal,
      ...(resumed !== undefined && { resumed }),
      ...(input !== undefined && { input: input.value }),
      checkpoint: (bytes, options = {}) => this.#checkpoint(bytes, options),
      suspend: (options = {}) => this.#suspend(options),
      isSuspension: (error) => this.#isSuspension(error),
    };
  }

  #checkpoint(bytes: Uint8Array, options: CheckpointOptions): Promise<void> {
    const { version = this.#options.supported } = options;
    if (this.#worked) return Promise.reject(lost(this.entry));
    const turn = this.#turn.then(async () => {
      throwIfAborted(this.#controller.signal, 'the checkpoint');
      checkCheckpoint(bytes, version);
      const { supported } = this.#options;
      if (version > supported) throw versionError(this.entry, version, supported);
      await this.change((row) => keep(row, bytes, version));
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #suspend({ until }: SuspendOptions): never {
    const due = until === undefined ? undefined : dueAt(until, this.#options.clock.now());
    const error = new MeshError('TASK_SUSPENDED', { task: this.entry.task });
    this.#suspension = { error, due };
    throw error;
  }

  #endingOf(thrown: unknown): Ending {
    return this.#isSuspension(thrown)
      ? { kind: 'suspended', due: this.#suspension?.due }
      : { kind: 'failed', error: thrown };
  }

  /** Only this run's own suspension counts, however it was wrapped; an error of that code from elsewhere is a failure. */
  #isSuspension(thrown: unknown): boolean {
    let error = thrown;
    for (let depth = 0; depth < causeDepth && error instanceof Error; depth += 1) {
      if (error === this.#suspension?.error) return true;
      error = error.cause;
    }
    return false;
  }
}

/** Whether `error` says that the run of `entry` has lost its task. */
export function isLost(error: unknown, { id }: { readonly id: string }): error is MeshError {
  return MeshError.is(error, 'ABORTED') && error.params['lost'] === id;
}

function lost({ id, task }: DurableTask): MeshError {
  return new MeshError('ABORTED', { what: `this run of task '${task}'`, lost: id });
}

function checkCheckpoint(bytes: unknown, version: unknown): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new MeshError('INVALID_ARGUMENT', { argument: 'bytes', expected: 'bytes', got: bytes });
  }
  versionShape(version, 'version');
  const got = bytes.length;
  if (got <= checkpointLimit) return;
  throw new MeshError('LIMIT_EXCEEDED', { what: 'a checkpoint', limit: checkpointLimit, got });
}

function dueAt(until: number | string, now: number): number {
  if (typeof until === 'string' && until.includes('T')) return Date.parse(instant(until, 'until'));
  return Math.ceil(now + toMs(until as Duration, 'until'));
}
