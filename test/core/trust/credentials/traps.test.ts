/**
 * The traps of `did-jwt` 9 and `did-jwt-vc` 4, one by one: what they do, and that the SDK does not.
 */
import { createJWT, EdDSASigner, ES256KSigner, verifyJWT } from 'did-jwt';
import { createVerifiableCredentialJwt, verifyPresentation } from 'did-jwt-vc';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url, utf8 } from '../../../../src/base/bytes.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import type { Did, DidUrl } from '../../../../src/base/ids.ts';
import { toJwk } from '../../../../src/base/jwk.ts';
import { toMultikey } from '../../../../src/base/multiformat.ts';
import { CredentialExaminer } from '../../../../src/core/trust/credentials/credentials.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import type { Keys } from '../../../../src/core/trust/needs.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { credentialContext } from '../../../../src/schema/credential.ts';
import type { DidDocument } from '../../../../src/schema/did-document.ts';
import {
  publicKeyOf,
  type VerificationMethod,
} from '../../../../src/schema/verification-method.ts';
import { toInstant } from '../../../../src/schema/words.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { type Party, party, World } from '../rig.ts';

const clock = virtualClock();
const now = clock.now();
const [alice, bob] = [party('alice'), party('bob')];

function credential(issuer: Did, changes: object = {}): Record<string, unknown> {
  return {
    '@context': [credentialContext],
    id: 'urn:uuid:11111111-1111-4111-8111-111111111111',
    type: ['VerifiableCredential', 'Partner'],
    issuer,
    validFrom: toInstant(now - 60_000),
    credentialSubject: { id: bob.did, level: 'gold' },
    iss: issuer,
    ...changes,
  };
}

interface Ledger {
  readonly document: DidDocument;
  readonly deactivated?: boolean;
}

function methodOf({ did, multikey, signer }: Party): VerificationMethod {
  return { id: signer.keyId, type: 'Multikey', controller: did, publicKeyMultibase: multikey };
}

function documentOf(who: Party, changes: Partial<DidDocument> = {}): DidDocument {
  const method = methodOf(who);
  return {
    '@context': [],
    id: who.did,
    verificationMethod: [method],
    authentication: [method.id],
    assertionMethod: [method.id],
    ...changes,
  };
}

const usual: readonly Ledger[] = [{ document: documentOf(alice) }, { document: documentOf(bob) }];

/** Their resolver and our keys over the same documents. */
function world(ledgers: readonly Ledger[] = usual) {
  const find = (did: string) => ledgers.find(({ document }) => document.id === did);
  const calls: string[] = [];
  const resolve = (did: string) => {
    const ledger = find(did);
    return Promise.resolve({
      didDocument: ledger?.document ?? null,
      didDocumentMetadata: { deactivated: ledger?.deactivated ?? false },
      didResolutionMetadata: ledger === undefined ? { error: 'notFound' } : {},
    });
  };
  const keys: Pick<Keys, 'keyOf'> = {
    keyOf: async (keyId, { purpose }) => {
      calls.push(keyId);
      const did = keyId.slice(0, keyId.indexOf('#')) as Did;
      const ledger = find(did);
      if (ledger === undefined) throw new MeshError('DID_NOT_FOUND', { did });
      if (ledger.deactivated === true) throw new MeshError('DID_DEACTIVATED', { did });
      const { document } = ledger;
      const method = document.verificationMethod.find(({ id }) => id === keyId);
      const key = method?.controller === did ? publicKeyOf(method) : undefined;
      if (key === undefined || !document[purpose].includes(keyId)) {
        throw new MeshError('KEY_INVALID', { key: keyId, detail: 'not for this' });
      }
      return { key, epoch: '', ageMs: 0 };
    },
  };
  const examiner = new CredentialExaminer({ keys, crypto: nodeCrypto, clock });
  const resolver = { resolve } as never;
  return {
    examiner,
    calls,
    theirs: (token: string, options: object = {}) =>
      verifyJWT(token, { resolver, policies: { now: now / 1_000 }, ...options }),
    resolver,
    /** `valid`, or the reason why not. */
    ours: async (token: string) => {
      const { ok, checks } = await examiner.examine(token);
      return ok ? 'valid' : checks.at(-1)!.reason;
    },
  };
}

const signed = (payload: object, by: Party = alice, typ = 'vc+jwt') =>
  signJws(payload, typ, by.signer);

/** A token by did-jwt, with whatever header an attacker likes. */
function raw(payload: object, header: object, by: Party = alice): Promise<string> {
  const signer = EdDSASigner(by.seed);
  const usualHeader = { alg: 'EdDSA', typ: 'vc+jwt' as 'JWT', kid: by.signer.keyId };
  return createJWT(payload, { issuer: by.did, signer }, { ...usualHeader, ...header });
}

const accepted = { verified: true };

describe('traps', () => {
  it('T1: options used twice let alice speak for bob there', async () => {
    const { theirs, resolver, ours } = world();
    const shared = { resolver, policies: { now: now / 1_000 } };
    await verifyJWT(await signed(credential(alice.did)), shared);
    const forged = await signed(credential(bob.did));
    await expect(verifyJWT(forged, shared)).resolves.toMatchObject(accepted);
    await expect(theirs(forged)).rejects.toThrow();
    await ours(await signed(credential(alice.did)));
    expect(await ours(forged)).toBe('issuer.mismatch');
  });

  it('T2: fifty keys are all tried there; here it is one signature, by the key that is named', async () => {
    const others = Array.from({ length: 49 }, (_, i) => party(`other ${String(i)}`));
    const decoys = others.map((other): VerificationMethod => {
      const id: DidUrl = `${alice.did}#${other.multikey}`;
      return { ...methodOf(other), id, controller: alice.did };
    });
    const methods = [...decoys, methodOf(alice)];
    const ids = methods.map(({ id }) => id);
    const document = documentOf(alice, { verificationMethod: methods, assertionMethod: ids });
    const { ours, theirs, examiner } = world([{ document }]);
    const token = await raw(credential(alice.did), { kid: decoys[0]!.id });
    await expect(theirs(token)).resolves.toMatchObject(accepted);
    expect(await ours(token)).toBe('signature.wrong');
    expect(await ours(await signed(credential(alice.did)))).toBe('valid');
    expect(examiner.signatureChecks).toBe(2);
  });

  it('T3: a key for something else than statements signs credentials there', async () => {
    const document = documentOf(alice, {
      assertionMethod: [],
      keyAgreement: [methodOf(alice).id],
    });
    const { ours, theirs } = world([{ document }]);
    const token = await signed(credential(alice.did));
    await expect(theirs(token)).resolves.toMatchObject(accepted);
    expect(await ours(token)).toBe('key.purpose');
  });

  it('T4: who has ended goes on speaking there, and so does the key of somebody else', async () => {
    const ended = world([{ document: documentOf(alice), deactivated: true }]);
    const token = await signed(credential(alice.did));
    await expect(ended.theirs(token)).resolves.toMatchObject(accepted);
    expect(await ended.ours(token)).toBe('key.deactivated');
    const foreign = { ...methodOf(alice), controller: bob.did };
    const borrowed = world([{ document: documentOf(alice, { verificationMethod: [foreign] }) }]);
    await expect(borrowed.theirs(token)).resolves.toMatchObject(accepted);
    expect(await borrowed.ours(token)).toBe('key.purpose');
  });

  it.each([
    [
      'T5: an end long ago',
      { validUntil: '2001-01-01T00:00:00Z', validFrom: undefined },
      'time.over',
    ],
    ['T5: a beginning far ahead', { validFrom: '2099-01-01T00:00:00Z' }, 'time.early'],
    ['T5: an issuer that is not iss', { issuer: bob.did }, 'issuer.mismatch'],
    ['T7: four minutes too late', { exp: now / 1_000 - 240, validFrom: undefined }, 'time.over'],
  ])('%s is taken there', async (_, changes, reason) => {
    const { ours, theirs } = world();
    const token = await signed(credential(alice.did, changes));
    await expect(theirs(token)).resolves.toMatchObject(accepted);
    expect(await ours(token)).toBe(reason);
  });

  it('T6: critical members nobody understands are taken there, and any typ', async () => {
    const { ours, theirs } = world();
    const crit = await raw(credential(alice.did), { crit: ['b65'], b65: true });
    await expect(theirs(crit)).resolves.toMatchObject(accepted);
    expect(await ours(crit)).toBe('header.crit');
    const presentation = await signed(credential(alice.did), alice, 'vp+jwt');
    await expect(theirs(presentation)).resolves.toMatchObject(accepted);
    expect(await ours(presentation)).toBe('header.typ');
  });

  it('T8: a status is not looked at there, and here it decides', async () => {
    const status = {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: '7',
      statusListCredential: `${alice.did}?list=0`,
    };
    const token = await signed(credential(alice.did, { credentialStatus: status }));
    await expect(world().theirs(token)).resolves.toMatchObject(accepted);
    const { trust } = await new World().org('carol');
    expect(await trust.verify(token)).toMatchObject({
      valid: false,
      reason: 'status.unreachable',
    });
  });

  it('T8: a presentation of a forged credential is taken there, and here nothing in it is passed over', async () => {
    const old = { '@context': ['https://www.w3.org/2018/credentials/v1'] };
    const head = toBase64url(utf8(JSON.stringify({ alg: 'EdDSA', typ: 'JWT' })));
    const vc = { ...old, type: ['VerifiableCredential'], credentialSubject: { level: 'gold' } };
    const claims = { vc, iss: bob.did, sub: alice.did, nbf: now / 1_000 };
    const forged = `${head}.${toBase64url(utf8(JSON.stringify(claims)))}.${toBase64url(new Uint8Array(64))}`;
    const vp = { ...old, type: ['VerifiablePresentation'], verifiableCredential: [forged] };
    const signer = EdDSASigner(alice.seed);
    const shown = await createJWT(
      { vp },
      { issuer: alice.did, signer },
      { alg: 'EdDSA', typ: 'JWT' },
    );
    const { resolver } = world();
    await expect(
      verifyPresentation(shown, resolver, { policies: { now: now / 1_000 } }),
    ).resolves.toMatchObject(accepted);
    const carol = await new World().org('carol');
    const inside = {
      '@context': [credentialContext],
      type: 'EnvelopedVerifiableCredential',
      id: `data:application/vc+jwt,${await forgery()}`,
    };
    const ours = await signed(
      {
        '@context': [credentialContext],
        type: ['VerifiablePresentation'],
        holder: alice.did,
        verifiableCredential: [inside],
        aud: carol.did,
        exp: now / 1_000 + 60,
      },
      alice,
      'vp+jwt',
    );
    expect(await carol.trust.verifyPresentation(ours)).toMatchObject({
      valid: false,
      reason: 'credentials.invalid',
    });
  });

  it('T9: an ES256K token has a second form there that verifies, and here it has one', async () => {
    const dave = party('dave', 'secp256k1');
    const { ours, theirs } = world([{ document: documentOf(dave) }]);
    const payload = credential(dave.did);
    const header = { alg: 'ES256K', typ: 'vc+jwt' as 'JWT', kid: dave.signer.keyId };
    const signer = ES256KSigner(dave.seed);
    const token = await createJWT(payload, { issuer: dave.did, signer }, header);
    const twin = highTwin(token);
    await expect(theirs(twin)).resolves.toMatchObject(accepted);
    expect(await ours(token)).toBe('valid');
    expect(await ours(twin)).toBe('signature.wrong');
  });

  it('T10: one signature under the identity key is good for any message there', async () => {
    const identity = new Uint8Array(32);
    identity[0] = 1;
    const multikey = toMultikey('Ed25519', identity);
    const did: Did = `did:key:${multikey}`;
    const keyId: DidUrl = `${did}#${multikey}`;
    const signature = new Uint8Array(64);
    signature[0] = 1;
    const mallory: Party = {
      did,
      multikey,
      seed: new Uint8Array(32),
      signer: {
        algorithm: 'EdDSA',
        keyId,
        publicKey: identity,
        sign: () => Promise.resolve(signature),
      },
    };
    const { ours, theirs } = world([{ document: documentOf(mallory) }]);
    const token = await signed(credential(did), mallory);
    await expect(theirs(token)).resolves.toMatchObject(accepted);
    expect(await ours(token)).toBe('signature.wrong');
  });

  it('T11: a key written as JsonWebKey is unknown there, and so are P-384 and P-521', async () => {
    const jwk = toJwk({ type: 'Ed25519', publicKey: alice.signer.publicKey });
    const { publicKeyMultibase: _, ...rest } = methodOf(alice);
    const method = { ...rest, type: 'JsonWebKey', publicKeyJwk: jwk };
    const { ours, theirs } = world([
      { document: documentOf(alice, { verificationMethod: [method] }) },
    ]);
    const token = await signed(credential(alice.did));
    await expect(theirs(token)).rejects.toThrow('no_suitable_keys');
    expect(await ours(token)).toBe('valid');
    for (const type of ['P-384', 'P-521'] as const) {
      const dave = party('dave', type);
      const other = world([{ document: documentOf(dave) }]);
      const large = await signed(credential(dave.did), dave);
      await expect(other.theirs(large)).rejects.toThrow();
      expect(await other.ours(large)).toBe('valid');
    }
  });

  it('T12: a subject of whom nothing but the name is said is refused there', async () => {
    const { ours } = world();
    const old = {
      '@context': ['https://www.w3.org/2018/credentials/v1'],
      type: ['VerifiableCredential'],
      issuer: alice.did,
      issuanceDate: toInstant(now),
      credentialSubject: { id: bob.did },
    };
    const signer = { did: alice.did, signer: EdDSASigner(alice.seed), alg: 'EdDSA' };
    const theirs = createVerifiableCredentialJwt(old, signer);
    await expect(theirs).rejects.toThrow('must not be empty');
    const subject = { credentialSubject: { id: bob.did } };
    expect(await ours(await signed(credential(alice.did, subject)))).toBe('valid');
  });

  it('T16: an iat as the published vectors have it is refused there; exp and nbf stay strict here', async () => {
    const { ours, theirs } = world();
    const token = await signed(credential(alice.did, { iat: '2010-01-01T19:23:24Z' }));
    await expect(theirs(token)).rejects.toThrow();
    expect(await ours(token)).toBe('valid');
    for (const name of ['exp', 'nbf']) {
      const loose = await signed(credential(alice.did, { [name]: '2010-01-01T19:23:24Z' }));
      expect(await ours(loose)).toBe('time.form');
    }
  });

  it('T17: an iss that is no DID ends in a TypeError there, in a reason here', async () => {
    const { ours, theirs } = world();
    const token = await raw(
      credential(alice.did, { iss: 'https://a.example', issuer: 'https://a.example' }),
      {},
    );
    const [head = '', , signature = ''] = token.split('.');
    const payload = credential(alice.did, { iss: 'x', issuer: 'x' });
    const changed = `${head}.${toBase64url(utf8(JSON.stringify(payload)))}.${signature}`;
    await expect(theirs(changed)).rejects.toThrow();
    expect(await ours(changed)).toBe('issuer.missing');
  });
});

describe('what a stranger sends', () => {
  const { ours, calls } = world();

  it.each([
    ['nothing', '', 'form.parts'],
    ['very much', `${'a'.repeat(70_000)}.b.c`, 'form.size'],
    [
      'no securing',
      `${part({ alg: 'none', typ: 'vc+jwt' })}.${part(credential(alice.did))}.`,
      'header.alg',
    ],
    [
      'a key inside',
      `${part({ ...header(), jwk: {} })}.${part({})}.${zeros()}`,
      'header.key-carrier',
    ],
    [
      'a place for a key',
      `${part({ ...header(), jku: 'https://a.example' })}.${part({})}.${zeros()}`,
      'header.key-carrier',
    ],
    [
      'a foreign kid',
      `${part({ ...header(), kid: bob.signer.keyId })}.${part(credential(alice.did))}.${zeros()}`,
      'issuer.mismatch',
    ],
    [
      'an end before the beginning',
      `${part(header())}.${part(credential(alice.did, { exp: 1 }))}.${zeros()}`,
      'time.order',
    ],
    [
      'endless numbers',
      `${part(header())}.${part(credential(alice.did, { exp: 'Infinity' }))}.${zeros()}`,
      'time.form',
    ],
  ])('causes no look-up when it is %s', async (_, token, reason) => {
    expect(await ours(token)).toBe(reason);
    expect(calls).toEqual([]);
  });

  it('causes one look-up, of the DID that it says it is from', async () => {
    const forged = `${part(header())}.${part(credential(alice.did))}.${zeros()}`;
    expect(await ours(forged)).toBe('signature.wrong');
    expect(calls).toEqual([alice.signer.keyId]);
  });
});

function header(): object {
  return { alg: 'EdDSA', typ: 'vc+jwt', kid: alice.signer.keyId };
}

function part(value: unknown): string {
  return toBase64url(utf8(JSON.stringify(value)));
}

function zeros(): string {
  return toBase64url(new Uint8Array(64));
}

async function forgery(): Promise<string> {
  const token = await signed(credential(bob.did, { credentialSubject: { id: alice.did } }), bob);
  return `${token.slice(0, token.lastIndexOf('.') + 1)}${zeros()}`;
}

function highTwin(token: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const at = token.lastIndexOf('.') + 1;
  const signature = fromBase64url(token.slice(at));
  const s = order - BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  const high = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
  return token.slice(0, at) + toBase64url(Uint8Array.from([...signature.subarray(0, 32), ...high]));
}
