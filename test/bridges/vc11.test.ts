import { createVerifiableCredentialJwt, verifyCredential } from 'did-jwt-vc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/adapters/stores/memory.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '../../src/base/bytes.ts';
import { MeshError } from '../../src/base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../src/base/ids.ts';
import { fromMultikey, toMultikey } from '../../src/base/multiformat.ts';
import { type Vc11Credential, type Vc11Options, vc11 } from '../../src/bridges/vc11/index.ts';
import { KeyRing } from '../../src/core/identity/key-ring.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { SignatureKeyType } from '../../src/ports/crypto.ts';
import type { KeySource } from '../../src/ports/key-source.ts';
import type { SignatureAlgorithm, Signer } from '../../src/ports/signer.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { party } from '../core/trust/rig.ts';

const clock = virtualClock();
const now = Math.floor(clock.now() / 1_000);
const alice = party('alice');
const bob = party('bob');
const ring = new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore({ clock }) });

/** Keys of every kind by the Multikey in their name. */
const keys: KeySource = {
  keyOf: (keyId, use) => {
    const { did, fragment } = splitDidUrl(keyId);
    if (did !== `did:key:${fragment}` || fragment.startsWith('z6Mk')) return ring.keyOf(keyId, use);
    const { type, publicKey } = fromMultikey(fragment);
    return Promise.resolve({ key: { type: type as SignatureKeyType, publicKey }, ageMs: 0 });
  },
};
const options: Vc11Options = { keys, crypto: nodeCrypto, clock };
const door = vc11(options);

const certificate: Vc11Credential = {
  id: 'urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33',
  type: ['Iso14001Certificate'],
  credentialSubject: { id: bob.did, grade: 'A' },
};

/** A token with any payload, signed by `by`. */
async function token(payload: object, by: Pick<Signer, 'keyId' | 'sign'>, header: object = {}) {
  const full = { alg: 'EdDSA', typ: 'JWT', kid: by.keyId, ...header };
  const parts = [full, payload].map((part) => toBase64url(utf8(JSON.stringify(part))));
  return `${parts.join('.')}.${toBase64url(await by.sign(utf8(parts.join('.'))))}`;
}

const payload = {
  iss: alice.did,
  sub: bob.did,
  nbf: now - 10,
  exp: now + 1_000,
  vc: {
    '@context': ['https://www.w3.org/2018/credentials/v1'],
    type: ['VerifiableCredential'],
    credentialSubject: { id: bob.did, grade: 'A' },
  },
};

/** `ok`, or the check that failed. */
async function verdict(jwt: string, by = door): Promise<string> {
  const { valid, because } = await by.verify(jwt);
  return valid ? 'ok' : because!.check;
}

function signerOf(type: SignatureKeyType, algorithm: SignatureAlgorithm): Signer {
  const key = nodeCrypto.signingKey(new Uint8Array(32).fill(9), type);
  const multikey = toMultikey(type, key.publicKey);
  const did: Did = `did:key:${multikey}`;
  const keyId: DidUrl = `${did}#${multikey}`;
  const sign = async (message: Uint8Array) => nodeCrypto.sign(key, message);
  return { algorithm, keyId, publicKey: key.publicKey, sign };
}

describe('a VC 1.1 token', () => {
  it('that was issued here verifies, and says what was said', async () => {
    const jwt = await door.issue(certificate, alice.signer);
    const verified = await door.verify(jwt);
    expect(verified).toMatchObject({ valid: true, issuer: alice.did, subject: bob.did });
    expect(verified.credential).toMatchObject({
      id: certificate.id,
      type: ['VerifiableCredential', 'Iso14001Certificate'],
      credentialSubject: certificate.credentialSubject,
      issuer: { id: alice.did },
    });
  });

  it.each([
    ['P-256', 'ES256'],
    ['secp256k1', 'ES256K'],
  ] as const)('may be signed with %s', async (type, algorithm) => {
    const signer = signerOf(type, algorithm);
    expect(await verdict(await door.issue(certificate, signer))).toBe('ok');
  });

  it('verifies in the library alone too', async () => {
    const jwt = await door.issue(certificate, alice.signer);
    const { document } = await ring.resolve(alice.did);
    const resolve = () =>
      Promise.resolve({
        didDocument: document as never,
        didDocumentMetadata: {},
        didResolutionMetadata: {},
      });
    const policies = { now: now + 1 };
    expect(await verifyCredential(jwt, { resolve }, { policies })).toMatchObject({
      verified: true,
    });
  });

  it('that the library has made verifies here, where it names its key', async () => {
    const issuer = {
      did: alice.did,
      alg: 'EdDSA',
      signer: async (data: string | Uint8Array) =>
        toBase64url(await alice.signer.sign(utf8(data as string))),
    };
    const named = { header: { kid: alice.signer.keyId, alg: 'EdDSA' } };
    expect(await verdict(await createVerifiableCredentialJwt(payload, issuer, named))).toBe('ok');
    // T2: without kid all keys would be tried.
    expect(await verdict(await createVerifiableCredentialJwt(payload, issuer))).toBe('header');
  });

  it('is refused after any changed character', async () => {
    const jwt = await token(payload, alice.signer);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: jwt.length - 1 }), fc.base64String(), async (at, text) => {
        const other = (text[0] ?? 'A').replace('+', '-').replace('/', '_');
        if (jwt[at] === other) return;
        expect(await verdict(`${jwt.slice(0, at)}${other}${jwt.slice(at + 1)}`)).not.toBe('ok');
      }),
    );
  });

  it('is refused in no other way than by a verdict, whatever arrives', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((json) => toBase64url(utf8(json))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        expect(['form', 'header']).toContain(await verdict(parts.join('.')));
      }),
    );
    const change = fc.dictionary(fc.constantFrom(...Object.keys(payload), 'jti'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(change, async (changed) => {
        const jwt = await token({ ...payload, ...changed }, alice.signer);
        expect(await verdict(jwt)).toBeTypeOf('string');
      }),
    );
    expect(await verdict(7 as never)).toBe('form');
  });

  it.each([
    ['T1: another issuer than its key', { iss: bob.did }, 'issuer'],
    ['T5: an issuer inside that is not iss', { vc: { ...payload.vc, issuer: bob.did } }, 'issuer'],
    ['T7: an end a second ago', { exp: now }, 'time'],
    ['an end inside', { vc: { ...payload.vc, expirationDate: '1999-01-01T00:00:00Z' } }, 'claims'],
    ['a beginning to come', { nbf: now + 1 }, 'time'],
    ['an end before its beginning', { exp: now - 20 }, 'claims'],
    ['an end in words', { exp: 'soon' }, 'claims'],
    ['a date in words', { vc: { ...payload.vc, issuanceDate: 'now' } }, 'claims'],
    ['T8: a status nobody looks up', { vc: { ...payload.vc, credentialStatus: {} } }, 'status'],
    ['another subject', { sub: alice.did }, 'claims'],
    ['another id', { jti: 'urn:a:b', vc: { ...payload.vc, id: 'urn:a:c' } }, 'claims'],
    ['T17: an issuer that is no DID', { iss: 'https://a.example' }, 'issuer'],
    ['no vc', { vc: undefined }, 'claims'],
    [
      'no context of VC 1.1',
      { vc: { ...payload.vc, '@context': ['https://a.example'] } },
      'claims',
    ],
    ['no subject', { sub: undefined, vc: { ...payload.vc, credentialSubject: {} } }, 'claims'],
  ])('is refused with %s', async (_, change, check) => {
    expect(await verdict(await token({ ...payload, ...change }, alice.signer))).toBe(check);
  });

  it.each([
    ['T6: something critical', { crit: ['exp'] }, 'header'],
    ['T6: another type', { typ: 'vp+jwt' }, 'header'],
    ['no algorithm', { alg: 'none' }, 'header'],
    ['an algorithm the library does not know', { alg: 'ES384' }, 'form'],
    ['another algorithm than its key', { alg: 'ES256' }, 'key'],
    ['a key of its own', { jwk: {} }, 'header'],
    ['a key by a relative name', { kid: '#key-1' }, 'header'],
    ['a key its DID does not have', { kid: `${alice.did}#${bob.multikey}` }, 'key'],
  ])('is refused with %s in its header', async (_, change, check) => {
    expect(await verdict(await token(payload, alice.signer, change))).toBe(check);
  });

  it('T12: may say of its subject only who that is', async () => {
    const bare = { ...certificate, credentialSubject: { id: bob.did } };
    expect(await verdict(await door.issue(bare, alice.signer))).toBe('ok');
  });

  it('T3, T4: is refused where the key may not be used, or its DID has ended', async () => {
    const jwt = await door.issue(certificate, alice.signer);
    for (const error of [
      new MeshError('KEY_INVALID', { key: 'k', detail: 'not for assertionMethod' }),
      new MeshError('DID_DEACTIVATED', { did: alice.did }),
    ]) {
      const strict = vc11({ ...options, keys: { keyOf: () => Promise.reject(error) } });
      expect(await verdict(jwt, strict)).toBe('key');
    }
  });

  it('T9: is refused as the high-S twin of a good one', async () => {
    const jwt = await door.issue(certificate, signerOf('secp256k1', 'ES256K'));
    const [header, body, signature] = jwt.split('.') as [string, string, string];
    const bytes = fromBase64url(signature);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = BigInt(`0x${Buffer.from(bytes.slice(32)).toString('hex')}`);
    bytes.set(Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex'), 32);
    expect(await verdict(`${header}.${body}.${toBase64url(bytes)}`)).toBe('signature');
  });

  it('T10: is refused under a key of small order, which fits any message', async () => {
    const small = { type: 'Ed25519', publicKey: Uint8Array.of(1, ...new Uint8Array(31)) } as const;
    const strict = vc11({
      ...options,
      keys: { keyOf: () => Promise.resolve({ key: small, ageMs: 0 }) },
    });
    const signature = Uint8Array.of(1, ...new Uint8Array(63));
    const fixed = { keyId: alice.signer.keyId, sign: () => Promise.resolve(signature) };
    expect(await verdict(await token(payload, fixed), strict)).toBe('signature');
  });

  it('T1: is judged the same when asked twice in turn with others', async () => {
    const good = await token(payload, alice.signer);
    const forged = await token({ ...payload, iss: bob.did }, alice.signer, {
      kid: bob.signer.keyId,
    });
    for (let i = 0; i < 2; i += 1) {
      expect(await verdict(good)).toBe('ok');
      expect(await verdict(forged)).toBe('signature');
    }
  });

  it('goes by its status where somebody looks it up', async () => {
    const status = { id: 'https://a.example/1', type: 'CredentialStatusList2017' };
    const jwt = await door.issue({ ...certificate, credentialStatus: status }, alice.signer);
    const asked: unknown[] = [];
    const answers = ['its issuer has revoked it', undefined];
    const by = vc11({
      ...options,
      status: (entry, issuer) => {
        asked.push([entry, issuer]);
        return Promise.resolve(answers[asked.length - 1]);
      },
    });
    expect([await verdict(jwt, by), await verdict(jwt, by)]).toEqual(['status', 'ok']);
    expect(asked[0]).toEqual([status, alice.did]);
    const broken = vc11({ ...options, status: () => Promise.reject(new Error('offline')) });
    expect(await verdict(jwt, broken)).toBe('status');
  });

  it('is not made of what is no credential', async () => {
    const none = { ...certificate, credentialSubject: {} };
    await expect(door.issue(none, alice.signer)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('is refused when it is longer than 64 KiB', async () => {
    const long = { ...payload, more: 'x'.repeat(70_000) };
    expect(await verdict(await token(long, alice.signer))).toBe('form');
  });
});

describe('a VC 1.1 presentation', () => {
  const asked = { challenge: 'c-1', audience: 'did:web:verifier.example' };
  const shown = async () =>
    door.present([await door.issue(certificate, alice.signer)], bob.signer, asked);

  it('holds for whom it was made', async () => {
    const verified = await door.verifyPresentation(await shown(), asked);
    expect(verified).toMatchObject({
      valid: true,
      holder: bob.did,
      credentials: [{ valid: true, issuer: alice.did }],
    });
  });

  it.each([
    ['another challenge', { challenge: 'c-2' }],
    ['another verifier', { audience: 'did:web:other.example' }],
  ])('does not hold for %s', async (_, change) => {
    const verified = await door.verifyPresentation(await shown(), { ...asked, ...change });
    expect(verified).toMatchObject({ valid: false, because: { check: 'holder' } });
  });

  it('T8: is refused for what is inside it', async () => {
    const good = await token(payload, alice.signer);
    const forged = await token({ ...payload, iss: bob.did }, alice.signer, {
      kid: bob.signer.keyId,
    });
    const jwt = await door.present([good, forged], bob.signer, asked);
    const verified = await door.verifyPresentation(jwt, asked);
    expect(verified).toMatchObject({ valid: false, because: { check: 'signature' } });
    expect(verified.credentials!.map(({ valid }) => valid)).toEqual([true, false]);
  });

  it('shows credentials about its holder, unless others are wanted', async () => {
    const stolen = await door.present([await token(payload, alice.signer)], alice.signer, asked);
    expect(await door.verifyPresentation(stolen, asked)).toMatchObject({
      valid: false,
      because: { check: 'holder' },
    });
    const any = { ...asked, anySubject: true };
    expect(await door.verifyPresentation(stolen, any)).toMatchObject({ valid: true });
  });

  it.each([
    ['another holder inside', { holder: alice.did }, 'issuer'],
    ['a credential that is no token', { verifiableCredential: [{}] }, 'claims'],
    ['too many credentials', { verifiableCredential: Array(33).fill('a.b.c') }, 'claims'],
  ])('is refused with %s', async (_, change, check) => {
    const [, body] = (await shown()).split('.');
    const claims = JSON.parse(fromUtf8(fromBase64url(body!))) as { vp: object };
    const jwt = await token({ ...claims, vp: { ...claims.vp, ...change } }, bob.signer);
    const { because } = await door.verifyPresentation(jwt, asked);
    expect(because?.check).toBe(check);
  });

  it('ends', async () => {
    const jwt = await shown();
    const later = { ...options, clock: { ...clock, now: () => clock.now() + 301_000 } };
    expect(await vc11(later).verifyPresentation(jwt, asked)).toMatchObject({
      because: { check: 'time' },
    });
  });
});
