import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../src/base/bytes.ts';
import type { Did } from '../../../../src/base/ids.ts';
import {
  fromMultikey,
  type KeyType,
  toMultibase,
  toMultikey,
} from '../../../../src/base/multiformat.ts';
import { keyDocument } from '../../../../src/core/identity/methods/did-key.ts';
import { didDocumentShape, relationships } from '../../../../src/schema/did-document.ts';
import { readDidDocument } from '../../../../src/schema/read-did-document.ts';
import { agreementKeyOf, publicKeyOf } from '../../../../src/schema/verification-method.ts';
import { thrown } from '../../../base/thrown.ts';
import published from '../vectors/did-key.json' with { type: 'json' };

const vectors = published.vectors as readonly {
  did: Did;
  publicKey?: string;
  agreement?: string;
}[];

describe('the document of a did:key', () => {
  it.each(vectors)('has the keys that the method publishes: $did', (vector) => {
    const document = keyDocument(vector.did);
    expect(didDocumentShape(document, 'doc')).toEqual(document);
    expect(readDidDocument(document)).toEqual(document);
    const multikey = vector.did.slice('did:key:'.length);
    const { type, publicKey } = fromMultikey(multikey);
    if (vector.publicKey !== undefined) expect(toHex(publicKey)).toBe(vector.publicKey);
    const [method] = document.verificationMethod;
    expect(method).toMatchObject({
      id: `${vector.did}#${multikey}`,
      type: 'Multikey',
      controller: vector.did,
    });
    const agreement = type === 'X25519' ? multikey : vector.agreement;
    const agrees = agreement === undefined ? undefined : [`${vector.did}#${agreement}`];
    expect(document.keyAgreement).toEqual(agrees);
    if (type === 'X25519') {
      expect(document).toMatchObject({ authentication: [], assertionMethod: [] });
      expect(agreementKeyOf(method!)).toEqual(publicKey);
      return;
    }
    expect(publicKeyOf(method!)).toEqual({ type, publicKey });
    for (const purpose of relationships) {
      if (purpose !== 'keyAgreement') expect(document[purpose]).toEqual([method!.id]);
    }
  });

  it('covers every kind of key', () => {
    const kinds = new Set(vectors.map(({ did }) => fromMultikey(did.slice(8)).type));
    expect([...kinds].sort()).toEqual([
      'Ed25519',
      'P-256',
      'P-384',
      'P-521',
      'X25519',
      'secp256k1',
    ]);
  });

  const noPoint = (type: KeyType, length: number) => {
    for (let x = 0; ; x += 1) {
      const bytes = new Uint8Array(length);
      if (type !== 'Ed25519') bytes[0] = 2;
      bytes[type === 'Ed25519' ? 0 : length - 1] = x;
      const did = `did:key:${toMultikey(type, bytes)}` as const;
      if (thrown(() => keyDocument(did)) !== undefined) return did;
    }
  };
  it.each([
    ['bytes that are no Ed25519 point', noPoint('Ed25519', 32)],
    ['bytes that are no P-256 point', noPoint('P-256', 33)],
    ['bytes that are no P-521 point', noPoint('P-521', 67)],
    ['bytes that are no secp256k1 point', noPoint('secp256k1', 33)],
    [
      'an uncompressed point',
      `did:key:${toMultibase(Uint8Array.of(0xe7, 1, 4, ...new Uint8Array(64)))}`,
    ],
    ['an unknown kind', `did:key:${toMultibase(Uint8Array.of(0xea, 1, ...new Uint8Array(48)))}`],
    [
      'a key that is too short',
      `did:key:${toMultibase(Uint8Array.of(0xed, 1, ...new Uint8Array(31)))}`,
    ],
    ['another multibase', 'did:key:uAe1_'],
    ['no key', 'did:key:z'],
  ] as const)('is refused with DID_INVALID for %s', (_, did) => {
    expect(thrown(() => keyDocument(did))).toMatchObject({ code: 'DID_INVALID', params: { did } });
  });

  it('is a document or DID_INVALID, whatever the identifier holds', () => {
    const id = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9]{1,120}$/),
      fc.uint8Array({ minLength: 2, maxLength: 70 }).map((bytes) => toMultibase(bytes)),
      fc
        .tuple(
          fc.constantFrom<KeyType>('Ed25519', 'X25519', 'P-384'),
          fc.uint8Array({ maxLength: 60 }),
        )
        .map(([type, bytes]) => toMultikey(type, bytes)),
    );
    fc.assert(
      fc.property(id, (one) => {
        expect(thrown(() => keyDocument(`did:key:${one}`))?.code ?? 'DID_INVALID').toBe(
          'DID_INVALID',
        );
      }),
    );
  });
});
