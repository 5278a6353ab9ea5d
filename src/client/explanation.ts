/**
 * Why a task went where it went, or nowhere: every gate's verdict on every candidate, and what would make it pass.
 * @module
 */
import { advice } from '../base/advice.ts';
import { MeshError, type MeshErrorCode, type MeshErrorParams } from '../base/errors.ts';
import type { Did } from '../base/ids.ts';
import type { Budget, GateName, GateRequest } from '../ports/gate.ts';
import type { Candidate, CandidateTrust, Placement, PlacementReason } from '../ports/placement.ts';
import { agentId } from '../schema/agent-record.ts';
import type { TaskRequest } from '../schema/task.ts';
import type { Gates, Refusal } from './gates.ts';

/** A refusal as data. */
export interface ExplainedRefusal {
  readonly gate: GateName;
  readonly code: MeshErrorCode;
  readonly params: MeshErrorParams;
}

/** What one gate says of one candidate. */
export interface ExplainedVerdict {
  readonly gate: GateName;
  /** `receive` for the gates of this node's own agents; those of others are their own business. */
  readonly direction: 'send' | 'receive';
  readonly passes: boolean;
  /** Why not. */
  readonly refusal?: ExplainedRefusal;
  /** What would make it pass. */
  readonly help?: string;
}

/** One candidate, as Placement orders them. */
export interface ExplainedCandidate {
  readonly peer: Did;
  /** Id of the agent; absent when any agent of the organisation will do. */
  readonly agent?: string;
  /** What was known of its organisation when the task was placed; absent for one's own, and for a peer that was named. */
  readonly trust?: CandidateTrust;
  /** Why it stands where it stands; absent where whoever places tasks gives no reasons. */
  readonly placed?: PlacementReason;
  readonly passes: boolean;
  /** Every gate in its order. */
  readonly verdicts: readonly ExplainedVerdict[];
  /** What refused it when the task was tried; absent when nothing did, or it was not tried. */
  readonly refusedBefore?: ExplainedRefusal;
}

/** How a task stands with every gate, now. */
export interface TaskExplanation {
  readonly task: string;
  readonly type: string;
  readonly state: 'running' | 'completed' | 'failed';
  /** The agent that did it. */
  readonly agent?: string;
  readonly candidates: readonly ExplainedCandidate[];
}

/** A task that was tried. */
export interface TriedTask {
  request: TaskRequest;
  readonly budget: Budget | undefined;
  /** Those it was offered to, in order. */
  readonly candidates: readonly Candidate[];
  readonly refusals: readonly Refusal[];
  state: TaskExplanation['state'];
  agent?: string;
}

/** Tasks that can be explained; of older ones nothing is known. */
const historyLimit = 256;

/** The last tasks this node wanted done. */
export class TaskHistory {
  readonly #tasks = new Map<string, TriedTask>();

  /** Notes that a task is being tried. */
  note(task: TriedTask): void {
    const { id } = task.request;
    this.#tasks.delete(id);
    this.#tasks.set(id, task);
    const oldest = this.#tasks.keys().next().value;
    if (this.#tasks.size > historyLimit && oldest !== undefined) this.#tasks.delete(oldest);
  }

  /** Forgets what was tried about `subject`. */
  erase(subject: string): void {
    for (const [id, { request }] of this.#tasks) {
      if (request.subject === subject) this.#tasks.delete(id);
    }
  }

  /** The task; `NOT_FOUND` when it was never tried here or is no longer remembered. */
  get(id: string): TriedTask {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new MeshError('NOT_FOUND', { what: 'task', id });
    return task;
  }
}

/** Who is asked for an explanation. */
export interface ExplanationSources {
  readonly gates: Gates;
  readonly placement: Placement;
  readonly self: Did;
  readonly signal: AbortSignal;
}

/** Asks placement and every gate about every candidate of `tried`, as things stand now. */
export async function explain(
  tried: TriedTask,
  sources: ExplanationSources,
): Promise<TaskExplanation> {
  const { request, state, agent } = tried;
  const reasons = sources.placement.explain?.(request, tried.candidates);
  const candidates: ExplainedCandidate[] = [];
  for (const [i, candidate] of tried.candidates.entries()) {
    const placed = reasons?.[i];
    candidates.push({
      ...(await explainOne(candidate, tried, sources)),
      ...(placed !== undefined && { placed }),
    });
  }
  const { id: task, type } = request;
  return { task, type, state, ...(agent !== undefined && { agent }), candidates };
}

async function explainOne(
  candidate: Candidate,
  { request: task, budget, refusals }: TriedTask,
  { gates, self, signal }: ExplanationSources,
): Promise<ExplainedCandidate> {
  const { meshId: peer, node, name, trust } = candidate;
  const agent = node === undefined || name === undefined ? undefined : agentId(peer, node, name);
  const asked = { task, peer, agent, signal };
  const verdicts = await verdictsOf({ ...asked, budget, direction: 'send' }, gates);
  if (peer === self) {
    verdicts.push(...(await verdictsOf({ ...asked, direction: 'receive' }, gates)));
  }
  const before = refusals.find((refusal) => refusal.peer === peer && refusal.agent === agent);
  return {
    peer,
    ...(agent !== undefined && { agent }),
    ...(trust !== undefined && { trust }),
    passes: verdicts.every(({ passes }) => passes),
    verdicts,
    ...(before !== undefined && { refusedBefore: asData(before) }),
  };
}

async function verdictsOf(request: GateRequest, gates: Gates): Promise<ExplainedVerdict[]> {
  const { direction } = request;
  return (await gates.verdicts(request)).map(({ gate, error }) =>
    error === undefined
      ? { gate, direction, passes: true }
      : { gate, direction, passes: false, refusal: asData({ gate, error }), help: helpOf(error) },
  );
}

function asData({ gate, error }: Pick<Refusal, 'gate' | 'error'>): ExplainedRefusal {
  const { code, params } = error;
  return { gate, code, params };
}

/** What the refusing gate says would help, else what helps with such refusals. */
function helpOf({ code, params }: MeshError): string {
  const said = params['advice'];
  return typeof said === 'string' ? said : advice[code];
}
