/**
 * Has tasks done: takes the candidates in order, asks the gates for each, sends to the first that all let pass,
 * moves on when a node cannot be reached, and checks the receipt.
 * @module
 */
import { linkedController, throwIfAborted, withDeadline } from '../base/abort.ts';
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError, toMeshError } from '../base/errors.ts';
import { type Did, newId } from '../base/ids.ts';
import { cidOfJson } from '../base/multiformat.ts';
import { integer, object, optional, type Shaped, text, unknown } from '../base/shape.ts';
import type { Clock } from '../ports/clock.ts';
import type { Budget, GateRequest } from '../ports/gate.ts';
import type { ModelUsage } from '../ports/model.ts';
import type { Candidate, Placement } from '../ports/placement.ts';
import type { Random } from '../ports/random.ts';
import { agentId } from '../schema/agent-record.ts';
import type { Emit } from '../schema/mesh-event.ts';
import { receiptShape, type SignedReceipt } from '../schema/receipt.ts';
import { type Task, type TaskRequest, taskShape } from '../schema/task.ts';
import type { TrustEvidence } from '../schema/trust-evidence.ts';
import type { CallOptions, TaskPart, TaskResult } from './agent.ts';
import { explain, type TaskExplanation, TaskHistory, type TriedTask } from './explanation.ts';
import type { Gates, Refusal } from './gates.ts';
import type { Sought } from './local-agents.ts';

/** Options of one call to a peer. */
export interface SendOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly idempotencyKey?: string;
  /** The node of the peer whose agent was chosen; undefined when any will do. */
  readonly node?: string | undefined;
}

/** What the task caller is given. */
export interface TaskCallerOptions {
  readonly did: Did;
  /** On whose behalf tasks are done. */
  readonly tenant: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly gates: Gates;
  readonly emit: Emit;
  /** Fires when the client closes: nobody waits at a gate for the answer any longer. */
  readonly closing: AbortSignal;
  /** Who decides on the order in which candidates are tried. */
  readonly placement: () => Placement;
  /** Agents that may do what is sought, best first. */
  readonly candidates: (sought: Sought) => readonly Candidate[];
  /** Told how long an agent took, or that it did not answer. */
  readonly observe: (agent: string, latencyMs: number | undefined) => void;
  /** Told how good the work of a candidate was, 0 to 1, and again when the application says so. */
  readonly judged: (candidate: Candidate, task: string, score: number) => void;
  /** What an agent announced that one query costs. */
  readonly priceOf: (agent: string) => bigint | undefined;
  /** Runs a task at `peer` and resolves with its reply; parts of the answer go to `onPart`. */
  readonly send: (
    peer: Did,
    request: TaskRequest,
    options: SendOptions,
    onPart: ((part: TaskPart) => void) | undefined,
  ) => Promise<unknown>;
  /** Throws `RECEIPT_INVALID` unless the receipt is by `peer` for exactly this work. */
  readonly checkReceipt: (
    receipt: SignedReceipt,
    expected: { by: Did; task: string; agent?: string; input: unknown; output: unknown },
  ) => Promise<void>;
  /** Why nothing goes to `peer` any more, asked in the moment of sending: a gate may have let it pass a while ago. */
  readonly shutOut: (peer: Did) => MeshError | undefined;
  /** Says how good the work behind a receipt was. */
  readonly feedback: (
    receipt: SignedReceipt,
    score: number,
    note?: string,
  ) => Promise<TrustEvidence>;
  /** Told of every checked receipt: trust learns from it, the log keeps it. */
  readonly onReceipt: (receipt: SignedReceipt, request: TaskRequest) => Promise<void>;
}

/** Nodes a task is sent to before it gives up. Candidates that a gate refuses cost nothing and do not count. */
const sendLimit = 8;
const defaultTimeout: Duration = '30s';
/** An explanation asks every gate about every candidate, each within the gate's own deadline. */
const explainMs = 60_000;

/** Has tasks done by the best agent that every gate allows. */
export class TaskCaller {
  readonly #options: TaskCallerOptions;
  readonly #history = new TaskHistory();

  constructor(options: TaskCallerOptions) {
    this.#options = options;
  }

  /** Runs `task` at one of `candidates` (default: all agents that offer its type). */
  async run(
    task: Task,
    options: CallOptions = {},
    candidates?: readonly Candidate[],
    onPart?: (part: TaskPart) => void,
  ): Promise<TaskResult> {
    const request = this.#request(task, options);
    const ms = toMs(options.timeout ?? defaultTimeout, 'timeout');
    const { controller, release } = linkedController(options.signal, this.#options.closing);
    const timedOut = (): MeshError => new MeshError('TASK_TIMEOUT', { task: request.id, ms });
    const started = this.#options.clock.monotonic();
    try {
      return await withDeadline(
        this.#options.clock,
        ms,
        { what: `task '${request.id}'`, signal: controller.signal, error: timedOut },
        (signal) =>
          this.#tryEach(
            this.#placed(request, candidates ?? this.#candidates(request, options.to)),
            {
              request,
              signal,
              onPart,
              budget: options.budget,
              started,
              ends: started + ms,
              timedOut,
            },
          ),
      );
    } catch (thrown) {
      const error = toMeshError(thrown, `task '${request.id}'`);
      const { code, params } = error;
      this.#options.emit('task.failed', { task: request.id, type: task.type, code, params });
      throw error;
    } finally {
      release();
    }
  }

  /** Whoever places tasks may drop and reorder candidates, not invent them. */
  #placed(request: TaskRequest, candidates: readonly Candidate[]): readonly Candidate[] {
    const chosen = this.#options.placement().choose(request, candidates);
    return chosen.filter((candidate) => candidates.includes(candidate));
  }

  #request(task: Task, options: CallOptions): TaskRequest {
    const { type, data, sovereignty, labels, subject } = taskShape(task, 'task');
    const { tenant, random } = this.#options;
    const idempotencyKey = keyShape(options.idempotencyKey, 'options.idempotencyKey');
    return {
      // Every repetition of a call is the same request, so it has the same id too.
      id:
        idempotencyKey === undefined ? newId('task', random) : `task-${cidOfJson(idempotencyKey)}`,
      type,
      data,
      ...(sovereignty === undefined ? {} : { sovereignty }),
      ...(labels === undefined ? {} : { labels }),
      ...(subject === undefined ? {} : { subject }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(tenant === undefined ? {} : { tenant }),
    };
  }

  #candidates(request: TaskRequest, to: Did | undefined): readonly Candidate[] {
    const known = this.#options.candidates(request);
    if (to === undefined) return known;
    const theirs = known.filter(({ meshId }) => meshId === to);
    // The caller knows where it should go: the peer may offer what it has not announced to us.
    return theirs.length > 0 ? theirs : [{ meshId: to }];
  }

  /** How the task called `id` stands with every gate. `NOT_FOUND` when it was not one of the last that were tried here. */
  async explain(id: string): Promise<TaskExplanation> {
    const { did, clock, gates, placement } = this.#options;
    const tried = this.#history.get(id);
    const what = `the explanation of task '${id}'`;
    return withDeadline(clock, explainMs, { what }, (signal) =>
      explain(tried, { gates, placement: placement(), self: did, signal }),
    );
  }

  /** Forgets what was tried about `subject`: nothing of it can be explained any more. */
  erase(subject: string): void {
    this.#history.erase(subject);
  }

  async #tryEach(candidates: readonly Candidate[], attempt: Attempt): Promise<TaskResult> {
    const { request, budget } = attempt;
    const refusals: Refusal[] = [];
    const tried: TriedTask = { request, budget, candidates, refusals, state: 'running' };
    this.#history.note(tried);
    try {
      const result = await this.#tryInOrder(candidates, attempt, refusals);
      tried.state = 'completed';
      // What went well is explained without it, and it may be large.
      tried.request = { ...request, data: undefined };
      tried.agent = result.agent.id;
      return result;
    } catch (error) {
      tried.state = 'failed';
      throw error;
    }
  }

  async #tryInOrder(
    candidates: readonly Candidate[],
    attempt: Attempt,
    refusals: Refusal[],
  ): Promise<TaskResult> {
    const { request, signal } = attempt;
    let failure: MeshError | undefined;
    let sends = 0;
    for (const candidate of candidates) {
      throwIfAborted(signal, `task '${request.id}'`);
      const asked = gateRequest(candidate, attempt);
      const refusal = (await this.#options.gates.ask(asked)) ?? this.#lateRefusal(asked);
      if (refusal !== undefined) {
        refusals.push(refusal);
        continue;
      }
      try {
        sends += 1;
        return await this.#options.gates.through(asked, () => this.#runAt(candidate, attempt));
      } catch (thrown) {
        const agent = idOf(candidate);
        if (agent !== undefined && saysNothing(thrown)) this.#options.observe(agent, undefined);
        if (isItsFault(thrown)) this.#options.judged(candidate, request.id, 0);
        if (!mayTryNext(thrown) || sends === sendLimit) throw thrown;
        failure = thrown;
      }
    }
    throw failure ?? refusalError(request, refusals);
  }

  #lateRefusal({ peer, agent }: GateRequest): Refusal | undefined {
    const error = this.#options.shutOut(peer);
    return error && { gate: 'override', peer, agent, error };
  }

  async #runAt(candidate: Candidate, attempt: Attempt): Promise<TaskResult> {
    const { clock, checkReceipt, onReceipt, observe, judged, emit } = this.#options;
    const { meshId: peer, name } = candidate;
    const sent = clock.monotonic();
    const request: TaskRequest =
      name === undefined ? attempt.request : { ...attempt.request, agent: name };
    const { id: task, type } = request;
    const about = { peer, ...agentOf(candidate) };
    emit('task.sent', { task, type }, about);
    const { receipt, output, usage } = await this.#send(candidate, request, attempt);
    assertFits(receipt, peer, type);
    const expected = { by: peer, task, input: request.data, output, ...agentOf(candidate) };
    await checkReceipt(receipt, expected);
    await onReceipt(receipt, request);
    judged(candidate, task, 1);
    const latencyMs = clock.monotonic() - attempt.started;
    observe(receipt.agent, clock.monotonic() - sent);
    emit('task.completed', { task, type, latencyMs }, { peer, agent: receipt.agent });
    const price = this.#options.priceOf(receipt.agent);
    return this.#withFeedback(candidate, {
      output,
      receipt,
      agent: { id: receipt.agent, meshId: peer },
      latencyMs,
      ...(price !== undefined && { cost: { credits: price } }),
      ...(usage !== undefined && { usage: totalled(usage) }),
    });
  }

  /** A function cannot be cloned or stored; what is not listed does not stand in the way of either. */
  #withFeedback(candidate: Candidate, result: Omit<TaskResult, 'feedback'>): TaskResult {
    const { feedback, judged } = this.#options;
    const { receipt } = result;
    const give: TaskResult['feedback'] = async (score, note) => {
      const evidence = await feedback(receipt, score, note);
      judged(candidate, receipt.task, score);
      return evidence;
    };
    return Object.defineProperty(result, 'feedback', { value: give }) as TaskResult;
  }

  async #send(
    { meshId: peer, node }: Candidate,
    request: TaskRequest,
    attempt: Attempt,
  ): Promise<Reply> {
    const { clock, send } = this.#options;
    const { signal, onPart, ends, timedOut } = attempt;
    const { idempotencyKey } = request;
    const timeoutMs = Math.max(1, ends - clock.monotonic());
    const key = idempotencyKey !== undefined && { idempotencyKey };
    const options = { timeoutMs, signal, node, ...key };
    try {
      return replyShape(await send(peer, request, options, onPart), 'reply');
    } catch (thrown) {
      // Three clocks watch one deadline: this one, the street's and the agent's. Whichever rings first, it is the same.
      throw MeshError.is(thrown, 'TIMEOUT') ? timedOut() : thrown;
    }
  }
}

function gateRequest(candidate: Candidate, attempt: Attempt): GateRequest {
  const { request: task, signal, budget } = attempt;
  const agent = idOf(candidate);
  return { task, direction: 'send', peer: candidate.meshId, agent, budget, signal };
}

interface Attempt {
  readonly budget: Budget | undefined;
  readonly request: TaskRequest;
  readonly signal: AbortSignal;
  readonly onPart: ((part: TaskPart) => void) | undefined;
  readonly started: number;
  readonly ends: number;
  readonly timedOut: () => MeshError;
}

const keyShape = optional(text({ min: 1, max: 256 }));

const replyShape = object({
  output: unknown,
  receipt: receiptShape,
  usage: optional(object({ inputTokens: integer(), outputTokens: integer() })),
});

type Reply = Shaped<typeof replyShape>;

/** What a receipt must say whoever did the work: that this was done, by an agent of the one who signs. */
function assertFits({ id, type, outcome, agent }: SignedReceipt, peer: Did, asked: string): void {
  const misfit = [
    type === asked ? undefined : 'type',
    outcome === 'ok' ? undefined : 'outcome',
    agent.startsWith(`${peer}#`) ? undefined : 'agent',
  ].find((member) => member !== undefined);
  if (misfit !== undefined) throw new MeshError('RECEIPT_INVALID', { id, detail: misfit });
}

function totalled(usage: ModelUsage): ModelUsage & { readonly totalTokens: number } {
  return { ...usage, totalTokens: usage.inputTokens + usage.outputTokens };
}

/** Another agent may be asked when this one certainly did nothing. */
function mayTryNext(thrown: unknown): thrown is MeshError {
  return (
    MeshError.is(thrown, 'OVERLOADED', 'AGENT_NOT_FOUND', 'PEER_REJECTED') ||
    (MeshError.is(thrown, 'PEER_UNREACHABLE') && thrown.params['sent'] !== true)
  );
}

/** Whether the agent was asked and gave no answer, not even a refusal. */
function saysNothing(thrown: unknown): boolean {
  return MeshError.is(thrown, 'PEER_UNREACHABLE', 'TASK_TIMEOUT');
}

/** Whether the agent had the task and made nothing of it. */
function isItsFault(thrown: unknown): boolean {
  return (
    MeshError.is(thrown, 'TASK_FAILED', 'TASK_TIMEOUT', 'RECEIPT_INVALID') ||
    (MeshError.is(thrown, 'PEER_UNREACHABLE') && thrown.params['sent'] === true)
  );
}

/** Why nobody did it: the best candidate's own refusal, with everybody's beside it. */
function refusalError(
  { id: task, type: capability }: TaskRequest,
  refusals: readonly Refusal[],
): MeshError {
  const [first] = refusals;
  if (first === undefined) return new MeshError('AGENT_NOT_FOUND', { capability, task });
  const refused = refusals.map(({ gate, peer, agent, error }) => ({
    gate,
    peer,
    agent,
    code: error.code,
    params: error.params,
  }));
  if (refusals.every(({ error }) => error.code === first.error.code)) {
    const { code, params, cause } = first.error;
    return new MeshError(code, { ...params, task, gate: first.gate, refused }, { cause });
  }
  return new MeshError('NO_CANDIDATE', {
    capability,
    task,
    refused: refused.map(({ gate, peer, code }) => `${peer}: ${gate} ${code}`),
    refusals: refused,
  });
}

function idOf({ meshId, node, name }: Candidate): string | undefined {
  return node === undefined || name === undefined ? undefined : agentId(meshId, node, name);
}

function agentOf(candidate: Candidate): { agent?: string } {
  const agent = idOf(candidate);
  return agent === undefined ? {} : { agent };
}
