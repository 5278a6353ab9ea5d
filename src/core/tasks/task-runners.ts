/**
 * Starts what is ready, keeps the leases of what runs, takes over what lost its runner, and writes down how runs ended.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Lifetime } from '../../base/lifetime.ts';
import { unpackPacket } from '../../base/packet.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { conclude } from './conclude.ts';
import { LeaseWatch } from './lease-watch.ts';
import { OpenTasks } from './open-tasks.ts';
import { canRead, claim, end, release } from './row-moves.ts';
import { failedOutcome } from './task-outcome.ts';
import { type DurableTask, type TaskRow, tellOf } from './task-row.ts';
import type { HeldRow, RowChange, TaskRows } from './task-rows.ts';
import { type TaskContext, type TaskEntry, TaskRun } from './task-run.ts';
import { tellResumed, tellStuck, tellSuspended } from './tidings.ts';

/** What {@link TaskRunners} are given. */
export interface TaskRunnersOptions {
  readonly rows: TaskRows;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
  /** Name of this book among those that share the store. */
  readonly owner: string;
  readonly work: (entry: TaskEntry, context: TaskContext) => Promise<unknown>;
  readonly supported: (task: DurableTask) => number;
  readonly mayStart: (task: DurableTask, running: number) => boolean;
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

/** Runs the tasks of one store, together with others of its kind. */
export class TaskRunners {
  readonly #options: TaskRunnersOptions;
  readonly #leases: LeaseWatch;
  readonly #open = new OpenTasks();
  readonly #runs = new Map<string, TaskRun>();
  readonly #carried = new Set<Promise<void>>();
  #sweeping: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #asked = 0;
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
    this.#open.note(held);
  }

  /** A task was called off. */
  cancelled(held: HeldRow, reason: MeshError): void {
    this.note(held);
    this.#runs.get(held.row.id)?.abandon(reason);
  }

  /** Starts what is ready, as far as there is room. */
  look(): void {
    this.#asked += 1;
    if (this.#asked === 1) this.#looking = this.#lookWhileAsked();
  }

  /** Looks again as long as it was asked to meanwhile, so that no call of `look` goes unheard. */
  async #lookWhileAsked(): Promise<void> {
    for (let heard = 0; heard !== this.#asked; ) {
      heard = this.#asked;
      await this.#startReady().catch(this.#options.report);
    }
    this.#asked = 0;
    this.#setDueTimer();
  }

  async #startReady(): Promise<void> {
    for (const held of this.#ready()) {
      if (this.#options.lifetime.closed) return;
      await this.#begin(held).catch(this.#options.report);
    }
  }

  /** Tasks to start, at most as many as may run. */
  #ready(): readonly HeldRow[] {
    const { concurrency, lifetime } = this.#options;
    const room = lifetime.closed ? 0 : concurrency - this.#runs.size;
    const ready: HeldRow[] = [];
    for (const held of this.#open.all()) {
      if (ready.length >= room) break;
      if (this.#isReady(held)) ready.push(held);
    }
    return ready;
  }

  #isReady(held: HeldRow): boolean {
    const { row } = held;
    if (this.#runs.has(row.id) || !this.#isClaimable(held)) return false;
    return this.#options.mayStart(tellOf(row), this.#runningFor(row.agent));
  }

  #runningFor(agent: string): number {
    return [...this.#runs.values()].filter(({ entry }) => entry.agent === agent).length;
  }

  #isClaimable(held: HeldRow): boolean {
    const { clock, supported } = this.#options;
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
        return this.#leases.isStale(held, clock.monotonic());
      default:
        return false;
    }
  }

  async #begin({ row: { id } }: HeldRow): Promise<void> {
    const { rows, clock, owner, attempts, supported, lifetime } = this.#options;
    const claimedAt = clock.monotonic();
    const held = await rows.change(id, (fresh) => {
      if (!this.#isReady(fresh)) return undefined;
      const terms = { owner, now: clock.now(), attempts, supported: supported(tellOf(fresh.row)) };
      return claim(fresh.row, terms);
    });
    if (held === undefined) {
      this.#open.drop(id);
      return;
    }
    this.note(held);
    if (!held.changed) return;
    if (held.row.state !== 'running') {
      tellStuck(held.row, this.#options.emit, this.#options.report);
      await this.#options.ended(id);
      return;
    }
    if (lifetime.closed) {
      await this.#handBack(held.row);
      return;
    }
    const run = await this.#runOf(held.row, claimedAt).catch((error: unknown) =>
      this.#cannotBegin(held.row, error),
    );
    if (run === undefined) return;
    tellResumed(held.row, this.#options.emit);
    this.#carry(run);
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

  #carry(run: TaskRun): void {
    const { id } = run.entry;
    this.#runs.set(id, run);
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
    const held =
      ending.kind === 'abandoned' ? undefined : await conclude(run, ending, this.#options);
    if (held !== undefined) {
      this.#open.note(held);
      tellSuspended(held.row, this.#options.emit);
    }
    await this.#options.ended(run.entry.id);
  }

  /** What cannot be read now is tried again later; what was damaged will not get better. */
  async #cannotBegin(row: TaskRow, error: unknown): Promise<undefined> {
    this.#options.report(error);
    if (!MeshError.is(error, 'STORE_CORRUPT', 'SCHEMA_INVALID')) return this.#handBack(row);
    const outcome = failedOutcome(error, row.task);
    await this.#settle(row, (fresh) => end(fresh, outcome, this.#options.clock.now()));
    await this.#options.ended(row.id);
  }

  #handBack(row: TaskRow): Promise<undefined> {
    return this.#settle(row, release);
  }

  /** Changes the row of a claim that has no run. */
  async #settle(
    { id, owner, epoch }: TaskRow,
    change: (row: TaskRow) => RowChange,
  ): Promise<undefined> {
    const held = await this.#options.rows.change(id, ({ row }) =>
      row.state === 'running' && row.owner === owner && row.epoch === epoch
        ? change(row)
        : undefined,
    );
    if (held !== undefined) this.note(held);
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

  async #read(): Promise<void> {
    const { rows, clock, report } = this.#options;
    this.#leases.observe(await this.#open.read(rows, report), clock.monotonic());
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
    for (const { row } of this.#open.all()) {
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
