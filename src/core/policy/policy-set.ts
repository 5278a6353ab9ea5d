/**
 * The policies in force, prepared. A set never changes: another revision is another set.
 * @module
 */
import { compareText } from '../../base/ids.ts';
import { cidOfJson } from '../../base/multiformat.ts';
import type {
  Entity,
  PolicyEngine,
  PolicyRequest,
  PreparedPolicies,
} from '../../ports/policy-engine.ts';
import type { ExplainedPolicy, ViolatedRules } from './decision.ts';
import type { Policy } from './policy.ts';

/** The part of a decision that depends on nothing but policies, request and entities. */
export interface Verdict {
  readonly effect: 'allow' | 'deny';
  readonly determining: readonly string[];
  readonly advice?: string;
  readonly violation?: ViolatedRules;
  readonly errors: readonly string[];
}

/** Policies of one revision. */
export class PolicySet {
  readonly revision: number;
  /** CID of the engine's name and all policies in order of id: the same policies, the same version. */
  readonly version: string;
  readonly #prepared: PreparedPolicies;

  /** Throws what the engine throws when a policy is wrong. */
  constructor(engine: PolicyEngine, policies: readonly Policy[], revision: number) {
    this.revision = revision;
    this.#prepared = engine.prepare(policies);
    const sorted = [...policies].sort((a, b) => compareText(a.id, b.id));
    this.version = cidOfJson({
      engine: engine.name,
      policies: sorted.map(({ id, text }) => ({ id, text })),
    });
  }

  /** Everything the verdict depends on, as one text; undefined when it may not be kept. */
  keyOf(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): string | undefined {
    const text = this.#prepared.dependencies?.(request, entities);
    return text === undefined ? undefined : `${String(this.revision)} ${text}`;
  }

  /** The verdict. */
  judge(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): Verdict {
    const { effect, determining, errors } = this.#prepared.evaluate(request, entities);
    const advice = this.#advice(determining);
    // A rule that could not be read to its end accuses nobody.
    const read = determining.filter((id) => !errors.some(({ policy }) => policy === id));
    const violation = effect === 'deny' ? this.#violation(read) : undefined;
    // Kept verdicts are handed out many times.
    return {
      effect,
      determining: Object.freeze([...determining]),
      ...(advice !== undefined && { advice }),
      ...(violation !== undefined && { violation }),
      errors: Object.freeze(errors.map(({ policy, message }) => `${policy}: ${message}`)),
    };
  }

  /** What each policy says; undefined when the engine cannot tell. */
  explain(
    request: PolicyRequest,
    entities: ReadonlyMap<string, Entity>,
  ): readonly ExplainedPolicy[] | undefined {
    return this.#prepared.explain?.(request, entities).map((outcome) => {
      const advice = this.#prepared.annotation(outcome.policy, 'advice');
      return { ...outcome, ...(advice !== undefined && { advice }) };
    });
  }

  #violation(determining: readonly string[]): ViolatedRules | undefined {
    const marked = determining.flatMap((id) => {
      const sanction = this.#prepared.annotation(id, 'violation');
      return sanction === undefined ? [] : [{ id, sanction }];
    });
    const [first] = marked;
    if (first === undefined) return undefined;
    return Object.freeze({ policies: marked.map(({ id }) => id), sanction: first.sanction });
  }

  #advice(determining: readonly string[]): string | undefined {
    for (const id of determining) {
      const advice = this.#prepared.annotation(id, 'advice');
      if (advice !== undefined) return advice;
    }
    return undefined;
  }
}
