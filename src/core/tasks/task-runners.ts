/**
 * Starts what is ready, keeps the leases of what runs, takes over what lost its runner, and writes down how runs ended.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Lifetime } from '../../base/lifetime.ts';
import { unpackPacket } from '../../base/packet.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { LeaseWatch } from './lease-watch.ts';
import { canRead, claim, end, release, suspend } from './row-moves.ts';
import { doneOutcome, failedOutcome } from './task-outcome.ts';
import { type DurableTask, type TaskRow, tellOf } from './task-row.ts';
import type { HeldRow, RowChange, TaskRows } from './task-rows.ts';
import { type Ending, isLost, type TaskContext, type TaskEntry, TaskRun } from './task-run.ts';
import { isFinal } from './task-state.ts';

/** What {@link TaskRunners} are given. */
export interface TaskRunnersOptions {
  readonly rows: TaskRows;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
  /** Name of this book among those that share the store. */
  readonly owner: string;
  readonly work: (entry: TaskEntry, context: TaskContext) => Promise<unknown>;
  readonly supported: (task: DurableTask) => number;
  readonly mayStart: (task: DurableTask) => boolean;
  readonly emit: Emit;
  readonly report: (error: unknown) => void;
  /** Tasks somebody waits for here. */
  readonly waitedFor: () => readonly string[];
  /** Told when a task may be over; what came of it is in the store. */
  readonly ended: (id: string) => Promise<void>;
  readonly concurrency: number;
  readonly attempts: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** Finished tasks that are kept. */
  readonly keep: number;
}

/** Signs of life, and looks at the store, in one lease. */
const ticksPerLease = 3;
const pruneEveryMs = 60_000;
/** How often an ending is written before the run is left to lapse. */
const writeTries = 5;
const writeRetryMs = 500;

/** Runs the tasks of one store, together with others of its kind. */
export class TaskRunners {
  readonly #options: TaskRunnersOptions;
  readonly #leases: LeaseWatch;
  /** Open tasks as they were last seen, about in order of submission; the store has the last word. */
  #open = new Map<string, HeldRow>();
  /** Tasks whose row was seen while the store was being read, and so is newer than what was read. */
  #touched = new Set<string>();
  readonly #runs = new Map<string, TaskRun>();
  readonly #carried = new Set<Promise<void>>();
  #sweeping: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #stopTick: () => void = () => undefined;
  #stopDue: () => void = () => undefined;
  #pruned = Number.NEGATIVE_INFINITY;

  constructor(options: TaskRunnersOptions) {
    this.#options = options;
    this.#leases = new LeaseWatch(options.leaseMs);
  }

  /** Open tasks, as far as they were seen. */
  get size(): number {
    return this.#open.size;
  }

  /** Reads the open tasks and begins. */
  async start(): Promise<void> {
    await this.#read();
    const { lifetime } = this.#options;
    lifetime.own(() => this.#stop());
    this.#tick();
    this.look();
  }

  /** Takes note of how a task stands now. */
  note(held: HeldRow): void {
    const { id, state } = held.row;
    this.#touched.add(id);
    if (isFinal(state)) this.#open.delete(id);
    else this.#open.set(id, held);
  }

  /** A task was called off. */
  cancelled(held: HeldRow, reason: MeshError): void {
    this.note(held);
    this.#runs.get(held.row.id)?.abandon(reason);
  }

  /** Starts what is ready, as far as there is room. */
  look(): void {
    this.#again = true;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#again && !this.#options.lifetime.closed) {
      this.#again = false;
      for (const held of this.#ready()) {
        if (this.#options.lifetime.closed) return;
        await this.#begin(held).catch(this.#options.report);
      }
    }
    this.#setDueTimer();
  }

  /** Tasks to start, at most as many as may run. */
  #ready(): readonly HeldRow[] {
    const room = this.#options.concurrency - this.#runs.size;
    const ready: HeldRow[] = [];
    for (const held of this.#open.values()) {
      if (ready.length >= room) break;
      if (this.#isReady(held)) ready.push(held);
    }
    return ready;
  }

  #isReady(held: HeldRow): boolean {
    const { row } = held;
    if (this.#runs.has(row.id) || !this.#isClaimable(held)) return false;
    return this.#options.mayStart(tellOf(row));
  }

  #isClaimable(held: HeldRow): boolean {
    const { clock, owner, supported } = this.#options;
    const { row } = held;
    switch (row.state) {
      case 'queued':
        return true;
      case 'waiting':
        return row.due !== undefined && row.due <= clock.now();
      case 'suspended':
        // It was shelved for its checkpoint, and the agent has been replaced by one that reads it.
        return row.problem !== undefined && canRead(row, supported(tellOf(row)));
      case 'running':
        // A task of this book's that it does not run: the claim, or the ending, was lost on the way to the store.
        return row.owner === owner || this.#leases.isStale(held, clock.monotonic());
      default:
        return false;
    }
  }

  async #begin({ row: { id } }: HeldRow): Promise<void> {
    const { rows, clock, owner, attempts, supported, lifetime } = this.#options;
    const claimedAt = clock.monotonic();
    const before = { state: 'queued' as TaskRow['state'] };
    const held = await rows.change(id, (fresh) => {
      if (!this.#isReady(fresh)) return undefined;
      before.state = fresh.row.state;
      const terms = { owner, now: clock.now(), attempts, supported: supported(tellOf(fresh.row)) };
      return claim(fresh.row, terms);
    });
    if (held === undefined) {
      this.#open.delete(id);
      return;
    }
    this.note(held);
    if (!held.changed) return;
    if (held.row.state !== 'running') {
      this.#tellStuck(held.row);
      return this.#options.ended(id);
    }
    if (lifetime.closed) return this.#handBack(held.row);
    const run = await this.#runOf(held.row, claimedAt).catch(async (error: unknown) => {
      await this.#handBack(held.row);
      throw error;
    });
    this.#carry(run, before.state);
  }

  async #runOf(row: TaskRow, claimedAt: number): Promise<TaskRun> {
    const { rows, clock, leaseMs, supported } = this.#options;
    const request = await rows.request(row.id);
    const resumed = row.checkpoint && {
      bytes: await rows.checkpoint(row.id),
      version: row.checkpoint.version,
      attempt: row.checkpoint.attempt,
    };
    const task = tellOf(row);
    return new TaskRun({
      rows,
      clock,
      entry: { ...task, request },
      row,
      supported: supported(task),
      resumed,
      input: row.input && { value: unpackPacket(row.input, 'input') },
      leaseMs,
      claimedAt,
    });
  }

  #carry(run: TaskRun, before: TaskRow['state']): void {
    const { id, task, type, agent, from: peer, attempt, checkpoint } = run.entry;
    this.#runs.set(id, run);
    if (before !== 'queued' || attempt > 1 || checkpoint !== undefined) {
      this.#options.emit('task.resumed', { task, type, attempt }, { agent, peer });
    }
    const carried = this.#perform(run)
      .catch(this.#options.report)
      .finally(() => {
        run.close();
        this.#runs.delete(id);
        this.#carried.delete(carried);
        this.look();
      });
    this.#carried.add(carried);
  }

  async #perform(run: TaskRun): Promise<void> {
    const ending = await run.perform(this.#options.work);
    if (ending.kind !== 'abandoned') await this.#conclude(run, ending);
    await this.#options.ended(run.entry.id);
  }

  /** Writes down how a run ended. When the store will not have it, the task lapses and is begun again. */
  async #conclude(run: TaskRun, ending: Ending): Promise<void> {
    const { clock, lifetime, report } = this.#options;
    const change = this.#changeOf(run.entry, ending);
    for (let tries = 1; ; tries += 1) {
      try {
        const held = await run.change(change);
        this.note(held);
        return this.#tellSuspended(held.row);
      } catch (error) {
        // Somebody else's by now: called off, taken over, or this very write came through and its answer was lost.
        if (isLost(error, run.entry)) return;
        report(error);
        if (tries === writeTries || lifetime.closed) return;
        await clock.sleep(writeRetryMs * tries, lifetime.signal);
      }
    }
  }

  #changeOf({ task }: TaskEntry, ending: Ending): (row: TaskRow) => RowChange {
    const { clock, lifetime } = this.#options;
    const now = (): number => clock.now();
    if (ending.kind === 'done') {
      const outcome = doneOutcome(ending.result, task);
      return (row) => end(row, outcome, now());
    }
    if (ending.kind === 'suspended') return (row) => suspend(row, ending.due);
    // A run that was asked to stop and failed did what it was told.
    if (lifetime.closed || ending.kind === 'abandoned') return release;
    const outcome = failedOutcome(ending.error, task);
    return (row) => end(row, outcome, now());
  }

  async #handBack({ id, owner, epoch }: TaskRow): Promise<void> {
    const held = await this.#options.rows.change(id, ({ row }) =>
      row.state === 'running' && row.owner === owner && row.epoch === epoch
        ? release(row)
        : undefined,
    );
    if (held !== undefined) this.note(held);
  }

  #tellSuspended(row: TaskRow): void {
    if (row.state !== 'waiting' && row.state !== 'suspended') return;
    const { task, type, agent, from: peer, due } = row;
    const data = { task, type, ...(due !== undefined && { due }) };
    this.#options.emit('task.suspended', data, { agent, peer });
  }

  /** A task that could not be begun: shelved, or interrupted too often. */
  #tellStuck(row: TaskRow): void {
    this.#tellSuspended(row);
    const { task, type, agent, from: peer, attempt: attempts, problem } = row;
    if (problem !== undefined) this.#options.report(errorOf(problem));
    if (row.state !== 'failed') return;
    const data = { task, type, code: 'TASK_INTERRUPTED', params: { task, attempts } } as const;
    this.#options.emit('task.failed', data, { agent, peer });
  }

  #tick(): void {
    const { clock, leaseMs } = this.#options;
    this.#stopTick = clock.after(leaseMs / ticksPerLease, () => {
      this.#tick();
      for (const run of this.#runs.values()) void run.renew();
      this.#sweep();
    });
  }

  #sweep(): void {
    this.#sweeping ??= this.#sweepOnce()
      .catch(this.#options.report)
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  async #sweepOnce(): Promise<void> {
    await this.#read();
    const { waitedFor, ended } = this.#options;
    const over = waitedFor().filter((id) => !this.#open.has(id));
    await Promise.all(over.map((id) => ended(id)));
    this.look();
    await this.#prune();
  }

  /** Reads the open tasks; what changed here meanwhile is known better. */
  async #read(): Promise<void> {
    const { rows, clock, report } = this.#options;
    this.#touched = new Set();
    const read = await rows.open(report);
    const touched = this.#touched;
    const fresh = read.filter(({ row }) => !touched.has(row.id));
    const known = [...touched].flatMap((id) => this.#open.get(id) ?? []);
    const all = [...fresh, ...known].sort((a, b) => a.row.submittedAt - b.row.submittedAt);
    this.#open = new Map(all.map((held) => [held.row.id, held]));
    this.#leases.observe(all, clock.monotonic());
  }

  async #prune(): Promise<void> {
    const { rows, clock, keep } = this.#options;
    if (clock.monotonic() - this.#pruned < pruneEveryMs) return;
    this.#pruned = clock.monotonic();
    await rows.prune(clock.now(), keep);
  }

  /** Between two looks at the store, waiting tasks go on when they are due. */
  #setDueTimer(): void {
    const { clock, lifetime, leaseMs } = this.#options;
    this.#stopDue();
    if (lifetime.closed) return;
    const now = clock.now();
    let wait = leaseMs / ticksPerLease;
    for (const { row } of this.#open.values()) {
      if (row.due !== undefined && row.due > now) wait = Math.min(wait, row.due - now);
    }
    if (wait === leaseMs / ticksPerLease) return;
    this.#stopDue = clock.after(wait, () => {
      this.look();
    });
  }

  async #stop(): Promise<void> {
    this.#stopTick();
    this.#stopDue();
    const closing = new MeshError('CLOSED', { what: 'the task book' });
    for (const run of this.#runs.values()) run.interrupt(closing);
    const grace = Promise.withResolvers<undefined>();
    const cancel = this.#options.clock.after(this.#options.graceMs, () => {
      grace.resolve(undefined);
    });
    await Promise.race([this.#settled(), grace.promise]);
    cancel();
    // Who does not stop keeps its task until the lease runs out: nobody else may run it beside.
    for (const run of this.#runs.values()) run.abandon(closing);
    this.#stopDue();
  }

  async #settled(): Promise<void> {
    await this.#sweeping;
    await this.#looking;
    await Promise.all(this.#carried);
  }
}

function errorOf({ code, params }: NonNullable<TaskRow['problem']>): MeshError {
  return new MeshError(code as MeshError['code'], params);
}
