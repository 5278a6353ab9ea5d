/**
 * An evaluator of policies. The default is the house's own Cedar; others can be plugged in.
 * @module
 */

/** A thing policies speak about: `Org::"did:..."`. */
export interface EntityRef {
  readonly type: string;
  readonly id: string;
}

/** A value of the policy language. 64-bit integers are bigints. */
export type PolicyValue =
  | boolean
  | bigint
  | string
  | EntityRef
  | readonly PolicyValue[]
  | { readonly [key: string]: PolicyValue };

/** A thing, what is known of it, and the groups it is in. */
export interface Entity {
  readonly ref: EntityRef;
  readonly attributes: Readonly<Record<string, PolicyValue>>;
  readonly parents: readonly EntityRef[];
  /** Values under names that are computed, for `getTag`. */
  readonly tags?: Readonly<Record<string, PolicyValue>>;
}

/** One policy, as written. */
export interface PolicySource {
  readonly id: string;
  readonly text: string;
}

/** One question. */
export interface PolicyRequest {
  readonly principal: EntityRef;
  readonly action: EntityRef;
  readonly resource: EntityRef;
  readonly context: Readonly<Record<string, PolicyValue>>;
}

/** The answer of an engine. */
export interface EngineDecision {
  readonly effect: 'allow' | 'deny';
  /** Ids of the policies that decided; empty for a default deny. */
  readonly determining: readonly string[];
  /** What went wrong, by policy. */
  readonly errors: readonly { readonly policy: string; readonly message: string }[];
}

/** Policies made ready for many questions. */
export interface PreparedPolicies {
  /** Answers one question. What goes wrong in a policy is part of the answer, never thrown. */
  evaluate(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): EngineDecision;
  /** Annotation `name` of policy `id`, e.g. its advice. */
  annotation(id: string, name: string): string | undefined;
  /**
   * Everything the answer depends on, as one text: equal texts, equal answers. Undefined when that cannot be told,
   * and then the answer may not be kept. An engine without this method is asked every time.
   */
  dependencies?(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): string | undefined;
  /** What each policy says to the request, in order; for people who ask why. */
  explain?(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): readonly PolicyOutcome[];
}

/** What one policy says to one request. */
export interface PolicyOutcome {
  readonly policy: string;
  readonly effect: 'permit' | 'forbid';
  readonly outcome: 'matched' | 'not-matched' | 'erred';
  /** What went wrong, when it erred. */
  readonly message?: string;
}

/** Turns policy text into something that decides. */
export interface PolicyEngine {
  readonly name: string;
  /** Throws `POLICY_SYNTAX` or `POLICY_UNSUPPORTED` with line and column; never drops a policy silently. */
  prepare(policies: readonly PolicySource[]): PreparedPolicies;
}

/** Key of an entity in the map handed to `evaluate`: its Cedar literal, `Type::"id"`. */
export function entityKey(ref: EntityRef): string {
  return `${ref.type}::${JSON.stringify(ref.id)}`;
}
