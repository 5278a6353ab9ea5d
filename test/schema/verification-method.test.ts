import { generateKeyPairSync } from 'node:crypto';
import { base58btc } from 'multiformats/bases/base58';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { fromJwk, type PublicJwk } from '../../src/base/jwk.ts';
import { toMultikey } from '../../src/base/multiformat.ts';
import {
  agreementKeyOf,
  publicKeyOf,
  type VerificationMethod,
} from '../../src/schema/verification-method.ts';

const jwkOf = (curve: 'Ed25519' | 'X25519' | 'P-256' | 'P-384' | 'P-521' | 'secp256k1') => {
  const pair =
    curve === 'Ed25519'
      ? generateKeyPairSync('ed25519')
      : curve === 'X25519'
        ? generateKeyPairSync('x25519')
        : generateKeyPairSync('ec', { namedCurve: curve });
  return pair.publicKey.export({ format: 'jwk' }) as unknown as PublicJwk;
};

const method = (type: string, rest: Partial<VerificationMethod>): VerificationMethod => ({
  id: 'did:example:a#k',
  type,
  controller: 'did:example:a',
  ...rest,
});

const k1 = fromJwk(jwkOf('secp256k1')).publicKey;
const ed = fromJwk(jwkOf('Ed25519')).publicKey;
const base58 = (bytes: Uint8Array) => base58btc.encode(bytes).slice(1);

describe('the key of a verification method', () => {
  it.each(['Ed25519', 'P-256', 'P-384', 'P-521', 'secp256k1'] as const)(
    'is the same as Multikey, JsonWebKey and JsonWebKey2020: %s',
    (type) => {
      const publicKeyJwk = jwkOf(type);
      const { publicKey } = fromJwk(publicKeyJwk);
      const expected = { type, publicKey };
      const publicKeyMultibase = toMultikey(type, publicKey);
      expect(publicKeyOf(method('Multikey', { publicKeyMultibase }))).toEqual(expected);
      expect(publicKeyOf(method('JsonWebKey', { publicKeyJwk }))).toEqual(expected);
      expect(publicKeyOf(method('JsonWebKey2020', { publicKeyJwk }))).toEqual(expected);
    },
  );

  it.each([
    ['Ed25519VerificationKey2020', { publicKeyMultibase: toMultikey('Ed25519', ed) }, ed],
    ['Ed25519VerificationKey2018', { publicKeyBase58: base58(ed) }, ed],
    ['EcdsaSecp256k1VerificationKey2019', { publicKeyBase58: base58(k1) }, k1],
    ['EcdsaSecp256k1VerificationKey2019', { publicKeyHex: toHex(k1) }, k1],
  ])('is read from %s with %o', (type, rest, expected) => {
    expect(publicKeyOf(method(type, rest))?.publicKey).toEqual(expected);
  });

  it('is for agreement alone when it is X25519', () => {
    const publicKeyJwk = jwkOf('X25519');
    const one = method('JsonWebKey', { publicKeyJwk });
    expect(publicKeyOf(one)).toBeUndefined();
    expect(agreementKeyOf(one)).toEqual(fromJwk(publicKeyJwk).publicKey);
    expect(agreementKeyOf(method('JsonWebKey', { publicKeyJwk: jwkOf('P-256') }))).toBeUndefined();
  });

  it.each([
    ['an unknown type', method('FutureKey2031', { publicKeyMultibase: toMultikey('Ed25519', ed) })],
    ['a type called __proto__', method('__proto__', { publicKeyHex: toHex(k1) })],
    ['no key', method('Multikey', {})],
    [
      'an account',
      method('EcdsaSecp256k1RecoveryMethod2020', { blockchainAccountId: 'eip155:1:0x0' }),
    ],
    [
      'two keys',
      method('Multikey', {
        publicKeyMultibase: toMultikey('Ed25519', ed),
        publicKeyHex: toHex(k1),
      }),
    ],
    ['a JWK in a Multikey', method('Multikey', { publicKeyJwk: jwkOf('P-256') })],
    [
      'a Multikey in a JsonWebKey',
      method('JsonWebKey', { publicKeyMultibase: toMultikey('Ed25519', ed) }),
    ],
    [
      'another curve than its type says',
      method('Ed25519VerificationKey2020', { publicKeyMultibase: toMultikey('secp256k1', k1) }),
    ],
    [
      'a JWK for encryption',
      method('JsonWebKey', { publicKeyJwk: { ...jwkOf('P-256'), use: 'enc' } }),
    ],
    [
      'a JWK for other operations',
      method('JsonWebKey', { publicKeyJwk: { ...jwkOf('P-256'), key_ops: ['deriveBits'] } }),
    ],
    [
      'a JWK off its curve',
      method('JsonWebKey', { publicKeyJwk: { ...jwkOf('P-256'), y: jwkOf('P-256').y! } }),
    ],
    ['broken multibase', method('Multikey', { publicKeyMultibase: 'z0' })],
    ['broken hex', method('EcdsaSecp256k1VerificationKey2019', { publicKeyHex: '0x00' })],
    [
      'an uncompressed point',
      method('EcdsaSecp256k1VerificationKey2019', { publicKeyHex: `04${'11'.repeat(64)}` }),
    ],
  ])('is none for %s', (_, one) => {
    expect(publicKeyOf(one)).toBeUndefined();
  });
});
