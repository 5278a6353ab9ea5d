/** One keeper's log with everything around it. */
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { Audit, type AuditOptions } from '../../../src/core/audit/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Store } from '../../../src/ports/store.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { type VirtualClock, virtualClock } from '../../../src/testing/virtual-clock.ts';
import { type Party, party, TestKeys } from '../trust/rig.ts';

/** A desk and what it stands on. */
export interface AuditRig {
  readonly self: Party;
  readonly audit: Audit;
  readonly store: Store;
  readonly clock: VirtualClock;
}

let rigs = 0;

/** The desk of `name`. Its chance is its own, so that no two lives of a log share a nonce. */
export function auditRig(name = 'keeper', options: Partial<AuditOptions> = {}): AuditRig {
  const self = party(name);
  const clock = (options.clock as VirtualClock | undefined) ?? virtualClock();
  const store = options.store ?? memoryStore({ clock });
  rigs += 1;
  const audit = new Audit({
    did: self.did,
    signer: self.signer,
    keys: new TestKeys(),
    crypto: nodeCrypto,
    random: seededRandom(`audit ${rigs}`),
    headEvery: 64,
    ...options,
    clock,
    store,
  });
  return { self, audit, store, clock };
}

/** Adds `count` entries, as fast as they can be taken. */
export async function fill(audit: Audit, count: number, kinds = ['task', 'policy']): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const kind = kinds[i % kinds.length]!;
    const body = { number: i, note: `entry ${i}` };
    if (i % 5_000 === 4_999) await audit.append(kind, body);
    else audit.appendSoon(kind, body);
  }
  for await (const _ of audit.entries({ limit: 1 }));
}

/** Everything of an iterable. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
