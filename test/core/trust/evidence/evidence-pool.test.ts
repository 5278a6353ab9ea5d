import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { receiptHashOf } from '../../../../src/core/trust/evidence/evidence.ts';
import { EvidencePool } from '../../../../src/core/trust/evidence/evidence-pool.ts';
import type { EvidenceBundle, TrustScore } from '../../../../src/core/trust/index.ts';
import { sign } from '../../../../src/schema/signed.ts';
import type { Acceptance, TrustEvidence } from '../../../../src/schema/trust-evidence.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { type Party, party, receiptOf, TestKeys, until, World } from '../rig.ts';

const clock = virtualClock();
const keys = new TestKeys();
const self = party('self');
const workers = [party('worker 0'), party('worker 1')];
const raters = [party('rater 0'), party('rater 1'), party('rater 2')];

/** What `rater` says of a receipt by `worker`. */
async function piece(
  worker: Party,
  rater: Party,
  id: string,
  more: Partial<Acceptance> = {},
): Promise<TrustEvidence> {
  const receipt = await receiptOf(worker, rater, id);
  const acceptance: Acceptance = {
    format: 1,
    receipt: id,
    receiptHash: receiptHashOf(receipt),
    by: rater.did,
    about: worker.did,
    verdict: 'kept',
    at: toInstant(clock.now()),
    ...more,
  };
  return { receipt, acceptance: await sign('acceptance', acceptance, rater.signer) };
}

const pool = () => new EvidencePool({ did: self.did, keys, store: memoryStore({ clock }), clock });
const stateOf = (one: EvidencePool): string =>
  JSON.stringify(
    [...one.reports()].sort((a, b) => (a.rater + a.subject < b.rater + b.subject ? -1 : 1)),
  );

describe('a pool of evidence', () => {
  let pieces: TrustEvidence[] = [];
  beforeAll(async () => {
    await clock.advance('30d');
    for (const worker of workers) {
      for (const rater of raters) {
        for (let n = 0; n < 2; n += 1) {
          const id = `receipt ${String(n)}`;
          pieces.push(await piece(worker, rater, id));
          // The same receipt, judged otherwise before and after.
          const at = (hours: number) => toInstant(clock.now() - hours * 3_600_000);
          pieces.push(await piece(worker, rater, id, { at: at(5), verdict: 'broken' }));
          pieces.push(await piece(worker, rater, id, { at: at(30), score: 0.73 }));
        }
      }
    }
    pieces = [...pieces];
  });

  it('is the same whatever order pieces come in, and however often', async () => {
    const merges = fc.array(fc.nat({ max: 35 }), { minLength: 0, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(merges, async (order) => {
        const [a, b] = [pool(), pool()];
        for (const i of order) await a.take(pieces[i]);
        for (const i of [...new Set(order)].sort((x, y) => x - y)) await b.take(pieces[i]);
        expect(stateOf(a)).toBe(stateOf(b));
      }),
      { numRuns: 40 },
    );
  });

  it('merges in any grouping to the same', async () => {
    const part = fc.array(fc.nat({ max: 35 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(part, part, part, async (x, y, z) => {
        const all = [pool(), pool()] as const;
        for (const i of [...x, ...y, ...z]) await all[0].take(pieces[i]);
        for (const i of [...z, ...x, ...y]) await all[1].take(pieces[i]);
        expect(stateOf(all[0])).toBe(stateOf(all[1]));
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the newest 64 pieces of each rater about each peer, whatever came first', async () => {
    const [worker, rater] = [workers[0]!, raters[0]!];
    const many: TrustEvidence[] = [];
    for (let n = 0; n < 70; n += 1) {
      const at = toInstant(clock.now() - n * 60_000);
      many.push(await piece(worker, rater, `n${String(n)}`, { at }));
    }
    const [a, b] = [pool(), pool()];
    for (const one of many) await a.take(one);
    for (const one of many.toReversed()) await b.take(one);
    expect(a.count(rater.did, worker.did)).toBe(64);
    expect(stateOf(a)).toBe(stateOf(b));
  });

  it('takes nothing that proves nothing', async () => {
    const [worker, rater] = [workers[0]!, raters[0]!];
    const good = await piece(worker, rater, 'good');
    const other = await piece(worker, rater, 'other');
    const year = 366 * 86_400_000;
    const bad: readonly unknown[] = [
      // Nobody rates himself, nor a task somebody else asked for, nor another's receipt.
      await piece(worker, worker, 'own'),
      { receipt: good.receipt, acceptance: other.acceptance },
      { receipt: { ...good.receipt, type: 'other' }, acceptance: good.acceptance },
      { receipt: good.receipt, acceptance: { ...good.acceptance, verdict: 'broken' } },
      await piece(worker, rater, 'x', { by: raters[1]!.did }),
      await piece(worker, rater, 'x', { about: workers[1]!.did }),
      await piece(worker, rater, 'x', { receiptHash: receiptHashOf(other.receipt) }),
      await piece(worker, rater, 'x', { score: 0.123 }),
      await piece(worker, rater, 'x', { at: toInstant(clock.now() + 120_000) }),
      await piece(worker, rater, 'x', { at: toInstant(clock.now() - 4 * year) }),
      await piece(worker, self, 'x'),
      { receipt: good.receipt },
      { acceptance: good.acceptance },
      {},
      null,
    ];
    const { receiptHash: _, ...unbound } = good.acceptance;
    const unhashed = { receipt: good.receipt, acceptance: unbound };
    const one = pool();
    for (const foreign of [...bad, unhashed]) await expect(one.take(foreign)).rejects.toThrow();
    expect(one.reports()).toEqual([]);
    expect(await one.take(good)).toEqual(good);
    expect(await one.take(good)).toBeUndefined();
  });

  it('is there again after a restart', async () => {
    const store = memoryStore({ clock });
    const before = new EvidencePool({ did: self.did, keys, store, clock });
    for (const one of pieces) await before.take(one);
    const after = new EvidencePool({ did: self.did, keys, store, clock });
    await after.load();
    expect(stateOf(after)).toBe(stateOf(before));
  });
});

describe('evidence between organisations', () => {
  /** Somebody who works for `asker`, well or badly. */
  async function work(
    asker: Awaited<ReturnType<World['org']>>,
    worker: Party,
    n: number,
    score = 1,
  ) {
    for (let i = 0; i < n; i += 1) {
      const receipt = await receiptOf(worker, asker, `${asker.did.slice(-8)} ${String(i)}`);
      if (score === 1) await asker.trust.observe(receipt, 'kept');
      else await asker.trust.feedback(receipt, score);
    }
  }

  it('goes over the street to those it is shared with, and to nobody else', async () => {
    const world = new World();
    const friend = await world.org('friend', { sharesEvidence: () => true });
    const shares = await world.org('shares', { sharesEvidence: () => true });
    const stranger = await world.org('stranger', { sharesEvidence: (peer) => peer !== shares.did });
    const worker = party('worker');
    await work(friend, worker, 40);
    // Own experience with the rater makes its word count.
    await work(shares, friend, 10);
    world.street.connect(friend.did, shares.did);
    await until(async () => (await shares.trust.exportEvidence()).evidence.length === 50);
    const { score, factors, evidence } = shares.trust.score(worker.did);
    expect(score).toBeGreaterThan(0);
    expect(evidence).toBe(40);
    const { parts } = factors.find(({ name }) => name === 'history')!;
    expect(parts).toMatchObject([{ what: '40 receipts', by: friend.did }]);
    world.street.connect(stranger.did, shares.did);
    world.street.connect(stranger.did, party('nobody').did);
    await expect(
      world.street.call(party('nobody').did, shares.did, 'trust.evidence', {}),
    ).rejects.toThrow();
    await until(() => world.street.calls.some((call) => call.startsWith('trust.credentials')));
    expect((await stranger.trust.exportEvidence()).evidence).toEqual([]);
  });

  it('asks only for what is new since it asked last', async () => {
    const world = new World();
    const friend = await world.org('friend', { sharesEvidence: () => true });
    const reader = await world.org('reader', { sharesEvidence: () => true });
    await work(friend, party('worker'), 70);
    world.street.connect(friend.did, reader.did);
    const ask = `trust.evidence ${reader.did} ${friend.did}`;
    const asked = () => world.street.calls.filter((call) => call === ask).length;
    await until(async () => (await reader.trust.exportEvidence()).evidence.length === 64);
    await until(() => asked() === 3);
    await work(friend, party('another'), 1);
    await reader.trust.meet(friend.did);
    expect(asked()).toBe(4);
    expect(
      (await reader.trust.exportEvidence({ about: party('another').did })).evidence,
    ).toHaveLength(1);
  });

  it('can be carried by hand, and makes the same score on every node that has the same', async () => {
    const world = new World();
    const [a, b, c] = [await world.org('a'), await world.org('b'), await world.org('c')];
    const worker = party('worker');
    await work(a, worker, 12);
    await work(b, worker, 7, 0.4);
    await a.trust.attest({ about: worker.did, type: 'reliable', value: 0.9 });
    await b.trust.attest({ about: worker.did, type: 'compliance/gdpr', value: 0 });
    const bundles = [await a.trust.exportEvidence(), await b.trust.exportEvidence()];
    // Two nodes of one organisation that have seen the same of the raters.
    const scores: string[] = [];
    for (const [store, order] of [
      [memoryStore({ clock: world.clock }), bundles],
      [memoryStore({ clock: world.clock }), bundles.toReversed()],
    ] as const) {
      const anchors = [
        { issuer: a.did, types: ['reliable'] },
        { issuer: b.did, types: ['compliance/gdpr'] },
      ];
      const node = await world.org('node', { anchors, store });
      for (const bundle of order) await node.trust.merge(bundle);
      const again = await node.trust.merge(order[0]!);
      expect(again).toMatchObject({ taken: 0, refused: [] });
      scores.push(JSON.stringify(node.trust.score(worker.did)));
      await node.trust.close();
    }
    expect(scores[0]).toBe(scores[1]);
    const score = JSON.parse(scores[0]!) as TrustScore;
    expect(score.inputs).toMatch(/^\w{20,}$/);
    const byName = (wanted: string) => score.factors.find(({ name }) => name === wanted);
    expect(byName('attestations')?.contribution).toBeGreaterThan(0);
    expect(byName('compliance')).toMatchObject({
      contribution: 0,
      because: '0 findings for it, 1 against',
    });
    expect(byName('history')?.contribution).toBeGreaterThan(0);
    // Who names neither an anchor hears the same and believes none of it.
    expect((await c.trust.merge(bundles[0]!)).taken).toBe(13);
    expect(c.trust.score(worker.did)).toMatchObject({ score: 0, state: 'unknown' });
  });

  it('comes with the histories of those who speak in it, and with no others', async () => {
    const world = new World();
    const friend = await world.org('friend', { sharesEvidence: () => true });
    const worker = party('worker');
    await work(friend, worker, 1);
    await friend.trust.attest({ about: worker.did, type: 'reliable' });
    const bundle = await friend.trust.exportEvidence();
    const proof = { keyId: friend.signer.keyId, signature: 'A'.repeat(86) };
    const entry = { format: 1, version: 1, at: toInstant(0), keys: [], next: [], proof } as const;
    const strangers = Array.from({ length: 30 }, (_, n) => party(`sybil ${String(n)}`).did);
    const logs = [...strangers, friend.did, worker.did].map((did) => [{ ...entry, did }]);
    const learnt: unknown[] = [];
    const keys = new TestKeys();
    keys.learn = (log?: unknown) => {
      learnt.push((log as (typeof logs)[number])[0]!.did);
      return Promise.resolve();
    };
    const reader = await world.org('reader', { sharesEvidence: () => true, keys });
    await reader.trust.merge({ ...bundle, logs });
    expect(new Set(learnt)).toEqual(new Set([friend.did, worker.did]));
    learnt.length = 0;
    world.street.at(friend.did).handle('trust.evidence', () => {
      return Promise.resolve({ ...bundle, logs, run: 'r', next: 1, more: 0 });
    });
    world.street.connect(friend.did, reader.did);
    await reader.trust.meet(friend.did);
    expect(new Set(learnt)).toEqual(new Set([friend.did, worker.did]));
  });

  it('says of each piece that is refused why, and takes the rest', async () => {
    const world = new World();
    const a = await world.org('a');
    const node = await world.org('node');
    await work(a, party('worker'), 2);
    const bundle = await a.trust.exportEvidence();
    const [first] = bundle.evidence;
    const forged = { ...first, acceptance: { ...first!.acceptance, verdict: 'broken' } };
    const mixed = { ...bundle, evidence: [forged, ...bundle.evidence, 7] } as unknown;
    const result = await node.trust.merge(mixed as EvidenceBundle);
    expect(result.taken).toBe(2);
    expect(result.refused.map(({ id }) => id)).toEqual(['evidence[0]', 'evidence[3]']);
    await expect(node.trust.merge({} as EvidenceBundle)).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
    });
  });

  it('of one instant is the same on every node, whichever word came first', async () => {
    const world = new World();
    const rater = await world.org('rater');
    const about = party('worker').did;
    const words = [
      await rater.trust.attest({ about, type: 'reliable', value: 0.9 }),
      await rater.trust.attest({ about, type: 'reliable', value: 0.1 }),
      await rater.trust.attest({ about, type: 'reliable', value: 0.5 }),
    ];
    const kept = new Set<string>();
    for (const order of [words, words.toReversed(), [words[1]!, words[2]!, words[0]!]]) {
      const node = await world.org(`node ${String(order.map((one) => one.value))}`);
      await node.trust.merge({ format: 1, evidence: [], attestations: order, logs: [] });
      kept.add(JSON.stringify((await node.trust.exportEvidence()).attestations));
    }
    expect(kept.size).toBe(1);
  });

  it('about a node by itself never counts, whoever brings it', async () => {
    const world = new World();
    const node = await world.org('node');
    await expect(node.trust.attest({ about: node.did, type: 'reliable' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const liar = await world.org('liar');
    const own = await receiptOf(liar, liar, 'own');
    await expect(liar.trust.feedback(own, 1)).rejects.toMatchObject({ code: 'RECEIPT_INVALID' });
  });
});

describe('feedback', () => {
  it('takes the place of what was said before, and is not undone by a look in passing', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const worker = party('worker');
    const receipt = await receiptOf(worker, asker, 'r');
    await asker.trust.observe(receipt, 'kept');
    const kept = asker.trust.score(worker.did).score;
    const evidence = await asker.trust.feedback(receipt, 0.254, 'late');
    expect(evidence.acceptance).toMatchObject({ score: 0.25, verdict: 'broken', note: 'late' });
    const [edge] = asker.trust.graph().toJSON().edges;
    expect(edge).toMatchObject({ kept: 0.25, broken: 0.75 });
    expect(asker.trust.score(worker.did).score).toBeLessThan(kept);
    expect(await asker.trust.observe(receipt, 'kept')).toEqual(evidence);
    await asker.trust.feedback(receipt, 1);
    expect(asker.trust.score(worker.did)).toMatchObject({ score: kept, evidence: 1 });
    for (const score of [-0.1, 1.1, Number.NaN, '1' as unknown as number]) {
      await expect(asker.trust.feedback(receipt, score)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    await expect(asker.trust.feedback(receipt, 1, 7 as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'note' },
    });
    await expect(asker.trust.issue(undefined as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'request' },
    });
  });

  it('adds up to the same in any order', async () => {
    const scores = fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(scores, async (list) => {
        const seen: string[] = [];
        for (const order of [list, list.toReversed()]) {
          const world = new World();
          const asker = await world.org('asker');
          const worker = party('worker');
          for (const [i, hundredths] of order.entries()) {
            const receipt = await receiptOf(worker, asker, String(i));
            await asker.trust.feedback(receipt, hundredths / 100);
          }
          seen.push(JSON.stringify(asker.trust.score(worker.did)));
        }
        expect(seen[0]).toBe(seen[1]);
      }),
      { numRuns: 15 },
    );
  });
});
