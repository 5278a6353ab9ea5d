import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { verifyAuditLog } from '../../../src/audit.ts';
import type { AuditOptions } from '../../../src/core/audit/index.ts';
import type { Anchor } from '../../../src/ports/anchor.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Street } from '../../../src/ports/street.ts';
import { party, TestKeys, TestStreet, type Told, until } from '../trust/rig.ts';
import { type AuditRig, all, auditRig, fill } from './audit-rig.ts';

/** Some keepers on one street. */
class Town {
  readonly street = new TestStreet();
  readonly told = new Map<string, Told[]>();

  async open(name: string, options: Partial<AuditOptions> = {}): Promise<AuditRig> {
    const told: Told[] = [];
    this.told.set(name, told);
    const rig = auditRig(name, {
      street: this.street.at(party(name).did) as unknown as Street,
      emit: (type, data, about) => told.push({ type, data, peer: about?.peer }),
      ...options,
    });
    await rig.audit.start();
    return rig;
  }
}

/** Another store with the same rows. */
async function copyOf(store: Store): Promise<Store> {
  const copy = memoryStore();
  const rows = await all(store.scan({}));
  await copy.write(rows.map(({ key, value }) => ({ put: key, value })));
  return copy;
}

const headsAt = async ({ audit }: AuditRig) =>
  (await audit.checkpoints()).map(({ index }) => index);

describe('checkpoints', () => {
  it('come to peers, who keep the newest and sign that they saw it', async () => {
    const town = new Town();
    const [a, b] = [await town.open('a'), await town.open('b')];
    town.street.connect(a.self.did, b.self.did);
    await fill(a.audit, 100);
    await until(async () => (await headsAt(b)).length === 1);
    expect(await headsAt(b)).toEqual([99]);
    await fill(a.audit, 70);
    await until(async () => (await headsAt(b))[0] === 169);
    expect(await b.audit.checkpoints({ of: b.self.did })).toEqual([]);
    // The peer can be asked, and its word is in the bundle.
    const asked = await a.audit.checkpoints({ at: b.self.did, of: a.self.did });
    expect(asked.map(({ index }) => index)).toEqual([169]);
    await fill(a.audit, 10);
    const check = await verifyAuditLog(await a.audit.export(), { checkpoints: asked });
    expect(check).toMatchObject({ intact: true, complete: true, entries: 180 });
    await until(async () => (await a.audit.export()).witnesses[0]?.index === 179);
    expect(await verifyAuditLog(await a.audit.export())).toMatchObject({
      intact: true,
      witnesses: [{ by: b.self.did, index: 179 }],
    });
    expect(await a.audit.verify()).toMatchObject({ intact: true });
  });

  it('are signed after a while also when little happens', async () => {
    const town = new Town();
    const [a, b] = [await town.open('a', { headAfterMs: 60_000 }), await town.open('b')];
    town.street.connect(a.self.did, b.self.did);
    await a.audit.append('task', 1);
    expect(await headsAt(b)).toEqual([]);
    await a.clock.advance('1m');
    await until(async () => (await headsAt(b)).length === 1);
    await a.audit.append('task', 2);
    await a.audit.close();
    expect(a.clock.timers).toBe(0);
  });

  it('that contradict each other are found when they meet, and are proof', async () => {
    const town = new Town();
    const [a, b, c] = [await town.open('a'), await town.open('b'), await town.open('c')];
    await fill(a.audit, 10);
    // A liar keeps two truths: one for b, one for c.
    const liar = auditRig('a', { store: await copyOf(a.store) });
    town.street.connect(a.self.did, b.self.did);
    await fill(a.audit, 60, ['true']);
    await fill(liar.audit, 60, ['false']);
    await fill(a.audit, 1);
    await a.audit.export();
    await until(async () => (await headsAt(b)).length === 1);
    const honest = (await b.audit.checkpoints())[0]!;
    expect(honest.index).toBe(70);
    await fill(liar.audit, 1);
    const forged = (await liar.audit.export()).heads.at(-1)!;
    expect(forged).toMatchObject({ index: 70, log: honest.log });
    town.street.connect(liar.self.did, c.self.did);
    await town.street.call(liar.self.did, c.self.did, 'audit.checkpoint', { head: forged });
    expect(await headsAt(c)).toEqual([70]);
    expect(await c.audit.equivocations()).toEqual([]);
    // b and c meet through somebody who passes heads on.
    town.street.connect(b.self.did, c.self.did);
    await town.street.call(c.self.did, b.self.did, 'audit.checkpoint', { head: forged });
    await until(async () => (await c.audit.equivocations()).length === 1);
    for (const [name, { audit }] of [
      ['b', b],
      ['c', c],
    ] as const) {
      const [evidence] = await audit.equivocations();
      expect(evidence).toMatchObject({ proven: true });
      expect(new Set([evidence!.first.hash, evidence!.second.hash])).toEqual(
        new Set([honest.hash, forged.hash]),
      );
      const events = town.told.get(name)!.filter(({ type }) => type === 'audit.equivocated');
      expect(events).toMatchObject([{ peer: a.self.did, data: { index: 70, proven: true } }]);
    }
  });

  it('of a log that does not go on from what it was are not taken', async () => {
    const town = new Town();
    const [a, b] = [await town.open('a'), await town.open('b')];
    town.street.connect(a.self.did, b.self.did);
    await fill(a.audit, 10);
    const before = await copyOf(a.store);
    await fill(a.audit, 70);
    await until(async () => (await headsAt(b)).length === 1);
    await a.audit.close();
    // The keeper goes back to a copy of its disk.
    const again = await town.open('a', { store: before });
    await fill(again.audit, 200, ['other']);
    await until(async () => (await b.audit.equivocations()).length === 1);
    expect(await headsAt(b)).toEqual([79]);
    expect(await b.audit.equivocations()).toMatchObject([{ proven: false }]);
    expect(town.told.get('a')).toMatchObject([
      { type: 'audit.lost', peer: b.self.did, data: { index: 79 } },
    ]);
  });

  it('tell a keeper whose log was cut off that it was', async () => {
    const town = new Town();
    const [a, b] = [await town.open('a'), await town.open('b')];
    town.street.connect(a.self.did, b.self.did);
    await fill(a.audit, 10);
    const before = await copyOf(a.store);
    await fill(a.audit, 70);
    await until(async () => (await headsAt(b)).length === 1);
    await a.audit.close();
    const again = await town.open('a', { store: before });
    await again.audit.export();
    await until(() => town.told.get('a')!.length > 0);
    expect(town.told.get('a')).toMatchObject([
      { type: 'audit.lost', data: { index: 79, entries: 10 } },
    ]);
  });

  it('of strangers, of this node itself, or signed by nobody are not kept', async () => {
    const town = new Town();
    const [a, b, m] = [await town.open('a'), await town.open('b'), await town.open('m')];
    town.street.connect(m.self.did, b.self.did);
    await fill(a.audit, 5);
    const [head] = (await a.audit.export()).heads;
    const show = (to: AuditRig, body: unknown) =>
      town.street.call(m.self.did, to.self.did, 'audit.checkpoint', body);
    await show(b, { head });
    expect(await headsAt(b)).toEqual([]);
    town.street.connect(m.self.did, a.self.did);
    await show(a, { head: { ...head, index: 9 } });
    expect(await headsAt(a)).toEqual([]);
    town.street.connect(a.self.did, b.self.did);
    await expect(show(b, { head: { ...head, index: 9 } })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    await expect(show(b, { head: 'nonsense' })).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
    expect(await headsAt(b)).toEqual([]);
    // But what a connected keeper signed may come by another way.
    await show(b, { head });
    expect(await headsAt(b)).toEqual([4]);
  });

  it('take a bounded room: eight logs of a keeper', async () => {
    const town = new Town();
    const b = await town.open('b');
    for (let i = 0; i < 10; i += 1) {
      const a = await town.open('a');
      town.street.connect(a.self.did, b.self.did);
      await fill(a.audit, 1);
      const [head] = (await a.audit.export()).heads;
      await town.street.call(a.self.did, b.self.did, 'audit.checkpoint', { head });
    }
    expect(await headsAt(b)).toHaveLength(8);
  });

  it('are found missing by verify when a peer signed that it saw more', async () => {
    const town = new Town();
    const [a, b] = [await town.open('a'), await town.open('b')];
    town.street.connect(a.self.did, b.self.did);
    await fill(a.audit, 10);
    const before = await copyOf(a.store);
    await fill(a.audit, 70);
    await until(async () => (await a.audit.export()).witnesses.length === 1);
    const words = await all(a.store.scan({ prefix: 'peers/witness/' }));
    await before.write(words.map(({ key, value }) => ({ put: key, value })));
    const again = auditRig('a', { store: before, keys: new TestKeys() });
    expect(await again.audit.verify()).toMatchObject({ intact: false, firstBreak: 10 });
  });
});

describe('anchors', () => {
  /** An anchor under the test's hand. */
  function testAnchor(): Anchor & { readonly digests: Uint8Array[]; fails: boolean; time: number } {
    const digests: Uint8Array[] = [];
    const anchor = {
      name: 'test',
      digests,
      fails: false,
      time: Date.UTC(2030, 0, 1),
      anchor: (digest: Uint8Array) => {
        if (anchor.fails) return Promise.reject(new Error('away'));
        digests.push(digest);
        return Promise.resolve({
          anchor: 'test',
          at: anchor.time,
          proof: Uint8Array.of(digests.length - 1),
        });
      },
      verify: (digest: Uint8Array, { proof }: { readonly proof: Uint8Array }) =>
        Promise.resolve(Buffer.from(digests[proof[0]!] ?? []).equals(Buffer.from(digest))),
    };
    return anchor;
  }

  it('get each head, and their proofs are in the bundle', async () => {
    const anchor = testAnchor();
    const { audit } = auditRig('keeper', { anchors: [anchor] });
    expect(await audit.anchor()).toEqual([]);
    await fill(audit, 5);
    expect(await audit.anchor()).toMatchObject([{ index: 4, anchor: 'test' }]);
    await fill(audit, 5);
    const bundle = await audit.export();
    expect(await verifyAuditLog(bundle)).toMatchObject({
      intact: true,
      anchors: [{ anchor: 'test', index: 4 }, {}],
    });
    expect(await verifyAuditLog(bundle, { anchors: [anchor] })).toMatchObject({
      intact: true,
      anchors: [
        { anchor: 'test', index: 4, holds: true },
        { anchor: 'test', index: 9, holds: true },
      ],
    });
    // Proof of something else is no proof.
    const [first] = bundle.anchors;
    const forged = { ...bundle, anchors: [{ ...first!, index: 3 }] };
    expect(await verifyAuditLog(forged, { anchors: [anchor] })).toMatchObject({
      intact: true,
      anchors: [{ holds: false }],
    });
    anchor.fails = true;
    await expect(audit.anchor()).rejects.toThrow('away');
    await audit.close();
  });

  it('that are away are told of', async () => {
    const anchor = testAnchor();
    anchor.fails = true;
    const events: unknown[] = [];
    const emit = (type: string, data: unknown) => events.push({ type, data });
    const { audit } = auditRig('keeper', { anchors: [anchor], emit });
    await fill(audit, 5);
    await audit.export();
    await expect
      .poll(() => events)
      .toContainEqual({
        type: 'audit.unanchored',
        data: { index: 4, code: 'INTERNAL' },
      });
    await audit.close();
  });

  it('find a log that was cut off after they had seen more', async () => {
    const anchor = testAnchor();
    const { audit, store } = auditRig('keeper', { anchors: [anchor] });
    await fill(audit, 5);
    const before = await copyOf(store);
    await fill(audit, 5);
    await audit.anchor();
    const { anchors } = await audit.export();
    const short = await auditRig('keeper', { store: before }).audit.export();
    expect(await verifyAuditLog({ ...short, anchors }, { anchors: [anchor] })).toMatchObject({
      intact: false,
      firstBreak: 5,
    });
  });
});
