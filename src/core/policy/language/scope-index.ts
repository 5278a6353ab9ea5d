/**
 * Finds the policies whose scope can match a request without looking at the others.
 * @module
 */
import type { Evaluation } from './evaluation.ts';
import type { CompiledPolicy } from './statement.ts';
import type { Scope } from './syntax.ts';
import type { Uid } from './value.ts';

const dimensions = ['principal', 'resource', 'action'] as const;
type Dimension = (typeof dimensions)[number];
type Shelf = Map<string, CompiledPolicy[]>;

/** Each policy stands on one shelf, under the entity or type that fewest other policies name. */
export class ScopeIndex {
  readonly #shelves: Readonly<Record<Dimension, Shelf>> = {
    principal: new Map(),
    resource: new Map(),
    action: new Map(),
  };
  readonly #everywhere: CompiledPolicy[] = [];

  constructor(policies: readonly CompiledPolicy[]) {
    const popularity = countKeys(policies);
    for (const policy of policies) this.#place(policy, popularity);
  }

  /** Candidates for a request: all that match are among them. */
  candidates(at: Evaluation): readonly CompiledPolicy[] {
    const found: CompiledPolicy[] = [...this.#everywhere];
    for (const dimension of dimensions) {
      const shelf = this.#shelves[dimension];
      if (shelf.size > 0) collect(shelf, at[dimension], at, found);
    }
    // A policy for several actions stands under each, and could be met twice in a hierarchy of actions.
    return at.ancestors(at.action).size > 1 ? [...new Set(found)] : found;
  }

  #place(policy: CompiledPolicy, popularity: ReadonlyMap<string, number>): void {
    let best: { dimension: Dimension; keys: readonly string[]; rivals: number } | undefined;
    for (const dimension of dimensions) {
      const keys = keysOf(policy.statement[dimension]);
      if (keys === undefined) continue;
      const rivals = keys.reduce((sum, key) => sum + popularity.get(dimension + key)!, 0);
      if (best === undefined || rivals < best.rivals) best = { dimension, keys, rivals };
    }
    if (best === undefined) this.#everywhere.push(policy);
    else for (const key of best.keys) add(this.#shelves[best.dimension], key, policy);
  }
}

function countKeys(policies: readonly CompiledPolicy[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { statement } of policies) {
    for (const dimension of dimensions) {
      for (const key of keysOf(statement[dimension]) ?? []) {
        counts.set(dimension + key, (counts.get(dimension + key) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** What a scope names: entities by key, types by name; undefined when it names nothing. */
function keysOf({ type, equals, within }: Scope): readonly string[] | undefined {
  if (equals !== undefined) return [equals.key];
  if (within !== undefined) return [...new Set(within.map((above) => above.key))];
  return type === undefined ? undefined : [type];
}

function add(shelf: Shelf, key: string, policy: CompiledPolicy): void {
  const policies = shelf.get(key);
  if (policies === undefined) shelf.set(key, [policy]);
  else policies.push(policy);
}

function collect(shelf: Shelf, uid: Uid, at: Evaluation, found: CompiledPolicy[]): void {
  push(shelf.get(uid.type), found);
  for (const key of at.ancestors(uid)) push(shelf.get(key), found);
}

function push(policies: readonly CompiledPolicy[] | undefined, found: CompiledPolicy[]): void {
  for (const policy of policies ?? []) found.push(policy);
}
