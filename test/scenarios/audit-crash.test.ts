// The power fails at every write of an audit log in turn: what was promised is there, and the chain is whole.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../src/base/errors.ts';
import type { Did } from '../../src/base/ids.ts';
import type { Audit } from '../../src/core/audit/index.ts';
import { createTestMesh } from '../../src/testing/index.ts';

interface Promised {
  readonly entries: Set<string>;
  /** Tags of subjects whose erasure was acknowledged. */
  readonly erased: Set<string>;
}

/** Adds entries about three subjects, and erases one now and then, until the machine stops. */
async function write(audit: Audit, round: string, promised: Promised): Promise<void> {
  for (let i = 0; i < 12; i += 1) {
    const subject = `user:${i % 3}`;
    const about = { subject, personal: ['name'] };
    const entries = await Promise.all(
      [0, 1].map((j) => audit.append('note', { id: `${round}.${i}.${j}`, name: subject }, about)),
    );
    for (const { hash } of entries) promised.entries.add(hash);
    if (i % 4 !== 3) continue;
    const { entry, found } = await audit.erase({ subject, basis: 'asked to' });
    promised.entries.add(entry.hash);
    if (found) promised.erased.add((entry.body as { tag: string }).tag);
  }
}

describe('an audit log over a power loss', () => {
  it('at any of its writes is whole, has all that was promised, and nothing that was erased', async () => {
    let crashes = 0;
    for (let at = 1; at <= 24; at += 1) {
      await using mesh = await createTestMesh({
        orgs: ['a'],
        seed: at,
        client: { audit: { headEvery: 5 } },
      });
      const node = mesh.node('a');
      const did: Did = mesh.did('a');
      const promised: Promised = { entries: new Set(), erased: new Set() };
      await mesh.settle();
      let left = at;
      mesh.trace().on(({ type }) => {
        if (type !== 'store.written' || !node.up) return;
        left -= 1;
        if (left > 0) return;
        left = Infinity;
        crashes += 1;
        void node.crash({ power: true });
      });
      await write(node.client.audit, 'first', promised).catch((error: unknown) => {
        if (!MeshError.is(error, 'CLOSED')) throw error;
      });
      left = Infinity;
      if (!node.up) await node.restart();
      await write(node.client.audit, 'second', promised);
      const { audit } = node.client;
      expect(await audit.verify()).toMatchObject({ intact: true });
      const hashes = new Set<string>();
      const readable = new Set<string>();
      for await (const { hash, sealed, body } of audit.entries({ reveal: true })) {
        hashes.add(hash);
        if (sealed !== undefined && 'name' in (body as object)) readable.add(sealed.tag);
      }
      expect([...promised.entries].filter((hash) => !hashes.has(hash))).toEqual([]);
      expect([...promised.erased].filter((tag) => readable.has(tag))).toEqual([]);
      const bundle = await audit.export();
      expect(bundle.manifest.keeper).toBe(did);
    }
    expect(crashes).toBeGreaterThan(15);
  }, 60_000);
});
