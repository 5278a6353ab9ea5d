import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import { packPacket, unpackPacket } from '../../../src/base/packet.ts';
import { emptyBits, encodeBits, setBit } from '../../../src/core/trust/bitstring.ts';
import { signJws } from '../../../src/core/trust/jws.ts';
import type { Http, HttpRequest } from '../../../src/ports/http.ts';
import { credentialContext } from '../../../src/schema/credential.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { type Party, party, TestKeys, World } from './rig.ts';

const issuer = party('issuer');
const holder = party('holder');
const url = 'https://issuer.example/status/1';
const hour = 3_600_000;

/** A list by `by`, dated `from`. */
async function listBy(by: Party, from: number, changes: object = {}, subject: object = {}) {
  const bits = emptyBits();
  setBit(bits, 7);
  const list = {
    '@context': [credentialContext],
    id: url,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: by.did,
    validFrom: toInstant(from),
    credentialSubject: {
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: await encodeBits(bits),
      ...subject,
    },
    ...changes,
  };
  return signJws(list, 'vc+jwt', by.signer);
}

function listed(index: string, status: object = {}, by = issuer): Promise<string> {
  const credential = {
    '@context': [credentialContext],
    id: `urn:test:${index}`,
    type: ['VerifiableCredential', 'Partner'],
    issuer: by.did,
    credentialSubject: { id: holder.did },
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: index,
      statusListCredential: url,
      ...status,
    },
  };
  return signJws(credential, 'vc+jwt', by.signer);
}

/** A web server that hands out `answer`, and counts. */
class TestHttp implements Http {
  readonly requests: HttpRequest[] = [];
  answer: string | undefined;

  send(request: HttpRequest) {
    this.requests.push(request);
    const status = this.answer === undefined ? 404 : 200;
    const body = utf8(this.answer ?? '');
    return Promise.resolve({ status, headers: {}, body, url: request.url });
  }
}

async function webRig(options: { anchored?: boolean } = {}) {
  const world = new World();
  const http = new TestHttp();
  const anchors = options.anchored === false ? [] : [{ issuer: issuer.did, types: ['Partner'] }];
  const org = await world.org('verifier', { http, anchors });
  http.answer = await listBy(issuer, world.clock.now());
  return { world, http, org };
}

const statusOf = (verification: { checks: readonly { check: string }[] }) =>
  verification.checks.find(({ check }) => check === 'status');

describe('a status list on the web', () => {
  it('is fetched once for many questions at once, and says who is revoked', async () => {
    const { org, http } = await webRig();
    const tokens = [await listed('7'), await listed('8'), await listed('131071')];
    const verdicts = await Promise.all(tokens.map((token) => org.trust.verify(token)));
    expect(verdicts.map(({ valid }) => valid)).toEqual([false, true, true]);
    expect(http.requests).toHaveLength(1);
    expect(http.requests[0]).toMatchObject({ url, maxBytes: 65_536, timeoutMs: 5_000 });
  });

  it('may be signed long ago, as long as the web still hands it out', async () => {
    const { world, org, http } = await webRig();
    http.answer = await listBy(issuer, world.clock.now() - 30 * 24 * hour);
    const token = await listed('8');
    const verification = await org.trust.verify(token);
    expect(verification.valid).toBe(true);
    expect(statusOf(verification)).toMatchObject({ ageMs: 0 });
    await world.clock.advance('50m');
    await org.trust.verify(token);
    expect(http.requests).toHaveLength(2);
    http.answer = undefined;
    await world.clock.advance('59m');
    expect((await org.trust.verify(token)).valid).toBe(true);
    await world.clock.advance('2m');
    expect(statusOf(await org.trust.verify(token))).toMatchObject({
      ok: false,
      reason: 'status.stale',
    });
  });

  it('is not confirmed by another list handed out in its place', async () => {
    const { world, org, http } = await webRig();
    const token = await listed('8');
    expect((await org.trust.verify(token)).valid).toBe(true);
    await world.clock.advance('50m');
    const id = 'https://issuer.example/status/2';
    http.answer = await listBy(issuer, world.clock.now(), { id });
    await org.trust.verify(token);
    expect(http.requests).toHaveLength(2);
    await world.clock.advance('10m');
    expect((await org.trust.verify(token)).valid).toBe(false);
  });

  it('that cannot be had fails closed, and is left alone for ten seconds', async () => {
    const { world, org, http } = await webRig();
    http.answer = 'no list';
    const token = await listed('8');
    for (let i = 0; i < 3; i += 1) {
      expect(statusOf(await org.trust.verify(token))).toMatchObject({ ok: false, retryable: true });
    }
    expect(http.requests).toHaveLength(1);
    await world.clock.advance('10s');
    http.answer = await listBy(issuer, world.clock.now());
    expect((await org.trust.verify(token)).valid).toBe(true);
  });

  it('is not fetched for what a peer shows from an issuer that is no anchor', async () => {
    const { world, org, http } = await webRig({ anchored: false });
    world.street.connect(org.did, holder.did);
    const body = { credentials: [await listed('8')], lists: [], logs: [] };
    world.street.at(holder.did);
    await world.street.call(holder.did, org.did, 'trust.offer', body);
    expect(http.requests).toHaveLength(0);
    expect(org.trust.status().credentials).toBe(0);
  });

  it.each([
    ['by somebody else', () => listBy(party('other'), 0)],
    ['with another name', () => listBy(issuer, 0, { id: 'https://issuer.example/status/2' })],
    ['for another purpose', () => listBy(issuer, 0, {}, { statusPurpose: 'suspension' })],
    ['that is no list', () => listBy(issuer, 0, { type: ['VerifiableCredential'] })],
    ['of another kind', () => listBy(issuer, 0, {}, { type: 'StatusList2021' })],
    ['without bits', () => listBy(issuer, 0, {}, { encodedList: 'u' })],
    ['without a date', () => listBy(issuer, 0, { validFrom: undefined })],
    ['that is over', () => listBy(issuer, 0, { validUntil: toInstant(1_000) })],
  ])('is not gone by: %s', async (_, make) => {
    const { org, http } = await webRig();
    http.answer = await make();
    expect(statusOf(await org.trust.verify(await listed('8')))).toMatchObject({ ok: false });
  });

  it('refuses an index outside the list, and suspends where it says so', async () => {
    const { org, http } = await webRig();
    expect((await org.trust.verify(await listed('131072'))).because).toMatch(/outside the list/);
    const other = await webRig();
    other.http.answer = await listBy(
      issuer,
      0,
      {},
      { statusPurpose: ['revocation', 'suspension'] },
    );
    const suspended = await listed('7', { statusPurpose: 'suspension' });
    expect((await other.org.trust.verify(suspended)).because).toBe(
      'status: its issuer has suspended it',
    );
    expect(http.requests).toHaveLength(1);
  });

  it('of the mesh is not taken from anybody but its issuer', async () => {
    const { org } = await webRig();
    const foreign = { statusListCredential: `${party('other').did}?list=0` };
    expect((await org.trust.verify(await listed('8', foreign))).because).toBe(
      'status: the list of somebody else',
    );
  });

  it('whose issuer has changed keys is not believed after a restart, and still does not go back', async () => {
    const { world, http, org } = await webRig();
    await org.trust.verify(await listed('8'));
    await org.trust.close();
    const keys = new TestKeys();
    keys.rotated.set(issuer.did, party('new key').multikey);
    const later = await world.org('verifier', { http, keys, store: org.store });
    const renewed = { ...issuer, signer: { ...party('new key').signer } };
    const keyId = `${issuer.did}#${party('new key').multikey}` as const;
    const rotated = { ...renewed, signer: { ...renewed.signer, keyId } };
    http.answer = await listBy(rotated, world.clock.now() - hour);
    const token = await listed('8', {}, rotated);
    expect((await later.trust.verify(token)).valid).toBe(false);
    await world.clock.advance('11s');
    http.answer = await listBy(rotated, world.clock.now());
    expect((await later.trust.verify(token)).valid).toBe(true);
  });
});

describe('own lists', () => {
  it('continue from the store in another engine', async () => {
    const world = new World();
    const org = await world.org('issuer', { store: memoryStore({ clock: world.clock }) });
    const first = await org.trust.issue({ subject: holder.did, type: 'Partner', claims: {} });
    await org.trust.close();
    const later = await world.org('issuer', { store: org.store });
    await later.trust.revoke(first.id, 'restart');
    expect((await later.trust.verify(first.jwt)).valid).toBe(false);
  });

  it('are followed by the next one when half of the entries are given out', async () => {
    const org = await new World().org('issuer');
    const issue = () => org.trust.issue({ subject: holder.did, type: 'Partner', claims: {} });
    await issue();
    const key = 'own-list/000000000';
    const list = unpackPacket((await org.store.get(key))!.value) as { used: Uint8Array };
    list.used.fill(0xff, 0, list.used.length / 2);
    await org.store.write([{ put: key, value: packPacket(list) }]);
    const { jwt, id } = await issue();
    const { credential } = await org.trust.verify(jwt);
    expect(credential?.credentialStatus?.statusListCredential).toBe(`${org.did}?list=1`);
    await org.trust.revoke(id, 'a test');
    expect((await org.trust.verify(jwt)).valid).toBe(false);
  });

  it('refuse to draw for ever from a random source that repeats itself', async () => {
    const stuck = { next: () => 0, bytes: (n: number) => new Uint8Array(n), child: () => stuck };
    const org = await new World().org('issuer', { random: stuck });
    await org.trust.issue({ subject: holder.did, type: 'Partner', claims: {} });
    const again = org.trust.issue({ subject: holder.did, type: 'Partner', claims: {} });
    await expect(again).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
