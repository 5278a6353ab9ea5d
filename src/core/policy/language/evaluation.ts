/**
 * One question being answered: its four variables, and what is known of entities.
 * @module
 */
import type { Entity, PolicyRequest } from '../../../ports/policy-engine.ts';
import type { Variable } from './syntax.ts';
import {
  asEntity,
  asRecord,
  memberOf,
  type RecordValue,
  record,
  Uid,
  type Value,
} from './value.ts';

/** How many entities above one are looked at; a larger hierarchy is cut, so that no data can stall a decision. */
const maxAncestors = 10_000;

/** The variables of a request, and entities by their uid. */
export class Evaluation {
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly context: RecordValue;
  readonly #entities: ReadonlyMap<string, Entity>;
  readonly #ancestors = new Map<string, ReadonlySet<string>>();

  constructor(request: PolicyRequest, entities: ReadonlyMap<string, Entity>) {
    this.principal = Uid.of(request.principal);
    this.action = Uid.of(request.action);
    this.resource = Uid.of(request.resource);
    this.context = bare(request.context);
    this.#entities = entities;
  }

  /** What is known of `uid`. */
  entity(uid: Uid): Entity | undefined {
    return this.#entities.get(uid.key);
  }

  /** The value of a variable. */
  variable(name: Variable): Value {
    return this[name];
  }

  /** Member or attribute `name`; undefined when there is none, or `value` has none at all. */
  member(value: Value, name: string): Value | undefined {
    const uid = asEntity(value);
    const members = uid === undefined ? asRecord(value) : this.entity(uid)?.attributes;
    return members && memberOf(members, name);
  }

  /** Keys of `uid` and of everything above it. */
  ancestors(uid: Uid): ReadonlySet<string> {
    let known = this.#ancestors.get(uid.key);
    if (known === undefined) {
      known = this.#climb(uid);
      this.#ancestors.set(uid.key, known);
    }
    return known;
  }

  #climb(uid: Uid): ReadonlySet<string> {
    const seen = new Set([uid.key]);
    const open = [uid];
    for (let at = open.pop(); at !== undefined && seen.size < maxAncestors; at = open.pop()) {
      for (const parent of this.entity(at)?.parents ?? []) {
        const above = Uid.of(parent);
        if (seen.has(above.key)) continue;
        seen.add(above.key);
        open.push(above);
      }
    }
    return seen;
  }
}

/** The context is a record even when its members make it look like an entity. */
function bare(context: RecordValue): RecordValue {
  return Object.getPrototypeOf(context) === null ? context : record(Object.entries(context));
}
