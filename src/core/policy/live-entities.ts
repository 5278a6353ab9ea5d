/**
 * Entities as one decision sees them: looked up when a policy asks, and then fixed until the decision is made.
 * @module
 */

import type { Did } from '../../base/ids.ts';
import { type Entity, type EntityRef, entityKey } from '../../ports/policy-engine.ts';
import type { EntitySource } from './needs.ts';

/** A map that fills itself from an EntitySource. Engines look things up by key; iterating shows what was looked up. */
export class LiveEntities extends Map<string, Entity> {
  readonly #source: EntitySource;
  readonly #self: Did;
  readonly #unknown = new Set<string>();

  constructor(source: EntitySource, self: Did) {
    super();
    this.#source = source;
    this.#self = self;
  }

  override get(key: string): Entity | undefined {
    const known = super.get(key);
    if (known !== undefined || this.#unknown.has(key)) return known;
    const entity = this.#find(refOf(key));
    if (entity === undefined) this.#unknown.add(key);
    else this.set(key, entity);
    return entity;
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  // The own mesh belongs to the own organisation; nobody else can say so.
  #find(ref: EntityRef): Entity | undefined {
    if (ref.type !== 'Mesh' || ref.id !== this.#self) return this.#source.entity(ref);
    return { ref, attributes: {}, parents: [{ type: 'Org', id: this.#self }] };
  }
}

// A quote inside an id is written `\"`, so the first `::"` ends the type. Most ids have nothing escaped.
function refOf(key: string): EntityRef {
  const at = key.indexOf('::"');
  const id = key.includes('\\') ? (JSON.parse(key.slice(at + 2)) as string) : key.slice(at + 3, -1);
  return { type: key.slice(0, at), id };
}

/** The organisation behind `ref`, as far as it is known: itself, or the one its `org` attribute names. */
export function organisationOf(
  ref: EntityRef,
  entities: ReadonlyMap<string, Entity>,
): string | undefined {
  if (ref.type === 'Org' || ref.type === 'Mesh') return ref.id;
  const org = entities.get(entityKey(ref))?.attributes['org'];
  return typeof org === 'object' && 'id' in org ? (org as EntityRef).id : undefined;
}
