import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromUtf8, toBase64url, utf8 } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Did } from '../../../src/base/ids.ts';
import {
  type HandshakeGround,
  type Handshaken,
  initiate,
  respond,
} from '../../../src/core/federation/handshake.ts';
import { packFirst, packHello, readFirst, readHello } from '../../../src/core/federation/hello.ts';
import { LocalParty } from '../../../src/core/federation/local-party.ts';
import { NoiseHandshake } from '../../../src/core/federation/noise.ts';
import { type NoiseKey, signNoiseKey } from '../../../src/core/federation/noise-key.ts';
import { noiseSuite } from '../../../src/core/federation/noise-suite.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Signed } from '../../../src/schema/signed.ts';
import {
  didKeys,
  FakeClock,
  type FakeLink,
  identityOf,
  linkPair,
  seededRandom,
  settle,
  type Wire,
} from './rig.ts';

interface End {
  readonly ground: HandshakeGround;
  readonly party: LocalParty;
}

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(() => {
  expect(clock.timers).toBe(0);
});

function end(...seeds: number[]): End {
  const base = { clock, random: seededRandom(seeds[0]!), crypto: nodeCrypto };
  const facts = { node: 'main', instance: `run-${String(seeds[0])}`, features: ['x'] };
  const parties = seeds.map((seed) => new LocalParty(identityOf(seed), facts, base));
  const ground = { ...base, keys: didKeys, parties, endpoints: () => ['fake:here'] };
  return { ground, party: parties[0]! };
}

type Settled = PromiseSettledResult<Handshaken>;

/** Both sides of a handshake over a wire. */
async function shake(
  a: End,
  b: End,
  options: { expect?: Did; wire?: Wire } = {},
): Promise<[Settled, Settled, FakeLink, FakeLink]> {
  const [dialler, listener] = linkPair();
  if (options.wire) dialler.wire = listener.wire = options.wire;
  const both = Promise.allSettled([
    initiate(a.ground, a.party, dialler, { expect: options.expect }),
    respond(b.ground, listener),
  ]);
  await clock.advance(10_000);
  const [x, y] = await both;
  return [x, y, dialler, listener];
}

const codeOf = (result: Settled): string =>
  result.status === 'rejected' && MeshError.is(result.reason) ? result.reason.code : 'none';

describe('handshake', () => {
  it('proves each side to the other', async () => {
    const [a, b] = [end(1), end(2)];
    const [x, y] = await shake(a, b, { expect: b.party.did });
    if (x.status !== 'fulfilled' || y.status !== 'fulfilled') throw new Error('failed');
    expect(x.value.peer).toMatchObject({ did: b.party.did, node: 'main', instance: 'run-2' });
    expect(y.value.peer).toMatchObject({ did: a.party.did, endpoints: ['fake:here'] });
    expect(x.value.noise.handshakeHash).toEqual(y.value.noise.handshakeHash);
  });

  it('takes three messages, and none of them shows a DID in clear', async () => {
    const [a, b] = [end(1), end(2)];
    const [, , dialler, listener] = await shake(a, b, { expect: b.party.did });
    const frames = [...dialler.sent, ...listener.sent];
    expect(frames).toHaveLength(3);
    for (const frame of frames) expect(Buffer.from(frame).toString('latin1')).not.toContain('did:');
  });

  it('fails for both sides when any bit of any message is flipped', async () => {
    const [a, b] = [end(1), end(2)];
    const [, , clean, cleanBack] = await shake(a, b, { expect: b.party.did });
    const lengths = [clean.sent[0]!.length, cleanBack.sent[0]!.length, clean.sent[1]!.length];
    for (const [message, length] of lengths.entries()) {
      // Every byte of the short first message, and a spread over the others.
      const step = message === 0 ? 1 : Math.max(1, Math.floor(length / 60));
      for (let at = 0; at < length; at += step) {
        let count = 0;
        const wire: Wire = (frame) => {
          if (count++ !== message) return frame;
          const changed = frame.slice();
          changed[at]! ^= 1 << (at % 8);
          return changed;
        };
        const [x, y] = await shake(a, b, { expect: b.party.did, wire });
        const where = `message ${String(message + 1)}, byte ${String(at)}`;
        expect(y.status, where).toBe('rejected');
        // Message 3 is the last: its sender learns of the failure when the link is cut.
        if (message < 2) expect(x.status, where).toBe('rejected');
        else expect(codeOf(y), where).toBe('HANDSHAKE_FAILED');
      }
    }
  });

  it('refuses somebody else than was expected', async () => {
    const [a, b] = [end(1), end(2)];
    const [x, y] = await shake(a, b, { expect: identityOf(3).did });
    expect(codeOf(x)).toBe('IDENTITY_MISMATCH');
    expect(y.status).toBe('rejected');
  });

  it('answers as the identity that is wanted, and as the first when none is', async () => {
    const [a, b] = [end(1), end(2, 3, 4)];
    for (const seed of [2, 3, 4]) {
      const { did } = identityOf(seed);
      const [x, y] = await shake(a, b, { expect: did });
      expect(x).toMatchObject({ value: { peer: { did } } });
      expect(y).toMatchObject({ value: { local: did } });
    }
    const [x] = await shake(a, b);
    expect(x).toMatchObject({ value: { peer: { did: identityOf(2).did } } });
  });

  it.each([
    ['is over', -25 * 3_600_000],
    ['has not come', 2 * 3_600_000],
  ])('refuses a session key whose time %s', async (_, ahead) => {
    const a = end(1);
    const b = end(2);
    // The key is signed on a clock that is wrong, and used before it is signed anew.
    clock.jump(ahead);
    await b.party.hello(['fake:here']);
    const stale = await b.party.hello(['fake:here']);
    clock.jump(-ahead);
    b.party.hello = () => Promise.resolve(stale);
    const [x] = await shake(a, b);
    expect(codeOf(x)).toBe('KEY_INVALID');
  });

  it('forgives clocks that differ by less than a minute', async () => {
    const [a, b] = [end(1), end(2)];
    clock.jump(30_000);
    await b.party.hello(['fake:here']);
    clock.jump(-30_000);
    const [x] = await shake(a, b);
    expect(x.status).toBe('fulfilled');
  });

  it('signs the session key again when half of its time is over, and not before', async () => {
    const { party } = end(1);
    const first = await party.hello([]);
    clock.jump(11 * 3_600_000);
    expect(await party.hello([])).toBe(first);
    clock.jump(2 * 3_600_000);
    expect(readHello(await party.hello([])).proof.notBefore).not.toBe(
      readHello(first).proof.notBefore,
    );
  });

  it('asks the signer again after it could not be reached', async () => {
    const identity = identityOf(1);
    let reachable = false;
    const sign = (message: Uint8Array) =>
      reachable ? identity.signer.sign(message) : Promise.reject(new Error('no HSM'));
    const broken = { ...identity, signer: { ...identity.signer, sign } };
    const facts = { node: 'main', instance: 'i', features: [] };
    const party = new LocalParty(broken, facts, {
      clock,
      random: seededRandom(1),
      crypto: nodeCrypto,
    });
    await expect(party.hello([])).rejects.toThrow('no HSM');
    reachable = true;
    await expect(party.hello([])).resolves.toBeInstanceOf(Uint8Array);
  });

  it('is of no use to replay: message 1 again gets a new answer, message 3 again fails', async () => {
    const [a, b] = [end(1), end(2)];
    const [, , dialler] = await shake(a, b);
    const [first, third] = dialler.sent as [Uint8Array, Uint8Array];
    const [mine, theirs] = linkPair();
    const answering = Promise.allSettled([respond(b.ground, theirs)]);
    mine.send(first);
    await settle();
    mine.send(third);
    await settle();
    expect(codeOf((await answering)[0])).toBe('HANDSHAKE_FAILED');
    expect(theirs.sent[0]).not.toEqual(dialler.other.sent[0]);
  });

  it('ends after its deadline when the other side stays silent, naming the step', async () => {
    const [a, b] = [end(1), end(2)];
    const deaf: Wire = (frame, from) => (from === 'dialler' ? frame : undefined);
    const [x, y, dialler, listener] = await shake(a, b, { wire: deaf });
    expect(x).toMatchObject({
      reason: { code: 'HANDSHAKE_FAILED', params: { step: 'message 2' } },
    });
    expect(y).toMatchObject({
      reason: { code: 'HANDSHAKE_FAILED', params: { step: 'message 3' } },
    });
    expect([dialler.ended, listener.ended]).toEqual([true, true]);
  });

  it.each([
    'GET / HTTP/1.1\r\nHost: example\r\nUser-Agent: something\r\n\r\n',
    '',
    'x',
    '\u0016\u0003\u0001',
    'a'.repeat(5_000),
    'a'.repeat(100_000),
  ])('a listener refuses a caller that speaks something else (%#)', async (text) => {
    const b = end(2);
    const [mine, theirs] = linkPair();
    const answering = Promise.allSettled([respond(b.ground, theirs)]);
    mine.send(utf8(text));
    await settle();
    expect((await answering)[0]).toMatchObject({
      reason: { code: 'HANDSHAKE_FAILED', params: { step: 'message 1' } },
    });
  });

  it('a caller refuses a listener that speaks something else', async () => {
    const a = end(1);
    for (const text of ['HTTP/1.1 400 Bad Request\r\n\r\n', '', 'x'.repeat(70_000)]) {
      const [mine, theirs] = linkPair();
      const calling = Promise.allSettled([initiate(a.ground, a.party, mine)]);
      theirs.send(utf8(text));
      await settle();
      expect((await calling)[0]).toMatchObject({
        reason: { code: 'HANDSHAKE_FAILED', params: { step: 'message 2' } },
      });
    }
  });

  it('refuses random bytes in place of any message', async () => {
    const [a, b] = [end(1), end(2)];
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 600 }),
        fc.integer({ min: 0, max: 2 }),
        async (bytes, message) => {
          let count = 0;
          const wire: Wire = (frame) => (count++ === message ? bytes : frame);
          const [, y] = await shake(a, b, { wire });
          expect(y.status).toBe('rejected');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('the hint in message 1 means something only to those who know the DID, and differs each time', () => {
    const dids = [identityOf(1).did, identityOf(2).did];
    const [e1, e2] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const first = packFirst(nodeCrypto, e1, dids[1]);
    expect(readFirst(first, nodeCrypto, e1, dids)).toBe(dids[1]);
    expect(readFirst(first, nodeCrypto, e2, dids)).toBeUndefined();
    expect(packFirst(nodeCrypto, e2, dids[1])).not.toEqual(first);
  });
});

/** A peer that proves its Noise key with a document of the test's making. */
async function forged(
  forge: (proof: Signed<NoiseKey>, staticKey: Uint8Array) => unknown,
): Promise<Settled> {
  const a = end(1);
  const [mine, theirs] = linkPair();
  const calling = Promise.allSettled([initiate(a.ground, a.party, mine)]);
  const staticKey = nodeCrypto.agreementKey(new Uint8Array(32).fill(9));
  const noise = new NoiseHandshake({
    crypto: nodeCrypto,
    suite: noiseSuite('Noise_XX_25519_ChaChaPoly_SHA256'),
    initiator: false,
    prologue: utf8('mesh/1'),
    staticKey,
    ephemeral: seededRandom(5),
  });
  const about = { did: identityOf(2).did, node: 'main', staticKey: staticKey.publicKey };
  const proof = await signNoiseKey(about, identityOf(2).signer, clock.now(), 1_000_000);
  await settle();
  noise.read(mine.sent[0]!);
  const hello = {
    log: [],
    instance: 'i',
    features: [],
    endpoints: [],
    proof: forge(proof, staticKey.publicKey),
  };
  theirs.send(noise.write(packHello(hello as never)));
  await settle();
  if (mine.sent.length > 1) return (await calling)[0];
  await clock.advance(10_000);
  return (await calling)[0];
}

describe('the proof of a session key', () => {
  it('is accepted as it should be', async () => {
    expect((await forged((proof) => proof)).status).toBe('fulfilled');
  });

  it('is accepted with members a newer peer has signed', async () => {
    const { signer, did } = identityOf(2);
    const { sign } = await import('../../../src/schema/signed.ts');
    const newer = await forged((proof) => proof);
    expect(newer.status).toBe('fulfilled');
    const staticKey = nodeCrypto.agreementKey(new Uint8Array(32).fill(9)).publicKey;
    const { proof: _, ...body } = await signNoiseKey(
      { did, node: 'main', staticKey },
      signer,
      clock.now(),
      1_000,
    );
    const extended = await sign('noise-key', { ...body, purpose: 'all' }, signer);
    expect((await forged(() => extended)).status).toBe('fulfilled');
  });

  it.each<[string, (proof: Signed<NoiseKey>) => unknown]>([
    [
      'another signature',
      (proof) => ({
        ...proof,
        proof: { ...proof.proof, signature: toBase64url(new Uint8Array(64)) },
      }),
    ],
    ['another node', (proof) => ({ ...proof, node: 'other' })],
    ['another DID', (proof) => ({ ...proof, did: identityOf(3).did })],
    [
      'a key id of another DID',
      (proof) => ({ ...proof, proof: { ...proof.proof, keyId: identityOf(3).signer.keyId } }),
    ],
    ['a longer life', (proof) => ({ ...proof, notAfter: '2036-01-01T00:00:00.000Z' })],
    ['an added member', (proof) => ({ ...proof, admin: true })],
    [
      "another session's key",
      (proof) => ({ ...proof, staticKey: toBase64url(new Uint8Array(32).fill(3)) }),
    ],
  ])('is refused with %s', async (_, forge) => {
    expect(codeOf(await forged(forge))).toBe('SIGNATURE_INVALID');
  });

  it("is refused when it vouches for another node's key: a proof is no use to whoever copied it", async () => {
    const { signer, did } = identityOf(2);
    const staticKey = new Uint8Array(32).fill(3);
    const copied = await signNoiseKey({ did, node: 'main', staticKey }, signer, clock.now(), 1_000);
    expect(codeOf(await forged(() => copied))).toBe('SIGNATURE_INVALID');
  });

  it('is refused when it is no such document at all', async () => {
    expect(codeOf(await forged(() => ({ format: 2 })))).toBe('HANDSHAKE_FAILED');
    expect(codeOf(await forged(() => fromUtf8(utf8('no'))))).toBe('HANDSHAKE_FAILED');
  });
});
