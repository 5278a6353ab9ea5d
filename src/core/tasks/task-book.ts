/**
 * Takes tasks, runs each at one place at a time, and remembers how it ended, across restarts of the process.
 * @module
 */
import { abortable, linkedController, throwIfAborted, withDeadline } from '../../base/abort.ts';
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import { type Did, newId } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { packPacket } from '../../base/packet.ts';
import { integer, oneOf, optional } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Store } from '../../ports/store.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { type TaskRequest, taskRequestShape } from '../../schema/task.ts';
import { canRead, end, versionError, wake } from './row-moves.ts';
import type { TaskOutcome } from './task-outcome.ts';
import {
  assertSameWork,
  type DurableTask,
  newRow,
  reasonOf,
  type TaskRow,
  tellOf,
} from './task-row.ts';
import { type HeldRow, TaskRows } from './task-rows.ts';
import type { TaskContext, TaskEntry } from './task-run.ts';
import { TaskRunners } from './task-runners.ts';
import { finalStates, isFinal, openStates, type TaskState } from './task-state.ts';
import { Waiters } from './waiters.ts';

/** How long tasks that are over are remembered. */
export interface Retention {
  /** Default 24 hours. */
  readonly age?: Duration;
  /** The oldest beyond this many are forgotten earlier. Default 10,000. */
  readonly count?: number;
}

/** Options of {@link TaskBook}. */
export interface TaskBookOptions<Result> {
  /** This room's own part of the store. Must be able to write on a condition. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Does the work of one task. What it gives is stored before anybody is told; what it throws ends the task as failed. */
  readonly run: (entry: TaskEntry, context: TaskContext) => Promise<Result>;
  /** The newest checkpoint version the task's agent reads and writes, asked before each run. Default 0. */
  readonly checkpointVersion?: (task: DurableTask) => number | undefined;
  /**
   * Whether the task's agent takes it now, with as many tasks as run for it here; otherwise it stays queued and is asked
   * about again. Default: always.
   */
  readonly mayStart?: (task: DurableTask, running: number) => boolean;
  readonly emit?: Emit | undefined;
  /** Told of what failed in the background. Default: silence. */
  readonly report?: (error: MeshError) => void;
  /** Tasks run at once. Default 64. */
  readonly concurrency?: number;
  /** Tasks that are not over; more are refused with `OVERLOADED`. Default 10,000. */
  readonly limit?: number;
  /** How often a task is begun whose runner was lost each time. Default 5. */
  readonly attempts?: number;
  /** How long a runner may give no sign of life before another takes its task. Default 15 s. */
  readonly lease?: Duration;
  /** How long `close()` waits for runners to stop. Default 2 s. */
  readonly grace?: Duration;
  readonly retention?: Retention;
}

/** For whom a task is done, and by which agent. */
export interface SubmitOptions {
  readonly from: Did;
  /** Name or id of the agent; the book does not read it. */
  readonly agent: string;
}

/** Options of {@link TaskBook.wait}. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the wait, not the task, ends with `TASK_TIMEOUT`. Default: no limit. */
  readonly timeoutMs?: number;
}

/** Which tasks to list. */
export interface ListOptions {
  readonly state?: TaskState;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
}

/** The longest input a task is resumed with, in bytes. */
const inputLimit = 64 * 1_024;
const listLimit = 10_000;

const stateShape = optional(oneOf(...openStates, ...finalStates));
const limitShape = integer({ min: 1, max: listLimit });

/** Durable tasks: each ends in exactly one final state, whatever happens to the process in between. */
export class TaskBook<Result extends { readonly output: unknown } = { readonly output: unknown }>
  implements AsyncDisposable
{
  readonly #options: TaskBookOptions<Result>;
  readonly #lifetime = new Lifetime('the task book');
  readonly #rows: TaskRows;
  readonly #runners: TaskRunners;
  readonly #waiters = new Waiters<Result>();
  readonly #supported: (task: DurableTask) => number;
  readonly #limit: number;
  #starting: Promise<void> | undefined;
  /** Submissions on their way into the store. */
  #arriving = 0;

  constructor(options: TaskBookOptions<Result>) {
    const { store, clock, random, checkpointVersion } = options;
    const { age = '24h', count = 10_000 } = options.retention ?? {};
    this.#options = options;
    this.#limit = atLeastOne(options.limit ?? 10_000, 'limit');
    this.#supported = (task) => checkpointVersion?.(task) ?? 0;
    this.#rows = new TaskRows(store, atLeastOne(toMs(age, 'retention.age'), 'retention.age'));
    this.#runners = new TaskRunners({
      rows: this.#rows,
      clock,
      lifetime: this.#lifetime,
      owner: newId('book', random),
      work: options.run,
      supported: this.#supported,
      mayStart: options.mayStart ?? (() => true),
      emit: options.emit ?? (() => undefined),
      report: this.#report,
      waitedFor: () => this.#waiters.ids(),
      ended: (id) => this.#tell(id),
      concurrency: atLeastOne(options.concurrency ?? 64, 'concurrency'),
      attempts: atLeastOne(options.attempts ?? 5, 'attempts'),
      leaseMs: atLeastOne(toMs(options.lease ?? '15s', 'lease'), 'lease'),
      graceMs: toMs(options.grace ?? '2s', 'grace'),
      keep: atLeastOne(count, 'retention.count'),
    });
  }

  /** Reads the tasks of an earlier run and goes on with them. May be called twice; every other method calls it. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Stops the runners and hands their tasks back, so that the next book goes on at once. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  /** As {@link TaskBook.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Takes a task; resolves once it is stored. The same id or idempotency key of the same caller is the same task, however
   * often it comes. Throws `OVERLOADED`, `SCHEMA_INVALID`, and `INVALID_ARGUMENT` when the id was used for something else.
   */
  async submit(request: TaskRequest, options: SubmitOptions): Promise<DurableTask> {
    await this.#ready();
    const asked = taskRequestShape(request, 'task');
    const row = newRow(asked, { ...options, now: this.#options.clock.now() });
    const known = await this.#rows.find(row.id);
    const held = known ?? (await this.#create(row, asked));
    assertSameWork(held.row, asked);
    return tellOf(held.row);
  }

  /** The task as it stands; undefined when it was never submitted or is no longer remembered. */
  async get(id: string): Promise<DurableTask | undefined> {
    await this.#ready();
    const held = await this.#rows.find(id);
    return held && tellOf(held.row);
  }

  /** The state of a task. */
  async state(id: string): Promise<TaskState | undefined> {
    return (await this.get(id))?.state;
  }

  /** How the task ends, or ended. Throws `NOT_FOUND`, `TASK_TIMEOUT`, `ABORTED`, `CLOSED`, `OVERLOADED`; the task goes on. */
  async wait(id: string, options: WaitOptions = {}): Promise<TaskOutcome<Result>> {
    await this.#ready();
    const what = `the wait for task '${id}'`;
    const { controller, release } = linkedController(options.signal, this.#lifetime.signal);
    const { signal } = controller;
    const waiter = this.#waiters.add(id);
    try {
      throwIfAborted(signal, what);
      const outcome = async (): Promise<TaskOutcome<Result>> =>
        (await this.#outcome(id)) ?? (await waiter.promise);
      if (options.timeoutMs === undefined) return await abortable(outcome(), signal, what);
      const ms = options.timeoutMs;
      const error = (): MeshError => new MeshError('TASK_TIMEOUT', { task: id, ms });
      return await withDeadline(this.#options.clock, ms, { what, signal, error }, outcome);
    } finally {
      waiter.leave();
      release();
    }
  }

  /** Calls a task off, and stops its runner. Resolves with how the task ended, which may have been before. */
  async cancel(id: string, reason = 'no reason was given'): Promise<TaskOutcome<Result>> {
    await this.#ready();
    const outcome: TaskOutcome = { state: 'cancelled', reason: reasonOf(reason) };
    const held = await this.#rows.change(id, ({ row }) =>
      end(row, outcome, this.#options.clock.now()),
    );
    if (held !== undefined) {
      const { task, type, agent, from: peer } = held.row;
      this.#runners.cancelled(held, new MeshError('TASK_CANCELLED', { task, reason }));
      this.#options.emit?.(
        'task.cancelled',
        { task, type, reason: reasonOf(reason) },
        { agent, peer },
      );
      await this.#tell(id);
    }
    const ended = await this.#outcome(id);
    if (ended !== undefined) return ended;
    throw new MeshError('NOT_FOUND', { what: 'task', id });
  }

  /**
   * Lets a suspended or waiting task go on now; its next run gets `input`, at most 64 KiB as a packet. Throws `NOT_FOUND`,
   * `STATE_CONFLICT` when the task is in another state, `CHECKPOINT_VERSION` when its agent here cannot go on.
   */
  async resume(id: string, input?: unknown): Promise<DurableTask> {
    await this.#ready();
    const packed = input === undefined ? undefined : packInput(input);
    const held = await this.#rows.change(id, ({ row }) => {
      const woken = wake(row, packed);
      const supported = this.#supported(tellOf(row));
      if (canRead(row, supported)) return { row: woken };
      throw versionError(row, row.checkpoint?.version ?? 0, supported);
    });
    if (held === undefined) throw await this.#notOpen(id, 'wake');
    this.#runners.note(held);
    this.#runners.look();
    return tellOf(held.row);
  }

  /** Tasks, oldest first. */
  async list(options: ListOptions = {}): Promise<readonly DurableTask[]> {
    await this.#ready();
    const state = stateShape(options.state, 'options.state');
    const limit = limitShape(options.limit ?? 100, 'options.limit');
    const open =
      state === undefined || !isFinal(state) ? await this.#rows.open(this.#unreadable) : [];
    const over =
      state === undefined || isFinal(state) ? await this.#rows.final(this.#unreadable) : [];
    return [...open, ...over]
      .map(({ row }) => tellOf(row))
      .filter((task) => state === undefined || task.state === state)
      .sort((a, b) => a.submittedAt - b.submittedAt)
      .slice(0, limit);
  }

  /**
   * Deletes every task about `subject`, and says how many there were. Those that are open are called off first. Who asks again
   * under the same id or key has the work done anew.
   */
  async erase(subject: string): Promise<number> {
    this.#lifetime.assertOpen();
    const about = ({ row }: HeldRow): boolean => row.subject === subject;
    const open = (await this.#rows.open(this.#unreadable)).filter(about);
    for (const { row } of open) await this.cancel(row.id, 'its subject was erased');
    const over = (await this.#rows.final(this.#unreadable)).filter(about);
    const ids = [...new Set([...open, ...over].map(({ row }) => row.id))];
    await this.#rows.erase(ids);
    return ids.length;
  }

  /** Looks at once whether something can be started: after an agent came back, or has a place free again. */
  look(): void {
    this.#runners.look();
  }

  async #start(): Promise<void> {
    this.#lifetime.assertOpen();
    this.#rows.assertFit();
    await this.#runners.start();
  }

  async #ready(): Promise<void> {
    this.#lifetime.assertOpen();
    await this.start();
  }

  async #create(row: TaskRow, request: TaskRequest): Promise<HeldRow> {
    const limit = this.#limit;
    if (this.#runners.size + this.#arriving >= limit) {
      throw new MeshError('OVERLOADED', { what: 'the task book', limit });
    }
    this.#arriving += 1;
    try {
      const created = await this.#rows.create(row, request);
      if (created !== undefined) {
        this.#runners.note(created);
        this.#runners.look();
      }
      const held = created ?? (await this.#rows.find(row.id));
      if (held !== undefined) return held;
      throw new MeshError('NOT_FOUND', { what: 'task', id: row.id });
    } finally {
      this.#arriving -= 1;
    }
  }

  /** How the task ended; undefined while it is open. */
  async #outcome(id: string): Promise<TaskOutcome<Result> | undefined> {
    const outcome = await this.#rows.outcome(id);
    // Only what `run` gave is ever written as a result.
    if (outcome !== undefined) return outcome as TaskOutcome<Result>;
    const held = await this.#rows.find(id);
    if (held === undefined) throw new MeshError('NOT_FOUND', { what: 'task', id });
    if (!isFinal(held.row.state)) return undefined;
    // It ended between the two looks.
    const ended = await this.#rows.outcome(id);
    if (ended !== undefined) return ended as TaskOutcome<Result>;
    throw new MeshError('NOT_FOUND', { what: 'task', id });
  }

  /** Tells those who wait what is stored, if the task is over. */
  async #tell(id: string): Promise<void> {
    if (!this.#waiters.has(id)) return;
    try {
      const outcome = await this.#rows.outcome(id);
      if (outcome !== undefined) this.#waiters.tell(id, outcome as TaskOutcome<Result>);
    } catch (error) {
      this.#report(error);
    }
  }

  async #notOpen(id: string, move: string): Promise<MeshError> {
    const state = (await this.#rows.find(id))?.row.state;
    if (state === undefined) return new MeshError('NOT_FOUND', { what: 'task', id });
    return new MeshError('STATE_CONFLICT', { what: 'task', id, state, move });
  }

  readonly #report = (error: unknown): void => {
    this.#options.report?.(toMeshError(error, 'the task book'));
  };

  readonly #unreadable = (error: unknown): void => {
    this.#report(error);
  };
}

function atLeastOne(value: number, argument: string): number {
  if (Number.isFinite(value) && value >= 1) return value;
  throw new MeshError('INVALID_ARGUMENT', { argument, expected: 'at least 1', got: value });
}

function packInput(input: unknown): Uint8Array {
  const packed = packPacket(input);
  if (packed.length <= inputLimit) return packed;
  const got = packed.length;
  throw new MeshError('LIMIT_EXCEEDED', {
    what: 'the input of a resumed task',
    limit: inputLimit,
    got,
  });
}
