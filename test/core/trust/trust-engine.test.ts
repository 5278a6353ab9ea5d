import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import type { Duration } from '../../../src/base/duration.ts';
import type { Did } from '../../../src/base/ids.ts';
import { createIdentity, KeyRing } from '../../../src/core/identity/index.ts';
import { TrustEngine } from '../../../src/core/trust/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { streamCompression } from '../../../src/platform/stream-compression.ts';
import { statusesOf } from '../../../src/schema/credential.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { type Org, party, receiptOf, until, World } from './rig.ts';

const hour = 3_600_000;

/** An issuer that is `anchor` of everybody else, a holder with its credential, and a verifier. */
async function three() {
  const world = new World();
  const anchors = [{ issuer: party('issuer').did, types: ['Iso14001'] }];
  const issuer = await world.org('issuer');
  const holder = await world.org('holder', { anchors });
  const verifier = await world.org('verifier', { anchors });
  const request = { subject: holder.did, type: 'Iso14001', claims: { level: 2 } };
  const { id, jwt } = await issuer.trust.issue(request);
  world.street.connect(issuer.did, holder.did);
  await holder.trust.hold(jwt);
  return { world, issuer, holder, verifier, id, jwt };
}

const eventsOf = (org: Org, type: string) => org.events.filter((event) => event.type === type);

describe('a credential between three organisations', () => {
  it('is shown on connecting, and counts where its issuer is an anchor', async () => {
    const { world, holder, verifier, id } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    expect([...verifier.trust.credentialsOf(holder.did)]).toEqual(['Iso14001']);
    expect(eventsOf(verifier, 'credential.accepted')).toEqual([
      {
        type: 'credential.accepted',
        data: { credential: id, types: ['Iso14001'] },
        peer: holder.did,
      },
    ]);
    expect(eventsOf(verifier, 'trust.changed')).toMatchObject([{ data: { score: 15, before: 0 } }]);
    expect(verifier.trust.score(holder.did)).toMatchObject({ score: 15, evidence: 1 });
  });

  it('verifies where the issuer never was, since the holder brings the status list along', async () => {
    const { world, issuer, holder, verifier, jwt } = await three();
    world.street.disconnect(issuer.did, holder.did);
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    const { valid, counted, checks } = await verifier.trust.verify(jwt);
    expect({ valid, counted }).toEqual({ valid: true, counted: ['Iso14001'] });
    expect(checks.map(({ check }) => check).slice(-2)).toEqual(['status', 'anchor']);
    expect(checks.find(({ check }) => check === 'status')?.ageMs).toBe(0);
    expect(world.street.calls.some((call) => call.includes(`${verifier.did} ${issuer.did}`))).toBe(
      false,
    );
  });

  it('brings the histories and lists of what is shown, and none of strangers', async () => {
    const { world, issuer, holder, verifier, jwt } = await three();
    const stranger = await world.org('stranger');
    await stranger.trust.issue({ subject: holder.did, type: 'Iso14001', claims: {} });
    world.street.connect(holder.did, stranger.did);
    world.street.connect(holder.did, verifier.did);
    const listOf = async (did: Did) => {
      const answer = await world.street.call(holder.did, did, 'trust.status', { list: 0 });
      return (answer as { credential: string }).credential;
    };
    const lists = [await listOf(stranger.did), await listOf(issuer.did)];
    const learnt: Did[] = [];
    verifier.keys.learn = (log?: unknown) => {
      learnt.push((log as { did: Did }[])[0]!.did);
      return Promise.resolve();
    };
    const proof = { keyId: issuer.signer.keyId, signature: 'A'.repeat(86) };
    const entry = { format: 1, version: 1, at: '2030-01-01T00:00:00.000Z', keys: [], next: [] };
    const logs = [stranger, issuer].map(({ did }) => [{ ...entry, did, proof }]);
    const body = { credentials: [jwt], lists, logs };
    await world.street.call(holder.did, verifier.did, 'trust.offer', body);
    expect(learnt).toEqual([issuer.did]);
    const kept: string[] = [];
    for await (const { value } of verifier.store.scan({ prefix: 'list/' })) {
      kept.push((JSON.parse(new TextDecoder().decode(value)) as { token: string }).token);
    }
    expect(kept).toEqual([lists[1]]);
  });

  it('is looked at one offer at a time, with one more waiting: whoever sends faster is refused', async () => {
    const { world, issuer, holder, verifier, jwt } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size === 1);
    let goOn: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    verifier.keys.learn = () => waiting;
    const proof = { keyId: issuer.signer.keyId, signature: 'A'.repeat(86) };
    const entry = { format: 1, version: 1, at: '2030-01-01T00:00:00.000Z', keys: [], next: [] };
    const body = { credentials: [jwt], lists: [], logs: [[{ ...entry, did: issuer.did, proof }]] };
    const offer = () => world.street.call(holder.did, verifier.did, 'trust.offer', body);
    const two = [offer(), offer()];
    await expect(offer()).rejects.toMatchObject({ code: 'OVERLOADED' });
    goOn();
    expect(await Promise.all(two)).toEqual([{}, {}]);
    expect(await offer()).toEqual({});
  });

  it('is offered to those already connected', async () => {
    const { world, issuer, holder, verifier } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size === 1);
    const request = { subject: holder.did, type: 'Other', claims: {} };
    const { jwt } = await issuer.trust.issue(request);
    await holder.trust.hold(jwt);
    await until(() => verifier.trust.status().credentials === 2);
    // True, and not counted: the issuer is no anchor for that type.
    expect([...verifier.trust.credentialsOf(holder.did)]).toEqual(['Iso14001']);
    expect(verifier.trust.score(holder.did).score).toBe(15);
    const { valid, counted, checks } = await verifier.trust.verify(jwt);
    expect({ valid, counted }).toEqual({ valid: true, counted: [] });
    expect(checks.at(-1)).toMatchObject({ check: 'anchor', ok: false });
  });

  it('of somebody else is neither held nor believed', async () => {
    const { world, issuer, verifier, jwt } = await three();
    await expect(verifier.trust.hold(jwt)).rejects.toMatchObject({ code: 'CREDENTIAL_INVALID' });
    const thief = await world.org('thief');
    const body = { credentials: [jwt], lists: [], logs: [] };
    world.street.connect(issuer.did, verifier.did);
    world.street.connect(thief.did, verifier.did);
    await world.street.call(thief.did, verifier.did, 'trust.offer', body);
    expect(verifier.trust.credentialsOf(thief.did).size).toBe(0);
    expect(verifier.trust.status().credentials).toBe(0);
  });

  it('ends by itself', async () => {
    const { world, issuer, holder, verifier } = await three();
    const request = { subject: holder.did, type: 'Iso14001', claims: {}, validFor: '10m' } as const;
    const { jwt } = await issuer.trust.issue(request);
    const fresh = await world.org('fresh', {
      anchors: [{ issuer: issuer.did, types: ['Iso14001'] }],
    });
    world.street.connect(issuer.did, fresh.did);
    expect(await fresh.trust.verify(jwt)).toMatchObject({ valid: true });
    await world.clock.advance('10m');
    expect(await fresh.trust.verify(jwt)).toMatchObject({
      valid: false,
      because: 'time: it has expired',
    });
    expect(verifier.trust.credentialsOf(holder.did).size).toBe(0);
  });

  it('survives a restart on both sides', async () => {
    const { world, holder, verifier } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    await verifier.trust.close();
    await holder.trust.close();
    const anchors = [{ issuer: party('issuer').did, types: ['Iso14001'] }];
    const later = await world.org('verifier', { anchors, store: verifier.store });
    expect([...later.trust.credentialsOf(holder.did)]).toEqual(['Iso14001']);
    const again = await world.org('holder', { anchors, store: holder.store });
    expect(again.trust.held()).toHaveLength(1);
  });
});

describe('a revocation', () => {
  it('reaches everybody connected, is passed on, and takes effect at once', async () => {
    const { world, issuer, holder, verifier, id, jwt } = await three();
    // The verifier is not connected to the issuer: only the holder is.
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    const { reached, unreached } = await issuer.trust.revoke(id, 'audit failed');
    expect({ reached, unreached }).toEqual({ reached: [holder.did], unreached: [] });
    expect(holder.trust.held()).toEqual([]);
    await until(() => verifier.revoked.length > 0);
    expect(verifier.revoked).toEqual([id]);
    expect(verifier.trust.credentialsOf(holder.did).size).toBe(0);
    expect(verifier.trust.score(holder.did).score).toBe(0);
    expect(eventsOf(verifier, 'credential.revoked')).toMatchObject([
      { data: { credential: id, issuer: issuer.did }, peer: holder.did },
    ]);
    expect(eventsOf(verifier, 'trust.changed').at(-1)).toMatchObject({
      data: { score: 0, before: 15 },
    });
    expect(await verifier.trust.verify(jwt)).toMatchObject({
      valid: false,
      because: 'status: its issuer has revoked it',
    });
  });

  it('crosses each link once', async () => {
    const { world, issuer, holder, verifier, id } = await three();
    world.street.connect(holder.did, verifier.did);
    world.street.connect(issuer.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    world.street.calls.length = 0;
    await issuer.trust.revoke(id, 'audit failed');
    await until(() => verifier.revoked.length > 0);
    await holder.trust.close();
    await verifier.trust.close();
    const pushes = world.street.calls.filter((call) => call.startsWith('trust.status.push'));
    expect(pushes.length).toBeLessThanOrEqual(4);
    expect(verifier.revoked).toEqual([id]);
  });

  it('names whom it did not reach, after 5 seconds at most', async () => {
    const { world, issuer, holder, verifier, id } = await three();
    world.street.connect(issuer.did, verifier.did);
    world.street.silent.add(verifier.did);
    let reach: Awaited<ReturnType<TrustEngine['revoke']>> | undefined;
    world.street.calls.length = 0;
    void issuer.trust.revoke(id, 'audit failed').then((result) => (reach = result));
    // Signing takes real time, in which virtual time must stand still.
    const told = (): number =>
      world.street.calls.filter((call) => call.startsWith('trust.status.push')).length;
    await until(() => told() === 2);
    await until(async () => {
      await world.clock.advance(500);
      return reach !== undefined;
    });
    expect(reach).toMatchObject({ reached: [holder.did], unreached: [verifier.did] });
    expect(reach!.ms).toBeGreaterThanOrEqual(5_000);
    expect(reach!.ms).toBeLessThan(7_000);
  });

  it('is learnt on connecting by who was away', async () => {
    const { world, issuer, holder, verifier, id } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    world.street.disconnect(holder.did, verifier.did);
    world.street.disconnect(holder.did, issuer.did);
    await issuer.trust.revoke(id, 'audit failed');
    expect(verifier.trust.credentialsOf(holder.did).size).toBe(1);
    world.street.connect(issuer.did, verifier.did);
    await until(() => verifier.revoked.length > 0);
    expect(verifier.trust.credentialsOf(holder.did).size).toBe(0);
  });

  it('may be asked for twice, and only by the issuer', async () => {
    const { issuer, holder, id } = await three();
    await issuer.trust.revoke(id, 'first');
    await expect(issuer.trust.revoke(id, 'second')).resolves.toMatchObject({
      reached: [holder.did],
    });
    await expect(issuer.trust.revoke('urn:other', 'x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(holder.trust.revoke(id, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stays, whatever older list is shown afterwards, also after a restart', async () => {
    const { world, issuer, holder, verifier, id, jwt } = await three();
    world.street.connect(issuer.did, verifier.did);
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    const old = await world.street.call(holder.did, issuer.did, 'trust.status', { list: 0 });
    await issuer.trust.revoke(id, 'audit failed');
    world.street.disconnect(issuer.did, verifier.did);
    await verifier.trust.close();
    const anchors = [{ issuer: issuer.did, types: ['Iso14001'] }];
    const later = await world.org('verifier', { anchors, store: verifier.store });
    await world.street.call(holder.did, later.did, 'trust.status.push', old);
    expect(await later.trust.verify(jwt)).toMatchObject({ valid: false });
  });

  it('fails closed when the list is older than an hour and nobody brings a newer one', async () => {
    const { world, issuer, holder, verifier, jwt } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    world.street.disconnect(holder.did, verifier.did);
    await world.clock.advance(hour - 1);
    expect(verifier.trust.credentialsOf(holder.did).size).toBe(1);
    await world.clock.advance(1);
    expect(verifier.trust.credentialsOf(holder.did).size).toBe(0);
    expect(verifier.trust.score(holder.did)).toMatchObject({ score: 0, state: 'unknown' });
    const { checks } = await verifier.trust.verify(jwt);
    expect(checks.at(-1)).toMatchObject({
      check: 'status',
      ok: false,
      ageMs: hour,
      retryable: true,
    });
    // And stands again once there is news.
    world.street.connect(issuer.did, verifier.did);
    await until(async () => {
      await world.clock.advance(61_000);
      return verifier.trust.credentialsOf(holder.did).size === 1;
    });
  });

  it('fails closed by the clock that never jumps too, when the other one was set back', async () => {
    const { world, issuer, holder } = await three();
    let setBack = 0;
    const clock = { ...world.clock, now: () => world.clock.now() - setBack };
    const anchors = [{ issuer: issuer.did, types: ['Iso14001'] }];
    const late = await world.org('late', { anchors, clock });
    world.street.connect(holder.did, late.did);
    await until(() => late.trust.credentialsOf(holder.did).size === 1);
    const { score } = late.trust.score(holder.did);
    world.street.disconnect(holder.did, late.did);
    setBack = 24 * hour;
    await world.clock.advance('47m');
    expect(late.trust.credentialsOf(holder.did).size).toBe(1);
    await world.clock.advance('14m');
    expect(late.trust.credentialsOf(holder.did).size).toBe(0);
    expect(late.trust.score(holder.did).score).toBeLessThan(score);
    setBack = 0;
    world.street.connect(holder.did, late.did);
    world.street.connect(issuer.did, late.did);
    await until(() => late.trust.credentialsOf(holder.did).size === 1);
  });

  it('lowers the score in the millisecond the list gets too old, even where timers come late', async () => {
    const world = new World();
    await world.clock.advance('17m');
    const anchors = [{ issuer: party('issuer').did, types: ['Iso14001'] }];
    const issuer = await world.org('issuer');
    const holder = await world.org('holder');
    const late = { ...world.clock, after: () => () => undefined };
    const verifier = await world.org('verifier', { anchors, clock: late });
    const request = { subject: holder.did, type: 'Iso14001', claims: {} };
    const { jwt } = await issuer.trust.issue(request);
    world.street.connect(issuer.did, holder.did);
    await holder.trust.hold(jwt);
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    world.street.disconnect(holder.did, verifier.did);
    await world.clock.advance(hour - 1);
    expect(verifier.trust.score(holder.did).score).toBe(15);
    await world.clock.advance(1);
    expect(verifier.trust.score(holder.did).score).toBe(0);
  });

  it('keeps its lists young: they are signed again at half of their life and told to who is connected', async () => {
    const { world, issuer, holder, verifier } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    for (let i = 0; i < 12; i += 1) {
      await world.clock.advance('15m');
      await until(() => (issuer.trust.status().lists[0]?.ageMs ?? 0) <= hour / 2);
      const age = () => verifier.trust.status().lists[0]?.ageMs ?? Infinity;
      await until(() => age() <= hour / 2);
      expect(verifier.trust.credentialsOf(holder.did).size).toBe(1);
    }
  });

  it('is not taken from strangers nobody here has to do with', async () => {
    const { world, verifier } = await three();
    const stranger = await world.org('stranger');
    await stranger.trust.issue({ subject: verifier.did, type: 'Spam', claims: {} });
    const thief = await world.org('thief');
    world.street.connect(stranger.did, thief.did);
    world.street.connect(thief.did, verifier.did);
    const list = await world.street.call(thief.did, stranger.did, 'trust.status', { list: 0 });
    const answer = world.street.call(thief.did, verifier.did, 'trust.status.push', list);
    await expect(answer).resolves.toEqual({ applied: false });
  });

  it('cannot be forged: a list by somebody else in the name of the issuer is refused', async () => {
    const { world, issuer, holder, verifier } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    const real = (await world.street.call(holder.did, issuer.did, 'trust.status', { list: 0 })) as {
      credential: string;
    };
    const [head = '', body = '', signature = ''] = real.credential.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const later = { ...claims, validFrom: new Date(world.clock.now() + 1_000).toISOString() };
    const forged = Buffer.from(JSON.stringify(later)).toString('base64url');
    const push = { credential: `${head}.${forged}.${signature}` };
    await expect(
      world.street.call(holder.did, verifier.did, 'trust.status.push', push),
    ).rejects.toMatchObject({ code: 'CREDENTIAL_INVALID' });
  });
});

describe('evidence', () => {
  it('raises the score of who keeps its word, tells so, and survives a restart', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const worker = party('worker');
    for (let i = 0; i < 5; i += 1) {
      await asker.trust.observe(await receiptOf(worker, asker, `r${String(i)}`), 'kept');
    }
    const { score, factors } = asker.trust.score(worker.did);
    expect(factors.find(({ name }) => name === 'history')?.value).toBeCloseTo(0.6489, 3);
    expect(eventsOf(asker, 'trust.changed')).toHaveLength(5);
    await asker.trust.close();
    const later = await world.org('asker', { store: asker.store });
    expect(later.trust.score(worker.did).score).toBe(score);
    await later.trust.observe(await receiptOf(worker, asker, 'r9', 'failed'), 'broken');
    expect(later.trust.score(worker.did).score).toBeLessThan(score);
    expect(eventsOf(later, 'trust.changed')).toMatchObject([{ data: { before: score } }]);
  });

  it('holds both words: the receipt of the one, the acceptance of the other', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const worker = party('worker');
    const receipt = await receiptOf(worker, asker, 'r1');
    const { acceptance } = await asker.trust.observe(receipt, 'kept', 'quick');
    expect(acceptance).toMatchObject({
      by: asker.did,
      about: worker.did,
      receipt: 'r1',
      note: 'quick',
    });
  });

  it('counts a receipt once, however often and however fast it is observed', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const worker = party('worker');
    const receipts = await Promise.all(
      Array.from({ length: 30 }, (_, i) => receiptOf(worker, asker, `r${String(i % 15)}`)),
    );
    await Promise.all(receipts.map((receipt) => asker.trust.observe(receipt, 'kept')));
    expect(asker.trust.score(worker.did).evidence).toBe(15);
  });

  it('is refused when forged, for somebody else, of oneself, or known with other content', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const [worker, other] = [party('worker'), party('other')];
    const good = await receiptOf(worker, asker, 'r1');
    const refused = [
      { ...good, outcome: 'failed' as const },
      { ...(await receiptOf(other, asker, 'r2')), by: worker.did },
      await receiptOf(worker, other, 'r3'),
      await receiptOf(asker, asker, 'r4'),
    ];
    for (const receipt of refused) {
      await expect(asker.trust.observe(receipt, 'kept')).rejects.toMatchObject({
        code: 'RECEIPT_INVALID',
      });
    }
    await asker.trust.observe(good, 'kept');
    const twin = await receiptOf(worker, asker, 'r1', 'failed');
    for (const [receipt, verdict] of [
      [twin, 'kept'],
      [good, 'broken'],
    ] as const) {
      await expect(asker.trust.observe(receipt, verdict)).rejects.toMatchObject({
        code: 'RECEIPT_INVALID',
      });
    }
    expect(asker.trust.score(worker.did).evidence).toBe(1);
  });

  it('fades', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const worker = party('worker');
    for (let i = 0; i < 10; i += 1) {
      await asker.trust.observe(await receiptOf(worker, asker, `r${String(i)}`), 'kept');
    }
    const fresh = asker.trust.score(worker.did).score;
    await world.clock.advance('60d');
    expect(asker.trust.score(worker.did).score).toBeLessThan(fresh);
  });

  it('of presence counts once there is other evidence, and survives a restart', async () => {
    const world = new World();
    const asker = await world.org('asker');
    const worker = party('worker');
    asker.trust.seen(worker.did, true);
    await world.clock.advance('100h');
    expect(asker.trust.score(worker.did).score).toBe(0);
    await asker.trust.observe(await receiptOf(worker, asker, 'r1'), 'kept');
    const uptime = (org: Org) =>
      org.trust.score(worker.did).factors.find(({ name }) => name === 'uptime')!.value;
    expect(uptime(asker)).toBeGreaterThan(0.9);
    await asker.trust.close();
    const later = await world.org('asker', { store: asker.store });
    expect(uptime(later)).toBeGreaterThan(0.9);
    later.trust.seen(worker.did, false);
    await world.clock.advance('100h');
    expect(uptime(later)).toBeLessThan(0.6);
  });
});

describe('a trust engine', () => {
  it('knows nothing before start, and nothing more after close', async () => {
    const world = new World();
    const { trust, signer, keys, store, did } = await world.org('a');
    const { clock } = world;
    const ground = { clock, crypto: nodeCrypto, compression: streamCompression };
    const shared = { ...ground, did, signer, keys, store, emit: () => undefined };
    const fresh = new TrustEngine({
      ...shared,
      random: seededRandom(1),
      street: world.street.at(did),
    });
    expect(() => fresh.score(did)).toThrow(expect.objectContaining({ code: 'NOT_STARTED' }));
    await fresh.close();
    await trust.close();
    await trust.close();
    expect(() => trust.score(did)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expect(trust.verify('')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(clock.timers).toBe(0);
  });

  it('issues and revokes after its list has ended while nobody signed it', async () => {
    const world = new World();
    const issuer = await world.org('issuer');
    const request = { subject: party('holder').did, type: 'Partner', claims: {} };
    const { id } = await issuer.trust.issue(request);
    await issuer.trust.revoke(id, 'left');
    await issuer.trust.close();
    // As a machine that slept: time has gone by, and no alarm has rung yet.
    await world.clock.advance('3h');
    const awake = await world.org('issuer', {
      store: issuer.store,
      random: seededRandom('awake'),
    });
    await awake.trust.issue(request);
    await awake.trust.close();
    await world.clock.advance('3h');
    const again = await world.org('issuer', { store: issuer.store });
    expect(await again.trust.revoke(id, 'left')).toMatchObject({ reached: [] });
  });

  it('answers misuse with an error and a bad credential with a result', async () => {
    const { trust } = await new World().org('a');
    await expect(trust.verify(7 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(trust.verify(null as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await trust.verify('')).toMatchObject({
      valid: false,
      because: 'form: it has not three parts',
      reason: 'form.parts',
    });
    const subject = party('b').did;
    for (const request of [
      { subject: 'nobody', type: 'A', claims: {} },
      { subject, type: 'VerifiableCredential', claims: {} },
      { subject, type: 'two words', claims: {} },
      { subject, type: 'A', claims: { id: 'x' } },
      { subject, type: 'A', claims: {}, validFor: 'soon' },
    ]) {
      await expect(trust.issue(request as never)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });

  it('says of misuse what was wrong with it, and leaves nothing behind', async () => {
    const world = new World();
    const org = await world.org('misused');
    const subject = party('subject').did;
    const issue = (validFor: Duration) =>
      org.trust.issue({ subject, type: 'Partner', claims: {}, validFor });
    const misuse = { code: 'INVALID_ARGUMENT' };
    for (const validFor of ['9000000d', '999999999d', 'soon' as '1d', -1] as const) {
      await expect(issue(validFor)).rejects.toMatchObject(misuse);
    }
    for await (const { key } of org.store.scan({ prefix: '' })) {
      expect(key).not.toMatch(/issued|own-list/);
    }
    const { jwt } = await issue('90d');
    for (const at of [Number.NaN, Infinity, '2030-01-01' as unknown as number]) {
      await expect(org.trust.verify(jwt, { at })).rejects.toMatchObject(misuse);
    }
    const receipt = await receiptOf(party('subject'), org, 'r');
    await expect(org.trust.observe(receipt, 'maybe' as 'kept')).rejects.toMatchObject(misuse);
    expect(org.trust.score(subject).evidence).toBe(0);
  });

  it('refuses weights that do not add up', async () => {
    const weights = { credentials: 50, history: 25, attestations: 20, compliance: 15, uptime: 10 };
    await expect(new World().org('a', { weights })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('gives each credential an index of its own', async () => {
    const { trust } = await new World().org('a');
    const subject = party('b').did;
    const issued = await Promise.all(
      Array.from({ length: 20 }, () => trust.issue({ subject, type: 'A', claims: {} })),
    );
    const verifications = await Promise.all(issued.map(({ jwt }) => trust.verify(jwt)));
    const indexes = verifications.map(
      ({ credential }) => statusesOf(credential!)[0]?.statusListIndex,
    );
    expect(new Set(indexes).size).toBe(20);
    expect(verifications.every(({ valid, counted }) => valid && counted.includes('A'))).toBe(true);
  });

  it('draws what it knows, the same each time', async () => {
    const { world, holder, verifier, issuer } = await three();
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    await verifier.trust.observe(await receiptOf(holder, verifier, 'r1'), 'kept');
    const graph = verifier.trust.graph();
    expect(graph.toJSON().edges).toHaveLength(2);
    expect(graph.toJSON().nodes).toContain(issuer.did);
    expect(graph.toMermaid()).toBe(verifier.trust.graph().toMermaid());
    await verifier.trust.attest({ about: holder.did, type: 'reliable', value: 0.9 });
    await verifier.trust.slash(holder.did, { reason: 'late', evidence: { task: 't' } });
    const request = { reason: 'it leaks', evidence: { task: 't' }, period: '2h' } as const;
    const quarantine = await verifier.trust.quarantine(holder.did, request);
    const kinds = () =>
      verifier.trust
        .graph()
        .toJSON({ around: holder.did })
        .edges.map(({ kind }) => kind);
    expect(kinds()).toEqual(
      expect.arrayContaining(['attestation', 'credential', 'evidence', 'quarantine', 'slash']),
    );
    await verifier.trust.release(quarantine.id, 'it was a mistake');
    expect(kinds()).not.toContain('quarantine');
  });

  it('refuses foreign bodies it cannot read', async () => {
    const { world, holder, issuer } = await three();
    const call = (method: string, body: unknown) =>
      world.street.call(issuer.did, holder.did, method, body);
    for (const body of [
      null,
      [],
      { list: -1 },
      { list: '0' },
      { credential: 7 },
      { credentials: {} },
    ]) {
      await expect(call('trust.status', body)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
      await expect(call('trust.status.push', body)).rejects.toMatchObject({
        code: 'SCHEMA_INVALID',
      });
      await expect(call('trust.offer', body)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
    }
    await expect(call('trust.status', { list: 99 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('with did:mesh', () => {
  it('a verifier that never heard of the issuer learns its history from the holder', async () => {
    const world = new World();
    const engine = async (name: string, anchors: { issuer: never; types: string[] }[] = []) => {
      const ground = { clock: world.clock, random: seededRandom(name), crypto: nodeCrypto };
      const identity = await createIdentity(ground, { did: `did:mesh:org:${name}` });
      const keys = new KeyRing({ ...ground, store: memoryStore() });
      await keys.learn(identity.log);
      const { did, signer } = identity;
      const street = world.street.at(did);
      const store = memoryStore();
      const shared = {
        ...ground,
        compression: streamCompression,
        did,
        signer,
        keys,
        store,
        street,
        emit: () => undefined,
        anchors,
      };
      const trust = new TrustEngine(shared);
      await trust.start();
      return { did, trust, keys };
    };
    const issuer = await engine('issuer');
    const anchors = [{ issuer: issuer.did as never, types: ['Partner'] }];
    const holder = await engine('holder');
    const verifier = await engine('verifier', anchors);
    world.street.connect(issuer.did, holder.did);
    const { jwt } = await issuer.trust.issue({ subject: holder.did, type: 'Partner', claims: {} });
    const cold = await verifier.trust.verify(jwt);
    expect(cold.checks.at(-1)).toMatchObject({ check: 'key', ok: false, retryable: true });
    await holder.trust.verify(jwt);
    expect(await holder.keys.logOf(issuer.did)).toBeUndefined();
    const log = await issuer.keys.logOf(issuer.did);
    await holder.keys.learn(log);
    await holder.trust.hold(jwt);
    world.street.connect(holder.did, verifier.did);
    await until(() => verifier.trust.credentialsOf(holder.did).size > 0);
    expect(await verifier.trust.verify(jwt)).toMatchObject({ valid: true, counted: ['Partner'] });
  });
});
