import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { utf8 } from '../../../../src/base/bytes.ts';
import { packPacket, unpackPacket } from '../../../../src/base/packet.ts';
import { addProof } from '../../../../src/core/trust/credentials/eddsa-jcs.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { emptyBits, encodeBits, setBit } from '../../../../src/core/trust/status/bitstring.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { streamCompression } from '../../../../src/platform/stream-compression.ts';
import type { Http, HttpRequest } from '../../../../src/ports/http.ts';
import { credentialContext, statusesOf } from '../../../../src/schema/credential.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { type Party, party, TestKeys, until, World } from '../rig.ts';

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
      encodedList: await encodeBits(bits, streamCompression),
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
  /** Instead of `answer`, one for each address. */
  answers: ReadonlyMap<string, string> | undefined;

  send(request: HttpRequest) {
    this.requests.push(request);
    const answer = this.answers === undefined ? this.answer : this.answers.get(request.url);
    const status = answer === undefined ? 404 : 200;
    const body = utf8(answer ?? '');
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

  it('grows old by the clock that never jumps too, when the other one is set back', async () => {
    const world = new World();
    const http = new TestHttp();
    let setBack = 0;
    const clock = { ...world.clock, now: () => world.clock.now() - setBack };
    const anchors = [{ issuer: issuer.did, types: ['Partner'] }];
    const org = await world.org('verifier', { http, anchors, clock });
    http.answer = await listBy(issuer, world.clock.now() - 48 * hour);
    const token = await listed('8');
    expect((await org.trust.verify(token)).valid).toBe(true);
    setBack = 24 * hour;
    await world.clock.advance('50m');
    expect(statusOf(await org.trust.verify(token))).toMatchObject({ ok: true, ageMs: 0 });
    expect(http.requests).toHaveLength(2);
    http.answer = undefined;
    await world.clock.advance('61m');
    expect(statusOf(await org.trust.verify(token))).toMatchObject({
      ok: false,
      reason: 'status.stale',
      ageMs: 61 * 60_000,
    });
  });

  it('is not confirmed by an older one of the same name', async () => {
    const { world, org, http } = await webRig();
    const older = http.answer;
    await world.clock.advance('1m');
    http.answer = await listBy(issuer, world.clock.now());
    const token = await listed('8');
    expect((await org.trust.verify(token)).valid).toBe(true);
    http.answer = older;
    await world.clock.advance('61m');
    expect(statusOf(await org.trust.verify(token))).toMatchObject({
      ok: false,
      reason: 'status.stale',
    });
    expect(http.requests).toHaveLength(2);
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

  it('by somebody else is neither kept nor asked for again at once', async () => {
    const { org, http } = await webRig();
    http.answer = await listBy(party('other'), 0);
    for (let i = 0; i < 2; i += 1) {
      expect(statusOf(await org.trust.verify(await listed('8')))).toMatchObject({
        reason: 'status.unreachable',
      });
    }
    expect(http.requests).toHaveLength(1);
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

describe('a status list with its proof inside', () => {
  /** The list of {@link listBy} as a document that `by` has proven. */
  async function proven(by: Party, from: number, changes: object = {}, subject: object = {}) {
    const [, payload = ''] = (await listBy(issuer, from, changes, subject)).split('.');
    const list = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    return addProof(list, {}, { signer: by.signer, crypto: nodeCrypto });
  }

  it('is gone by as one in a token is, and is kept over a restart', async () => {
    const { world, org, http } = await webRig();
    http.answer = JSON.stringify(await proven(issuer, world.clock.now()));
    const verdicts = async (who = org) => [
      (await who.trust.verify(await listed('7'))).reason,
      (await who.trust.verify(await listed('8'))).valid,
    ];
    expect(await verdicts()).toEqual(['status.revoked', true]);
    expect(http.requests).toHaveLength(1);
    expect(http.requests[0]?.headers).toEqual({ accept: 'application/vc+jwt, application/vc' });
    await org.trust.close();
    http.answer = undefined;
    const later = await world.org('verifier', { http, store: org.store });
    expect(await verdicts(later)).toEqual(['status.revoked', true]);
  });

  it('is read in the form of the 2021 draft too', async () => {
    const { world, org, http } = await webRig();
    const encodedList = gzipSync(emptyBits()).toString('base64');
    const document = await proven(
      issuer,
      world.clock.now(),
      {
        '@context': [credentialContext, 'https://w3id.org/vc/status-list/2021/v1'],
        type: ['VerifiableCredential', 'StatusList2021Credential'],
      },
      { type: 'StatusList2021', encodedList },
    );
    http.answer = JSON.stringify(document);
    const older = await listed('7', { type: 'StatusList2021Entry' });
    expect(await org.trust.verify(older)).toMatchObject({ valid: true });
  });

  it('does not go back to an older one, whichever form that has', async () => {
    const { world, org, http } = await webRig();
    const now = world.clock.now();
    http.answer = JSON.stringify(await proven(issuer, now));
    const token = await listed('7');
    expect(await org.trust.verify(token)).toMatchObject({ reason: 'status.revoked' });
    const empty = { encodedList: await encodeBits(emptyBits(), streamCompression) };
    http.answer = await listBy(issuer, now - hour, {}, empty);
    await world.clock.advance('50m');
    expect(await org.trust.verify(token)).toMatchObject({ reason: 'status.revoked' });
    http.answer = JSON.stringify(await proven(issuer, world.clock.now(), {}, empty));
    await world.clock.advance('11s');
    expect(await org.trust.verify(token)).toMatchObject({ valid: true });
  });

  it('goes from a holder to who has never asked for it', async () => {
    const { world, http } = await webRig();
    http.answer = JSON.stringify(await proven(issuer, world.clock.now()));
    const org = await world.org('holder', { http });
    await org.trust.hold(await listed('8'));
    const anchors = [{ issuer: issuer.did, types: ['Partner'] }];
    const other = await world.org('other', { anchors });
    world.street.connect(org.did, other.did);
    await until(() => other.trust.credentialsOf(org.did).has('Partner'));
  });

  it.each([
    ['by somebody else', async (now: number) => proven(party('other'), now)],
    [
      'with another issuer',
      async (now: number) => proven(party('other'), now, { issuer: party('other').did }),
    ],
    ['changed', async (now: number) => ({ ...(await proven(issuer, now)), name: 'x' })],
    [
      'without a proof',
      async (now: number) => ({ ...(await proven(issuer, now)), proof: undefined }),
    ],
    [
      'of another cryptosuite',
      async (now: number) => {
        const document = await proven(issuer, now);
        return {
          ...document,
          proof: { ...(document.proof as object), cryptosuite: 'eddsa-rdfc-2022' },
        };
      },
    ],
    ['that is over', async () => proven(issuer, 0, { validUntil: toInstant(1_000) })],
  ])('is not gone by: %s', async (_, make) => {
    const { world, org, http } = await webRig();
    http.answer = JSON.stringify(await make(world.clock.now()));
    expect(statusOf(await org.trust.verify(await listed('8')))).toMatchObject({ ok: false });
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -9)],
    ['too long', (text: string) => text.replace('{', `{${' '.repeat(65_536)}`)],
    [
      'nested too deeply',
      (text: string) => text.replace('{', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)},`),
    ],
  ])('is not gone by when its text is %s', async (_, change) => {
    const { world, org, http } = await webRig();
    http.answer = change(JSON.stringify(await proven(issuer, world.clock.now())));
    expect(statusOf(await org.trust.verify(await listed('8')))).toMatchObject({ ok: false });
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
    expect(statusesOf(credential!)[0]?.statusListCredential).toBe(`${org.did}?list=1`);
    await org.trust.revoke(id, 'a test');
    expect((await org.trust.verify(jwt)).valid).toBe(false);
  });

  it('refuse to draw for ever from a random source that repeats itself', async () => {
    const stuck = { next: () => 0, bytes: (n: number) => new Uint8Array(n), child: () => stuck };
    const org = await new World().org('issuer', { random: stuck });
    const issuing = org.trust.issue({ subject: holder.did, type: 'Partner', claims: {} });
    await expect(issuing).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('a status', () => {
  const second = 'https://issuer.example/status/2';
  /** Values 0 to 3 of two bits each, from entry 0 on. */
  const twoBits = Uint8Array.from(emptyBits(262_144));
  twoBits[0] = 0b00_01_10_11;
  const messages = ['pending', 'accepted', 'rejected', 'undefined'].map((message, i) => ({
    status: `0x${String(i)}`,
    message,
  }));
  const sized = { statusPurpose: 'message', statusSize: 2, statusMessage: messages };

  it('of several bits says a message, and lets the credential stand', async () => {
    const { world, org, http } = await webRig();
    const subject = {
      statusPurpose: 'message',
      encodedList: await encodeBits(twoBits, streamCompression),
    };
    http.answer = await listBy(issuer, world.clock.now(), {}, { ...subject, statusSize: 2 });
    for (const [i, { message }] of messages.entries()) {
      const { valid, said = [] } = await org.trust.verify(await listed(String(i), sized));
      const expected = i === 0 ? [] : [{ purpose: 'message', value: i, message }];
      expect({ valid, said }).toEqual({ valid: true, said: expected });
    }
  });

  it('that a newer credential is to be had lets the old one stand', async () => {
    const { world, org, http } = await webRig();
    http.answer = await listBy(issuer, world.clock.now(), {}, { statusPurpose: 'refresh' });
    const refresh = { statusPurpose: 'refresh' };
    const { valid, said } = await org.trust.verify(await listed('7', refresh));
    expect({ valid, said }).toEqual({ valid: true, said: [{ purpose: 'refresh', value: 1 }] });
  });

  it('of a purpose nobody knows here is against the credential', async () => {
    const { world, org, http } = await webRig();
    http.answer = await listBy(
      issuer,
      world.clock.now(),
      {},
      { statusPurpose: ['odd', 'refresh'] },
    );
    const odd = { statusPurpose: 'odd' };
    expect(await org.trust.verify(await listed('7', odd))).toMatchObject({ reason: 'status.set' });
    expect(await org.trust.verify(await listed('8', odd))).toMatchObject({ valid: true });
  });

  it.each([
    ['a list of another size', sized, { statusPurpose: 'message', statusSize: 1 }],
    ['a list that is too short for its size', sized, { statusPurpose: 'message' }],
    ['a list of a greater size', {}, { statusSize: 2 }],
    ['an index outside the list', { statusListIndex: '131072' }, {}],
    ['an index beyond all numbers', { statusListIndex: '9'.repeat(100) }, {}],
    ['a list of the 2021 form', { type: 'StatusList2021Entry' }, {}],
  ])('is refused with %s', async (_, status, subject) => {
    const { world, org, http } = await webRig();
    http.answer = await listBy(issuer, world.clock.now(), {}, subject);
    expect(await org.trust.verify(await listed('8', status))).toMatchObject({
      valid: false,
      reason: 'status.list',
    });
  });

  it('of the 2021 draft is read', async () => {
    const { world, org, http } = await webRig();
    const bits = emptyBits();
    setBit(bits, 7);
    const encodedList = Buffer.from(gzipSync(bits)).toString('base64');
    const type = ['VerifiableCredential', 'StatusList2021Credential'];
    const subject = { type: 'StatusList2021', encodedList };
    http.answer = await listBy(issuer, world.clock.now(), { type }, subject);
    const entry = { type: 'StatusList2021Entry' };
    expect(await org.trust.verify(await listed('7', entry))).toMatchObject({
      reason: 'status.revoked',
    });
    expect(await org.trust.verify(await listed('8', entry))).toMatchObject({ valid: true });
  });

  it('among several is enough against a credential', async () => {
    const { world, org, http } = await webRig();
    const now = world.clock.now();
    const suspension = { statusPurpose: 'suspension', statusListCredential: second };
    const answers = new Map([
      [url, await listBy(issuer, now)],
      [second, await listBy(issuer, now, { id: second }, { statusPurpose: 'suspension' })],
    ]);
    http.answers = answers;
    const [a, b] = [await several('8', '8', suspension), await several('8', '7', suspension)];
    expect(await org.trust.verify(a)).toMatchObject({ valid: true });
    expect(await org.trust.verify(b)).toMatchObject({ valid: false, reason: 'status.suspended' });
    answers.delete(second);
    const other = 'https://issuer.example/status/3';
    const away = await several('8', '8', { ...suspension, statusListCredential: other });
    expect(await org.trust.verify(away)).toMatchObject({ reason: 'status.unreachable' });
    expect(await org.trust.verify(await listedAll(Array(9).fill(statusEntry('8'))))).toMatchObject({
      valid: false,
    });
  });

  it('is asked for again as soon as its list says so', async () => {
    const { world, org, http } = await webRig();
    http.answer = await listBy(issuer, world.clock.now(), {}, { ttl: 60_000 });
    const token = await listed('8');
    await org.trust.verify(token);
    await world.clock.advance(59_000);
    await org.trust.verify(token);
    expect(http.requests).toHaveLength(1);
    await world.clock.advance(2_000);
    await org.trust.verify(token);
    expect(http.requests).toHaveLength(2);
  });

  function statusEntry(index: string, change: object = {}) {
    return {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: index,
      statusListCredential: url,
      ...change,
    };
  }

  function several(first: string, other: string, change: object): Promise<string> {
    return listedAll([statusEntry(first), statusEntry(other, change)]);
  }

  function listedAll(credentialStatus: readonly object[]): Promise<string> {
    const credential = {
      '@context': [credentialContext],
      id: 'urn:test:several',
      type: ['VerifiableCredential', 'Partner'],
      issuer: issuer.did,
      credentialSubject: { id: holder.did },
      credentialStatus,
    };
    return signJws(credential, 'vc+jwt', issuer.signer);
  }
});
