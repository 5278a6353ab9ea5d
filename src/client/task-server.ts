/**
 * Runs tasks at the agent's side: finds the agent, asks the gates, runs the handler within the deadline, signs the receipt.
 * @module
 */
import { abortable, throwIfAborted } from '../base/abort.ts';
import { MeshError, toMeshError } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import { isPlainObject } from '../base/shape.ts';
import type { TaskContext, TaskEntry } from '../core/tasks/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReceiptOccasion } from '../ports/extension.ts';
import type { GateOutcome, GateRequest } from '../ports/gate.ts';
import type { Logger } from '../ports/logger.ts';
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
  Partial<Pick<Receipt, 'usage' | 'region' | 'tenant' | 'byTenant' | 'agentVersion'>> & {
    readonly input: unknown;
    readonly output: unknown;
  };

/** What the task server is given. */
export interface TaskServerOptions {
  readonly did: Did;
  readonly node: string;
  readonly region: string | undefined;
  readonly tenant: string | undefined;
  readonly clock: Clock;
  readonly agents: LocalAgents;
  readonly gates: Gates;
  readonly emit: Emit;
  readonly mesh: MeshClient;
  readonly logger?: Logger | undefined;
  readonly trustIn: (did: Did) => number;
  /** Why nothing is done for `peer` any more. */
  readonly shutOut: (peer: Did) => MeshError | undefined;
  /** Takes the task of a durable agent into the book and resolves with how it ended. */
  readonly keep: (
    agent: LocalAgent,
    asked: GateRequest,
    request: TaskRequest,
    options: ExecutionOptions,
  ) => Promise<TaskReply>;
  /** What extensions add to the receipt of a task. */
  readonly receiptMembers: (about: ReceiptOccasion) => Readonly<Record<string, unknown>>;
  /** Signs a receipt and has it on record before it resolves. */
  readonly issueReceipt: (draft: ReceiptDraft, request: TaskRequest) => Promise<SignedReceipt>;
}

/** Where and for whom a task runs. */
export interface ExecutionOptions {
  readonly from: Did;
  readonly signal: AbortSignal;
  /** Gets the parts of an answer as they are made; without it they are dropped. */
  readonly onPart?: (part: TaskPart) => Promise<void>;
}

interface RunOptions extends ExecutionOptions {
  /** The book's side of a task that is kept. */
  readonly durable?: TaskContext;
}

/** A task that may begin. */
interface Admitted {
  readonly agent: LocalAgent;
  readonly asked: GateRequest;
  readonly input: unknown;
  readonly release: () => void;
}

/** How soon a task looks again for its agent that has gone. */
const absentMs = 1_000;

/** Runs tasks on the agents of this node. */
export class TaskServer {
  readonly #options: TaskServerOptions;

  constructor(options: TaskServerOptions) {
    this.#options = options;
  }

  /**
   * Takes one task; throws the refusal or failure as it may be shown to the caller. The task of a durable agent is kept, and
   * run from the book.
   */
  async execute(request: TaskRequest, options: ExecutionOptions): Promise<TaskReply> {
    const { from } = options;
    const { keep, gates } = this.#options;
    const { agent, asked, input, release } = await this.#telling(
      'task.refused',
      request,
      from,
      () => this.#admit(request, options),
    );
    if (agent.definition.durable === true) return keep(agent, asked, request, options);
    const perform = (): Promise<TaskReply> => this.#perform(agent, input, request, options);
    return this.#telling('task.failed', request, from, () =>
      gates.through(asked, perform).finally(release),
    );
  }

  /** Runs a task that is kept, once; `admitted` says that the gates have let it pass just now. */
  async run(
    { request, agent: name, from }: TaskEntry,
    context: TaskContext,
    {
      admitted,
      onPart,
    }: { readonly admitted: boolean; readonly onPart?: ExecutionOptions['onPart'] },
  ): Promise<TaskReply> {
    const { agents, gates } = this.#options;
    const { signal } = context;
    const agent = agents.get(name);
    // It went away between the look at its state and now: the task waits for its return.
    if (agent === undefined) return context.suspend({ until: absentMs });
    const asked = this.#question(agent, request, from, signal);
    const options = { from, signal, durable: context, ...(onPart !== undefined && { onPart }) };
    const whole = async (): Promise<TaskReply> => {
      const refusal = admitted ? undefined : await gates.ask(asked);
      if (refusal !== undefined) throw refusal.error;
      const input: unknown = await checkSchema(agent.definition.input, request.data, 'input');
      const release = occupy(agent);
      const perform = (): Promise<TaskReply> => this.#perform(agent, input, request, options);
      const outcomeOf = (error: unknown): GateOutcome =>
        context.isSuspension(error) ? { suspended: true } : { error };
      return gates.through(asked, perform, outcomeOf).finally(release);
    };
    // What was given up, called off or taken over has not failed.
    const isFailure = (error: unknown): boolean => !context.isSuspension(error) && !signal.aborted;
    return this.#telling('task.failed', request, from, whole, isFailure);
  }

  /** Runs `work`; the application hears of what it throws, and the caller gets it as a MeshError. */
  async #telling<T>(
    stage: 'task.refused' | 'task.failed',
    request: TaskRequest,
    from: Did,
    work: () => Promise<T>,
    isFailure: (error: unknown) => boolean = () => true,
  ): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const error = toMeshError(thrown, `task '${request.id}'`);
      if (isFailure(error)) this.#tell(stage, error, request, from);
      throw error;
    }
  }

  /** The agent for the task, once every gate lets it pass and it has a place; a durable agent's tasks wait for one. */
  async #admit(request: TaskRequest, { from, signal }: ExecutionOptions): Promise<Admitted> {
    const { agents, gates } = this.#options;
    const agent = agents.find(request);
    if (agent === undefined) {
      throw new MeshError('AGENT_NOT_FOUND', { capability: request.type, agent: request.agent });
    }
    const asked = this.#question(agent, request, from, signal);
    const refusal = await gates.ask(asked);
    if (refusal !== undefined) throw refusal.error;
    const input: unknown = await checkSchema(agent.definition.input, request.data, 'input');
    const release = agent.definition.durable === true ? () => undefined : occupy(agent);
    return { agent, asked, input, release };
  }

  #question(agent: LocalAgent, task: TaskRequest, peer: Did, signal: AbortSignal): GateRequest {
    return { task, direction: 'receive', peer, agent: this.#idOf(agent), signal };
  }

  async #perform(
    agent: LocalAgent,
    input: unknown,
    request: TaskRequest,
    options: RunOptions,
  ): Promise<TaskReply> {
    const { clock, emit } = this.#options;
    const { from } = options;
    const started = clock.monotonic();
    const answer = await this.#answer(agent, input, request, options);
    const { output: raw, usage } = answer instanceof ModelAnswer ? answer : { output: answer };
    const output = (await checkSchema(agent.definition.output, raw, 'output')) ?? null;
    const ms = clock.monotonic() - started;
    const receipt = await this.#receipt(agent, request, from, { output, ms, usage }).catch(
      failedAt(request),
    );
    const { id: task, type, idempotencyKey: key } = request;
    const executed = { task, type, ms, ...(key !== undefined && { key }) };
    emit('task.executed', executed, { agent: receipt.agent, peer: from });
    return usage === undefined ? { output, receipt } : { output, receipt, usage };
  }

  /** What the agent gives. A handler that ignores its signal cannot be stopped, but nobody waits for it any longer. */
  async #answer(
    { run }: LocalAgent,
    input: unknown,
    request: TaskRequest,
    { from, signal, onPart, durable }: RunOptions,
  ): Promise<unknown> {
    const { mesh, trustIn } = this.#options;
    const { id, type, labels = [] } = request;
    // The gates were asked a while ago.
    throwIfAborted(signal, `task '${id}'`);
    const late = this.#options.shutOut(from);
    if (late !== undefined) throw late;
    const context: HandlerContext = {
      input,
      signal,
      caller: { did: from, trust: trustIn(from) },
      task: { id, type, labels },
      mesh,
      ...(durable === undefined ? fleeting(type) : durabilityOf(durable)),
    };
    const work = async (): Promise<unknown> => drain(run(context as never), signal, onPart);
    return abortable(work().catch(failedAt(request)), signal, `task '${id}'`).catch(
      (thrown: unknown) => {
        if (!MeshError.is(thrown, 'TIMEOUT')) throw thrown;
        throw new MeshError('TASK_TIMEOUT', { task: id, ms: thrown.params['ms'] });
      },
    );
  }

  #receipt(
    { definition }: LocalAgent,
    request: TaskRequest,
    from: Did,
    done: { output: unknown; ms: number; usage: ModelUsage | undefined },
  ): Promise<SignedReceipt> {
    const { did, node, region, tenant: byTenant, issueReceipt, receiptMembers } = this.#options;
    const agent = agentId(did, node, definition.name);
    const tokens =
      done.usage === undefined ? {} : { tokens: done.usage.inputTokens + done.usage.outputTokens };
    return issueReceipt(
      {
        ...receiptMembers({ task: request, agent, peer: from }),
        task: request.id,
        type: request.type,
        agent,
        for: from,
        outcome: 'ok',
        input: request.data,
        output: done.output,
        usage: { wallMs: Math.round(done.ms * 1_000) / 1_000, ...tokens },
        agentVersion: definition.version ?? '1.0.0',
        ...(region === undefined ? {} : { region }),
        ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
        ...(byTenant === undefined ? {} : { byTenant }),
      },
      request,
    );
  }

  #idOf({ definition }: LocalAgent): string {
    return agentId(this.#options.did, this.#options.node, definition.name);
  }

  /** The application hears why it failed; the caller, whose business that is not, only that it did. */
  #tell(
    stage: 'task.refused' | 'task.failed',
    error: MeshError,
    { id: task, type }: TaskRequest,
    peer: Did,
  ): void {
    const { emit, logger } = this.#options;
    const { code, params } = MeshError.is(error.cause) ? error.cause : error;
    emit(stage, { task, type, code, params }, { peer });
    if (stage === 'task.failed') logger?.log('warn', 'a task failed here', { task, type, error });
  }
}

type Durability = Pick<HandlerContext, 'checkpoint' | 'suspend' | 'resumed' | 'resumedWith'>;

/** What a handler can do about its task being kept: nothing, when it is not. */
function fleeting(type: string): Durability {
  const refuse = (feature: string): MeshError =>
    new MeshError('UNSUPPORTED', { feature, by: `an agent for '${type}' that is not durable` });
  return {
    checkpoint: () => Promise.reject(refuse('a checkpoint')),
    suspend: () => {
      throw refuse('suspending a task');
    },
  };
}

function durabilityOf(context: TaskContext): Durability {
  const { resumed, input } = context;
  return {
    checkpoint: (bytes, options) => context.checkpoint(bytes, options),
    suspend: (options) => context.suspend(options),
    ...(resumed !== undefined && { resumed }),
    ...(input !== undefined && { resumedWith: input }),
  };
}

function occupy(agent: LocalAgent): () => void {
  const { definition, concurrency: limit } = agent;
  if (agent.running >= limit) {
    throw new MeshError('OVERLOADED', { what: `agent '${definition.name}'`, limit });
  }
  agent.running += 1;
  return () => {
    agent.running -= 1;
  };
}

/** Whatever went wrong once the agent was at work: a code of its own would tell of other work, and be mistaken for this. */
function failedAt({ id: task }: TaskRequest): (cause: unknown) => never {
  return (cause) => {
    throw new MeshError('TASK_FAILED', { task }, { cause });
  };
}

/** The output of a handler, whichever way it gives it. */
async function drain(
  result: unknown,
  signal: AbortSignal,
  onPart: ((part: TaskPart) => Promise<void>) | undefined,
): Promise<unknown> {
  if (!isGenerator(result)) return result;
  try {
    for (;;) {
      const step = await result.next();
      if (step.done === true) return step.value;
      throwIfAborted(signal, 'the answer');
      await onPart?.(step.value);
    }
  } finally {
    // Its own `finally` runs, as it would for whoever leaves a loop; after the end this does nothing.
    await result.return(undefined);
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
