import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { toBase64url, utf8 } from '../../../../src/base/bytes.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import type { Did, DidUrl } from '../../../../src/base/ids.ts';
import { toMultikey } from '../../../../src/base/multiformat.ts';
import { KeyRing, type KeyRingOptions } from '../../../../src/core/identity/key-ring.ts';
import { DidRegistry } from '../../../../src/core/identity/resolution/did-registry.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import type { SignatureKeyType } from '../../../../src/ports/crypto.ts';
import type { DidResolver } from '../../../../src/ports/resolver.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { rejected, thrown } from '../../../base/thrown.ts';

const message = utf8('hello');
const did: Did = 'did:web:a.example';
const keyId = (name: string): DidUrl => `${did}#${name}`;

function newKey(type: SignatureKeyType, n = 1) {
  // Low bytes first would do as well: any scalar below every order.
  const seed = new Uint8Array(type === 'P-384' ? 48 : type === 'P-521' ? 66 : 32);
  seed[seed.length - 1] = n;
  return nodeCrypto.signingKey(seed, type);
}

const methodOf = (name: string, key = newKey('Ed25519'), controller: Did = did) => ({
  id: keyId(name),
  type: 'Multikey',
  controller,
  publicKeyMultibase: toMultikey(key.type, key.publicKey),
});

/** A ring whose did:web resolver gives `document`, and how often it was asked. */
function rig(document: object, options: Partial<KeyRingOptions> = {}) {
  const clock = virtualClock();
  const state = { document, asked: 0, deactivated: false };
  const resolver: DidResolver = {
    methods: ['web'],
    resolve: () => {
      state.asked += 1;
      return Promise.resolve({
        document: state.document as never,
        ageMs: 0,
        deactivated: state.deactivated,
      });
    },
  };
  const ring = new KeyRing({
    clock,
    crypto: nodeCrypto,
    store: memoryStore(),
    resolvers: [resolver],
    ...options,
  });
  return { ring, state, clock };
}

describe('a key of a DID of another method', () => {
  it.each(['Ed25519', 'P-256', 'P-384', 'P-521', 'secp256k1'] as const)(
    'checks signatures: did:key and did:web with %s',
    async (type) => {
      const key = newKey(type);
      const signature = await nodeCrypto.sign(key, message);
      const multikey = toMultikey(type, key.publicKey);
      const { ring } = rig({
        id: did,
        verificationMethod: [methodOf('k', key)],
        assertionMethod: ['#k'],
      });
      expect(await ring.verify(`did:key:${multikey}#${multikey}`, message, signature)).toBe(true);
      expect(await ring.verify(keyId('k'), message, signature)).toBe(true);
      expect(await ring.verify(keyId('k'), utf8('hullo'), signature)).toBe(false);
    },
  );

  it('of did:key is itself, under its one name', async () => {
    const { ring } = rig({});
    const purpose = 'assertionMethod';
    const multikey = toMultikey('P-256', newKey('P-256').publicKey);
    const first = await ring.keyOf(`did:key:${multikey}#${multikey}`, { purpose });
    expect(first).toMatchObject({
      key: { type: 'P-256', publicKey: newKey('P-256').publicKey },
      ageMs: 0,
    });
    expect(await ring.keyOf(`did:key:${multikey}#${multikey}`, { purpose, at: 0 })).toEqual(first);
    const x25519 = toMultikey('X25519', new Uint8Array(32).fill(9));
    for (const bad of [`${multikey}#x`, `${multikey}#${x25519}`, `${x25519}#${x25519}`]) {
      expect(await rejected(ring.keyOf(`did:key:${bad}` as DidUrl, { purpose }))).toMatchObject({
        code: 'KEY_INVALID',
      });
    }
    expect(await rejected(ring.keyOf('did:key:z6Mk#z6Mk', { purpose }))).toMatchObject({
      code: 'DID_INVALID',
    });
    // No point of the curve: it may be named, and checks nothing.
    const none = toMultikey('P-256', new Uint8Array(33).fill(5));
    expect(await ring.verify(`did:key:${none}#${none}`, message, new Uint8Array(64))).toBe(false);
  });

  it('checks signatures: did:jwk', async () => {
    const key = newKey('Ed25519');
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(key.publicKey) };
    const one: Did = `did:jwk:${toBase64url(utf8(JSON.stringify(jwk)))}`;
    const { ring } = rig({});
    expect(await ring.verify(`${one}#0`, message, await nodeCrypto.sign(key, message))).toBe(true);
    expect(ring.methods).toEqual(['key', 'jwk', 'mesh', 'web']);
  });

  it('counts for what the document says it is for, and nothing else (T3)', async () => {
    const { ring } = rig({
      id: did,
      verificationMethod: [methodOf('both'), methodOf('none')],
      assertionMethod: ['#both'],
      authentication: ['#both', methodOf('login')],
      keyAgreement: ['#none'],
    });
    await ring.keyOf(keyId('both'), { purpose: 'assertionMethod' });
    await ring.keyOf(keyId('login'), { purpose: 'authentication' });
    for (const [name, purpose] of [
      ['none', 'assertionMethod'],
      ['none', 'authentication'],
      ['login', 'assertionMethod'],
      ['absent', 'assertionMethod'],
    ] as const) {
      expect(await rejected(ring.keyOf(keyId(name), { purpose }))).toMatchObject({
        code: 'KEY_INVALID',
      });
    }
  });

  it('does not count when somebody else controls it, or its DID has ended (T4)', async () => {
    const { ring, state } = rig({
      id: did,
      verificationMethod: [methodOf('k', newKey('Ed25519'), 'did:web:b.example')],
      assertionMethod: ['#k'],
    });
    expect(await rejected(ring.keyOf(keyId('k'), { purpose: 'assertionMethod' }))).toMatchObject({
      code: 'KEY_INVALID',
    });
    state.document = { id: did, verificationMethod: [methodOf('k')], assertionMethod: ['#k'] };
    state.deactivated = true;
    ring.invalidate(did);
    expect(await rejected(ring.keyOf(keyId('k'), { purpose: 'assertionMethod' }))).toMatchObject({
      code: 'DID_DEACTIVATED',
    });
  });

  it('comes with an epoch that changes with the keys, and with nothing else', async () => {
    const first = { id: did, verificationMethod: [methodOf('k')], assertionMethod: ['#k'] };
    const { ring, state } = rig(first);
    const epoch = async () => {
      ring.invalidate(did);
      return (await ring.keyOf(keyId('k'), { purpose: 'assertionMethod' })).epoch;
    };
    const before = await epoch();
    state.document = { ...first, alsoKnownAs: ['urn:x'] };
    expect(await epoch()).toBe(before);
    state.document = { ...first, verificationMethod: [methodOf('k', newKey('Ed25519', 2))] };
    expect(await epoch()).not.toBe(before);
    state.document = { ...first, authentication: ['#k'] };
    expect(await epoch()).not.toBe(before);
  });

  it('is asked for once for many signatures, and again after its time', async () => {
    const { ring, state, clock } = rig(
      { id: did, verificationMethod: [methodOf('k')], assertionMethod: ['#k'] },
      { ttlMs: { web: 1_000 } },
    );
    const purpose = 'assertionMethod';
    await Promise.all(Array.from({ length: 100 }, () => ring.keyOf(keyId('k'), { purpose })));
    await clock.advance(400);
    expect((await ring.keyOf(keyId('k'), { purpose })).ageMs).toBe(400);
    expect(state.asked).toBe(1);
    await clock.advance(600);
    await ring.keyOf(keyId('k'), { purpose });
    expect(state.asked).toBe(2);
  });

  it('leads to the fetch of its own DID and of no other', async () => {
    const asked: Did[] = [];
    const resolver: DidResolver = {
      methods: ['web'],
      resolve: (one) => {
        asked.push(one);
        const document = {
          id: one,
          controller: ['did:web:c.example'],
          verificationMethod: [methodOf('k', newKey('Ed25519'), 'did:web:c.example')],
          assertionMethod: ['did:web:d.example#k', '#k'],
        };
        return Promise.resolve({ document: document as never, ageMs: 0, deactivated: false });
      },
    };
    const { ring } = rig({}, { resolvers: [resolver] });
    expect(await ring.verify(keyId('k'), message, new Uint8Array(64))).toBe(false);
    expect(asked).toEqual([did]);
  });
});

describe('where a key ring looks', () => {
  it('believes the registry before it asks, and says how old that is', async () => {
    const { clock } = rig({});
    const registry = new DidRegistry();
    registry.add({ id: did, alsoKnownAs: ['urn:mine'] }, { at: clock.now() - 5_000 });
    const { ring, state } = rig({ id: did }, { registry });
    expect(await ring.resolve(did)).toMatchObject({
      ageMs: 5_000,
      document: { alsoKnownAs: ['urn:mine'] },
    });
    expect(state.asked).toBe(0);
    registry.remove(did);
    expect((await ring.resolve(did)).document.alsoKnownAs).toBeUndefined();
    expect(state.asked).toBe(1);
  });

  it('has a code for methods nobody answers for', async () => {
    const { ring } = rig({});
    expect(await rejected(ring.resolve('did:nope:x'))).toMatchObject({
      code: 'DID_METHOD_UNKNOWN',
      params: { method: 'nope' },
    });
    expect(
      await rejected(ring.keyOf('did:nope:x#k', { purpose: 'assertionMethod' })),
    ).toMatchObject({ code: 'DID_METHOD_UNKNOWN' });
  });

  it.each(['key', 'jwk', 'mesh'])('lets nobody else answer for did:%s', (method) => {
    const resolver: DidResolver = {
      methods: [method],
      resolve: () => Promise.reject(new MeshError('INTERNAL', { what: 'x' })),
    };
    expect(thrown(() => rig({}, { resolvers: [resolver] }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('derives a document once, frozen', async () => {
    const { ring } = rig({});
    const key = newKey('P-256');
    const one: Did = `did:key:${toMultikey('P-256', key.publicKey)}`;
    const first = await ring.resolve(one);
    expect((await ring.resolve(one)).document).toBe(first.document);
    expect(Object.isFrozen(first.document.verificationMethod[0])).toBe(true);
    for (let n = 2; n < 60; n += 1) {
      await ring.resolve(`did:key:${toMultikey('Ed25519', newKey('Ed25519', n).publicKey)}`);
    }
    expect((await ring.resolve(one)).document).toBe(first.document);
  });
});
