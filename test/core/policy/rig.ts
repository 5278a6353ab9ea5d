/** What the tests of the policy room share. */

import { asDid, type Did, type DidUrl, splitDidUrl } from '../../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../../src/base/multiformat.ts';
import { PolicyCache, type PolicyCacheOptions } from '../../../src/core/policy/index.ts';
import type { DecisionRecord, EntitySource, Persistence } from '../../../src/core/policy/needs.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import {
  type Entity,
  type EntityRef,
  entityKey,
  type PolicyValue,
} from '../../../src/ports/policy-engine.ts';
import type { Store } from '../../../src/ports/store.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

export const acme = asDid('did:mesh:org:acme');
export const globex = asDid('did:mesh:org:globex');
export const initech = asDid('did:mesh:org:initech');

export const org = (id: string): EntityRef => ({ type: 'Org', id });
export const agent = (id: string): EntityRef => ({ type: 'Agent', id });

/** Entities under the test's hand. */
export class World implements EntitySource {
  readonly entities: Map<string, Entity>;

  constructor(entities: ReadonlyMap<string, Entity> = new Map()) {
    this.entities = new Map(entities);
  }

  put(
    ref: EntityRef,
    attributes: Record<string, PolicyValue> = {},
    parents: readonly EntityRef[] = [],
  ): this {
    this.entities.set(entityKey(ref), { ref, attributes, parents });
    return this;
  }

  organisation(did: Did, attributes: Record<string, PolicyValue> = {}): this {
    return this.put(org(did), { credentials: [], federated: false, ...attributes });
  }

  agent(id: string, owner: Did, attributes: Record<string, PolicyValue> = {}): this {
    const known = { org: org(owner), name: id, capabilities: [], version: '1.0.0' };
    return this.put(agent(id), { ...known, ...attributes }, [org(owner)]);
  }

  entity(ref: EntityRef): Entity | undefined {
    return this.entities.get(entityKey(ref));
  }
}

/** A cache of acme's, and what it told. */
export function rig(options: Partial<PolicyCacheOptions> = {}) {
  const world = new World();
  const clock = virtualClock();
  const decisions: DecisionRecord[] = [];
  const events: unknown[] = [];
  const cache = new PolicyCache({
    self: acme,
    clock,
    emit: (type, data) => events.push({ type, data }),
    entities: world,
    decisions: { append: (decision) => decisions.push(decision) },
    ...options,
  });
  return { cache, world, clock, decisions, events };
}

/** A did:key identity whose proofs verify, with `store`. */
export function persistence(store: Store, seed = 1): Persistence & { readonly self: Did } {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(seed));
  const multikey = toMultikey('Ed25519', key.publicKey);
  const self = asDid(`did:key:${multikey}`);
  const keyId: DidUrl = `${self}#${multikey}`;
  return {
    self,
    store,
    signer: { keyId, sign: async (message) => nodeCrypto.sign(key, message) },
    verify: async (id, message, signature) =>
      nodeCrypto.verify(
        { type: 'Ed25519', publicKey: fromMultikey(splitDidUrl(id).fragment).publicKey },
        message,
        signature,
      ),
  };
}
