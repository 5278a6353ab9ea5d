/**
 * The house's own engine for the Cedar policy language: text to closures, no WebAssembly.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type {
  EngineDecision,
  Entity,
  PolicyEngine,
  PolicyOutcome,
  PolicyRequest,
  PolicySource,
  PreparedPolicies,
} from '../../../ports/policy-engine.ts';
import { parseSanction } from '../../../schema/sanction.ts';
import { compileText } from './compiled-texts.ts';
import { Evaluation } from './evaluation.ts';
import { Projection } from './projection.ts';
import { ScopeIndex } from './scope-index.ts';
import type { Answer, CompiledPolicy } from './statement.ts';

/** Options of {@link cedarEngine}. */
export interface CedarEngineOptions {
  /**
   * What an error inside a `forbid` does. `deny` (default): the forbid counts as matched, so that missing data never
   * opens a door. `cedar`: the policy is skipped, as the language's own specification has it.
   */
  readonly onForbidError?: 'deny' | 'cedar';
}

/**
 * An engine for Cedar 4. Conditions, hierarchies, tags, 64-bit integers and the extension types decimal, ipaddr,
 * datetime and duration are evaluated; templates are refused.
 */
export function cedarEngine(options: CedarEngineOptions = {}): PolicyEngine {
  const failClosed = (options.onForbidError ?? 'deny') === 'deny';
  return {
    name: 'cedar',
    prepare: (sources) => new CedarPolicies(compileAll(sources), failClosed),
  };
}

class CedarPolicies implements PreparedPolicies {
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  readonly #index: ScopeIndex;
  readonly #projection: Projection;
  readonly #failClosed: boolean;

  constructor(policies: readonly CompiledPolicy[], failClosed: boolean) {
    this.#policies = new Map(policies.map((policy) => [policy.id, policy]));
    this.#index = new ScopeIndex(policies);
    this.#projection = new Projection(policies.map(({ statement }) => statement));
    this.#failClosed = failClosed;
  }

  evaluate(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): EngineDecision {
    const at = new Evaluation(request, entities);
    const tally = new Tally(this.#failClosed);
    for (const policy of this.#index.candidates(at)) tally.count(policy, policy.answer(at));
    return tally.decision();
  }

  annotation(id: string, name: string): string | undefined {
    return this.#policies.get(id)?.statement.annotations.get(name);
  }

  dependencies(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): string | undefined {
    return this.#projection.of(new Evaluation(request, entities));
  }

  explain(request: PolicyRequest, entities: ReadonlyMap<string, Entity>): readonly PolicyOutcome[] {
    const at = new Evaluation(request, entities);
    return [...this.#policies.values()].map((policy) => outcomeOf(policy, policy.answer(at)));
  }
}

/** Gathers answers; forbid overrides permit, and without a permit nothing is allowed. */
class Tally {
  readonly #failClosed: boolean;
  readonly #permits: CompiledPolicy[] = [];
  readonly #forbids: CompiledPolicy[] = [];
  readonly #errors: { readonly policy: CompiledPolicy; readonly message: string }[] = [];

  constructor(failClosed: boolean) {
    this.#failClosed = failClosed;
  }

  count(policy: CompiledPolicy, answer: Answer): void {
    if (answer === 'not-matched') return;
    const isForbid = policy.statement.effect === 'forbid';
    if (answer !== 'matched') this.#errors.push({ policy, message: answer.erred });
    if (answer === 'matched' || (isForbid && this.#failClosed)) {
      (isForbid ? this.#forbids : this.#permits).push(policy);
    }
  }

  decision(): EngineDecision {
    const isForbidden = this.#forbids.length > 0;
    const determining = isForbidden ? this.#forbids : this.#permits;
    const errors = this.#errors.sort((a, b) => a.policy.index - b.policy.index);
    return {
      effect: !isForbidden && determining.length > 0 ? 'allow' : 'deny',
      determining: determining.sort((a, b) => a.index - b.index).map(({ id }) => id),
      errors: errors.map(({ policy, message }) => ({ policy: policy.id, message })),
    };
  }
}

function outcomeOf({ id, statement }: CompiledPolicy, answer: Answer): PolicyOutcome {
  const policy = { policy: id, effect: statement.effect };
  if (typeof answer === 'string') return { ...policy, outcome: answer };
  return { ...policy, outcome: 'erred', message: answer.erred };
}

/** All statements of all sources. The ids of a source with several come from `@id`, or from their number. */
function compileAll(sources: readonly PolicySource[]): readonly CompiledPolicy[] {
  const policies: CompiledPolicy[] = [];
  const ids = new Set<string>();
  for (const source of sources) {
    const compiled = compileText(source.text);
    for (const [i, one] of compiled.entries()) {
      const own = one.statement.annotations.get('id') ?? `${source.id}/${String(i)}`;
      const id = compiled.length === 1 ? source.id : own;
      const sanction = one.statement.annotations.get('violation');
      if (sanction !== undefined) parseSanction(sanction);
      if (ids.has(id)) throw new MeshError('ALREADY_EXISTS', { what: 'policy', id });
      ids.add(id);
      policies.push({ ...one, id, index: policies.length });
    }
  }
  return policies;
}
