/**
 * Which of several agents gets a task.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { TaskRequest } from '../schema/task.ts';

/** How far an organisation is believed here. */
export interface CandidateTrust {
  /** 0 to 100, a lower confidence bound. */
  readonly score: number;
  /** What its work makes it; `unknown` while too little is known. */
  readonly standing: 'good' | 'bad' | 'unknown';
}

/** An agent a task could go to; without `name` any agent of that organisation. */
export interface Candidate {
  readonly meshId: Did;
  readonly node?: string;
  readonly name?: string;
  /** Version of the agent, as announced. */
  readonly version?: string;
  /** Tasks its node was running when it last said so. */
  readonly load?: number;
  /** Tasks its node can run at a time. */
  readonly capacity?: number;
  /** Trust in its organisation; absent for one's own. */
  readonly trust?: CandidateTrust;
  /** Its place in discovery's order, the least first; equal for agents that nothing known here tells apart. */
  readonly rank?: number;
}

/** Why a candidate stands where it stands. */
export interface PlacementReason {
  /** How likely it was that its organisation is tried first, 0 to 1. */
  readonly chance: number;
  /** For people. */
  readonly because: string;
}

/** Puts candidates in the order in which they are tried. Must be deterministic in what it is given. */
export interface Placement {
  /**
   * The candidates to try, best first; those it leaves out are not asked. Default: by trust, with a share for newcomers
   * (`docs/guide/trust.md`).
   */
  choose(task: TaskRequest, candidates: readonly Candidate[]): readonly Candidate[];
  /** Why each of the candidates that {@link choose} gave stands there, in their order: a part of `mesh.explain(taskId)`. */
  explain?(task: TaskRequest, candidates: readonly Candidate[]): readonly PlacementReason[];
}
