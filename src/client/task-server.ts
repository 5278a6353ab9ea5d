/**
 * Runs tasks at the agent's side: finds the agent, asks the gates, runs the handler within the deadline, signs the receipt.
 * @module
 */
import { abortable } from '../base/abort.ts';
import { MeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import { isPlainObject } from '../base/shape.ts';
import type { Clock } from '../ports/clock.ts';
import type { ModelUsage } from '../ports/model.ts';
import { agentId } from '../schema/agent-record.ts';
import type { Emit } from '../schema/mesh-event.ts';
import type { Receipt, SignedReceipt } from '../schema/receipt.ts';
import type { TaskRequest } from '../schema/task.ts';
import type { HandlerContext, TaskPart } from './agent.ts';
import type { Gates } from './gates.ts';
import { type LocalAgent, type LocalAgents, ModelAnswer } from './local-agents.ts';
import type { MeshClient } from './mesh-client.ts';
import { checkSchema } from './standard-schema.ts';

/** What the agent's side sends back. */
export interface TaskReply {
  readonly output: unknown;
  readonly receipt: SignedReceipt;
  readonly usage?: ModelUsage;
}

/** A receipt before it has an id, hashes and a signature. */
export type ReceiptDraft = Pick<Receipt, 'task' | 'type' | 'agent' | 'for' | 'outcome'> &
  Partial<Pick<Receipt, 'usage' | 'region' | 'tenant' | 'agentVersion'>> & {
    readonly input: unknown;
    readonly output: unknown;
  };

/** What the task server is given. */
export interface TaskServerOptions {
  readonly did: Did;
  readonly node: string;
  readonly region: string | undefined;
  readonly clock: Clock;
  readonly agents: LocalAgents;
  readonly gates: Gates;
  readonly emit: Emit;
  readonly mesh: MeshClient;
  readonly trustIn: (did: Did) => number;
  /** Signs a receipt and has it on record before it resolves. */
  readonly issueReceipt: (draft: ReceiptDraft) => Promise<SignedReceipt>;
}

/** Where and for whom a task runs. */
export interface ExecutionOptions {
  readonly from: Did;
  readonly signal: AbortSignal;
  /** Gets the parts of an answer as they are made; without it they are dropped. */
  readonly onPart?: (part: TaskPart) => Promise<void>;
}

/** Runs tasks on the agents of this node. */
export class TaskServer {
  readonly #options: TaskServerOptions;

  constructor(options: TaskServerOptions) {
    this.#options = options;
  }

  /** Runs one task; throws the refusal or failure as it may be shown to the caller. */
  async execute(request: TaskRequest, options: ExecutionOptions): Promise<TaskReply> {
    try {
      return await this.#execute(request, options);
    } catch (thrown) {
      const error = this.#shown(thrown, request);
      const { code, params } = error;
      this.#options.emit(
        code === 'TASK_FAILED' || code === 'TASK_TIMEOUT' ? 'task.failed' : 'task.refused',
        { task: request.id, type: request.type, code, params },
        { peer: options.from },
      );
      throw error;
    }
  }

  async #execute(request: TaskRequest, options: ExecutionOptions): Promise<TaskReply> {
    const { agents, gates, clock, emit } = this.#options;
    const { from, signal } = options;
    const agent = agents.find(request.type, request.agent);
    if (agent === undefined) {
      throw new MeshError('AGENT_NOT_FOUND', { capability: request.type, agent: request.agent });
    }
    const id = this.#idOf(agent);
    const direction = 'receive' as const;
    const refusal = await gates.ask({ task: request, direction, peer: from, agent: id, signal });
    if (refusal !== undefined) throw refusal.error;
    const started = clock.monotonic();
    const { output, usage } = await this.#occupy(agent, () => this.#work(agent, request, options));
    const ms = clock.monotonic() - started;
    const receipt = await this.#receipt(agent, request, from, { output, ms, usage });
    const { idempotencyKey } = request;
    const key = idempotencyKey === undefined ? {} : { key: idempotencyKey };
    const executed = { task: request.id, type: request.type, ms, ...key };
    emit('task.executed', executed, { agent: id, peer: from });
    return usage === undefined ? { output, receipt } : { output, receipt, usage };
  }

  async #occupy<T>(agent: LocalAgent, work: () => Promise<T>): Promise<T> {
    if (agent.running >= agent.concurrency) {
      throw new MeshError('OVERLOADED', {
        what: `agent '${agent.definition.name}'`,
        limit: agent.concurrency,
      });
    }
    agent.running += 1;
    try {
      return await work();
    } finally {
      agent.running -= 1;
    }
  }

  async #work(
    { definition, run }: LocalAgent,
    request: TaskRequest,
    { from, signal, onPart }: ExecutionOptions,
  ): Promise<{ output: unknown; usage: ModelUsage | undefined }> {
    const { mesh, trustIn } = this.#options;
    const context: HandlerContext<never> = {
      input: await checkSchema(definition.input, request.data, 'input'),
      signal,
      caller: { did: from, trust: trustIn(from) },
      task: { id: request.id, type: request.type, labels: request.labels ?? [] },
      mesh,
    };
    // A handler that ignores its signal cannot be stopped, but nobody waits for it longer than the deadline.
    const answer = await abortable(drain(run(context), onPart), signal, `task '${request.id}'`);
    const { output, usage } = answer instanceof ModelAnswer ? answer : { output: answer };
    return { output: (await checkSchema(definition.output, output, 'output')) ?? null, usage };
  }

  #receipt(
    { definition }: LocalAgent,
    request: TaskRequest,
    from: Did,
    done: { output: unknown; ms: number; usage: ModelUsage | undefined },
  ): Promise<SignedReceipt> {
    const { did, node, region, issueReceipt } = this.#options;
    const tokens =
      done.usage === undefined ? {} : { tokens: done.usage.inputTokens + done.usage.outputTokens };
    return issueReceipt({
      task: request.id,
      type: request.type,
      agent: agentId(did, node, definition.name),
      for: from,
      outcome: 'ok',
      input: request.data,
      output: done.output,
      usage: { wallMs: Math.round(done.ms * 1_000) / 1_000, ...tokens },
      agentVersion: definition.version ?? '1.0.0',
      ...(region === undefined ? {} : { region }),
      ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
    });
  }

  #idOf({ definition }: LocalAgent): string {
    return agentId(this.#options.did, this.#options.node, definition.name);
  }

  /** A foreign error from a handler says nothing to the caller but that the task failed. */
  #shown(thrown: unknown, request: TaskRequest): MeshError {
    if (MeshError.is(thrown)) return thrown;
    return new MeshError('TASK_FAILED', { task: request.id }, { cause: thrown });
  }
}

/** The output of a handler, whichever way it gives it. */
async function drain(
  result: unknown,
  onPart: ((part: TaskPart) => Promise<void>) | undefined,
): Promise<unknown> {
  if (!isGenerator(result)) return result;
  for (;;) {
    const step = await result.next();
    if (step.done === true) return step.value;
    await onPart?.(step.value);
  }
}

function isGenerator(value: unknown): value is AsyncGenerator<TaskPart, unknown, undefined> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !isPlainObject(value) &&
    Symbol.asyncIterator in value &&
    'next' in value
  );
}
