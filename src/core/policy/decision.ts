/**
 * Questions and answers.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { PolicyOutcome } from '../../ports/policy-engine.ts';

/** May `subject` do `action` on `resource`? */
export interface AccessRequest {
  /** The organisation that wants to act. Default: this node's own. */
  readonly subject?: Did;
  /** `task.send`, `task.receive`, `tool.call`, `federate`, `round.join`, `record.publish`, or one of your own. */
  readonly action: string;
  /** `agent:<id>`, `org:<did>`, or `mesh` for this node's own mesh. */
  readonly resource: string;
  /** Facts about this request: texts, integers, booleans, lists and objects of them. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** The answer. */
export interface Decision {
  readonly effect: 'allow' | 'deny';
  /** Ids of the policies that decided; empty when nothing permitted it. */
  readonly determining: readonly string[];
  /** What would help, as the deciding policy's `@advice` says. */
  readonly advice?: string;
  /** Rules marked `@violation` among those that forbade it. */
  readonly violation?: ViolatedRules;
  /** What went wrong on the way, `<policy>: <what>`. */
  readonly errors: readonly string[];
  /** Revision of the policies that were asked. */
  readonly revision: number;
  readonly arm: 'stable';
  /** Where it came from; `bypass` when it cannot be kept. */
  readonly cache: 'hit' | 'miss' | 'bypass';
  /** Milliseconds since it was computed; never changes its truth. */
  readonly ageMs: number;
}

/** Rules that say that breaking them has consequences. */
export interface ViolatedRules {
  /** Their ids. */
  readonly policies: readonly string[];
  /** What the first asks for: `quarantine`, `slash` or `evidence`, and for how long. */
  readonly sanction: string;
}

/** Why a decision is what it is. */
export interface Explanation {
  readonly decision: Decision;
  /** Every policy in force, in order, and what it said. */
  readonly policies: readonly ExplainedPolicy[];
}

/** One policy's part in a decision. */
export interface ExplainedPolicy extends PolicyOutcome {
  readonly advice?: string;
}
