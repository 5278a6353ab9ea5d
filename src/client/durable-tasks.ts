/**
 * Tasks of durable agents: kept in the book until they are over, run from there, and told to whoever waits.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import { bookId, TaskBook, type TaskOutcome } from '../core/tasks/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { GateRequest } from '../ports/gate.ts';
import type { Random } from '../ports/random.ts';
import type { Store } from '../ports/store.ts';
import type { Emit } from '../schema/mesh-event.ts';
import type { TaskRequest } from '../schema/task.ts';
import type { Gates } from './gates.ts';
import type { LocalAgent, LocalAgents } from './local-agents.ts';
import type { ExecutionOptions, TaskReply, TaskServer } from './task-server.ts';

/** What the durable tasks of a client are given. */
export interface DurableTasksOptions {
  /** The book's own part of the store. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  readonly agents: LocalAgents;
  readonly gates: Gates;
  readonly server: () => TaskServer;
  /** Told of what failed in the background. */
  readonly report: (error: MeshError) => void;
}

/** What the application sees of the tasks its durable agents have taken. */
export type TaskDesk = Pick<
  TaskBook<TaskReply>,
  'get' | 'state' | 'list' | 'wait' | 'cancel' | 'resume'
>;

/** A task that the gates let in and that has not begun. */
interface Admission {
  readonly asked: GateRequest;
  readonly onPart: ExecutionOptions['onPart'];
}

/** Takes tasks into the book, and runs them. */
export class DurableTasks {
  readonly book: TaskBook<TaskReply>;
  readonly #options: DurableTasksOptions;
  readonly #admitted = new Map<string, Admission>();

  constructor(options: DurableTasksOptions) {
    this.#options = options;
    const { store, clock, random, emit, agents, report } = options;
    this.book = new TaskBook<TaskReply>({
      store,
      clock,
      random,
      emit,
      report,
      checkpointVersion: ({ agent }) => agents.get(agent)?.definition.checkpointVersion,
      mayStart: ({ agent }) => mayStart(agents.get(agent)),
      run: (entry, context) => {
        const admission = this.#admitted.get(entry.id);
        this.#admitted.delete(entry.id);
        const admitted = admission !== undefined;
        const onPart = admission?.onPart;
        return options
          .server()
          .run(entry, context, { admitted, ...(onPart !== undefined && { onPart }) });
      },
    });
  }

  /** Goes on with what an earlier run left, once there is an agent that could. */
  look(): void {
    const { agents, report } = this.#options;
    if (!agents.all().some(({ definition }) => definition.durable === true)) return;
    this.book.start().then(
      () => {
        this.book.look();
      },
      (error: unknown) => {
        if (MeshError.is(error) && error.code !== 'CLOSED') report(error);
      },
    );
  }

  /** Takes a task the gates have let pass, and resolves with how it ended. Who stops waiting does not stop the task. */
  async take(
    agent: LocalAgent,
    asked: GateRequest,
    request: TaskRequest,
    { from, signal, onPart }: ExecutionOptions,
  ): Promise<TaskReply> {
    const id = bookId(from, request);
    const admission = { asked, onPart };
    this.#admitted.set(id, admission);
    try {
      await this.book.submit(request, { from, agent: agent.definition.name });
      return replyOf(await this.book.wait(id, { signal }), request);
    } catch (error) {
      if (wasCalledOff(request, signal)) this.#cancel(id);
      throw error;
    } finally {
      if (this.#admitted.get(id) === admission) await this.#forget(id, asked);
    }
  }

  /** Calls off everything that was taken from `peer` and is not over. */
  async cancelFor(peer: Did, reason: string): Promise<void> {
    if (!this.#options.agents.all().some(({ definition }) => definition.durable === true)) return;
    const tasks = await this.book.list({ limit: 10_000 });
    for (const { id, from, finishedAt } of tasks) {
      if (from === peer && finishedAt === undefined) await this.book.cancel(id, reason);
    }
  }

  /** It never began here: the gates that let it in hear that nothing comes of it, and are asked again if it ever does. */
  async #forget(id: string, asked: GateRequest): Promise<void> {
    this.#admitted.delete(id);
    await this.#options.gates.settle(asked, { suspended: true });
  }

  #cancel(id: string): void {
    this.book.cancel(id, 'its caller called it off').catch((error: unknown) => {
      if (MeshError.is(error) && !MeshError.is(error, 'CLOSED', 'NOT_FOUND')) {
        this.#options.report(error);
      }
    });
  }
}

/** Whether the agent is there, in service, and has a place free. */
function mayStart(agent: LocalAgent | undefined): boolean {
  return agent?.state === 'active' && agent.running < agent.concurrency;
}

/** A caller that gives up work without a key can never ask for it again; a lost session or a late answer is no such word. */
function wasCalledOff({ idempotencyKey }: TaskRequest, signal: AbortSignal): boolean {
  return idempotencyKey === undefined && signal.aborted && MeshError.is(signal.reason, 'ABORTED');
}

function replyOf(outcome: TaskOutcome<TaskReply>, { id: task }: TaskRequest): TaskReply {
  switch (outcome.state) {
    case 'done':
      return outcome.result;
    case 'failed': {
      const { code, params } = outcome.error;
      throw new MeshError(code, params);
    }
    case 'cancelled':
      throw new MeshError('TASK_CANCELLED', { task, reason: outcome.reason });
  }
}
