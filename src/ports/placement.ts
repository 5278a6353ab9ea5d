/**
 * Which of several agents gets a task.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { TaskRequest } from '../schema/task.ts';

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
}

/** Puts candidates in the order in which they are tried. Must be deterministic in what it is given. */
export interface Placement {
  /** The candidates to try, best first; those it leaves out are not asked. Default: as ranked by discovery. */
  choose(task: TaskRequest, candidates: readonly Candidate[]): readonly Candidate[];
}
