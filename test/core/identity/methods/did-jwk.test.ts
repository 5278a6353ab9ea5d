import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../../../src/base/bytes.ts';
import type { Did } from '../../../../src/base/ids.ts';
import { jwkDocument } from '../../../../src/core/identity/methods/did-jwk.ts';
import { readDidDocument } from '../../../../src/schema/read-did-document.ts';
import { agreementKeyOf, publicKeyOf } from '../../../../src/schema/verification-method.ts';
import { thrown } from '../../../base/thrown.ts';

const didOf = (jwk: unknown) => `did:jwk:${toBase64url(utf8(JSON.stringify(jwk)))}` as const;

/** The examples of the method's specification. */
const p256 =
  'did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9';
const x25519 =
  'did:jwk:eyJrdHkiOiJPS1AiLCJjcnYiOiJYMjU1MTkiLCJ1c2UiOiJlbmMiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQzdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9';

describe('the document of a did:jwk', () => {
  it('is that of the specification: P-256', () => {
    const id = `${p256}#0`;
    const document = jwkDocument(p256);
    expect(document).toEqual({
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
      id: p256,
      verificationMethod: [
        {
          id,
          type: 'JsonWebKey2020',
          controller: p256,
          publicKeyJwk: {
            crv: 'P-256',
            kty: 'EC',
            x: 'acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0',
            y: '_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE',
          },
        },
      ],
      assertionMethod: [id],
      authentication: [id],
      capabilityInvocation: [id],
      capabilityDelegation: [id],
      keyAgreement: [id],
    });
    expect(readDidDocument(document)).toEqual(document);
    expect(publicKeyOf(document.verificationMethod[0]!)?.type).toBe('P-256');
  });

  it('is that of the specification: X25519, for agreement alone', () => {
    const document = jwkDocument(x25519);
    expect(document.keyAgreement).toEqual([`${x25519}#0`]);
    expect(document).toMatchObject({ authentication: [], assertionMethod: [] });
    expect(document.capabilityInvocation).toBeUndefined();
    expect(publicKeyOf(document.verificationMethod[0]!)).toBeUndefined();
    expect(agreementKeyOf(document.verificationMethod[0]!)).toHaveLength(32);
  });

  const jwk = jwkDocument(p256).verificationMethod[0]!.publicKeyJwk!;

  it('follows the use of the key', () => {
    expect(jwkDocument(didOf({ ...jwk, use: 'sig' })).keyAgreement).toBeUndefined();
    const { keyAgreement, assertionMethod } = jwkDocument(didOf({ ...jwk, use: 'enc' }));
    expect(keyAgreement).toHaveLength(1);
    expect(assertionMethod).toEqual([]);
  });

  it('names its key #0, whatever kid says', () => {
    const did = didOf({ ...jwk, kid: 'mine' });
    expect(jwkDocument(did).assertionMethod).toEqual([`${did}#0`]);
  });

  it.each([
    ['a private key', didOf({ ...jwk, d: 'AA' })],
    ['a secret', didOf({ kty: 'oct', k: 'AA' })],
    ['an unknown curve', didOf({ ...jwk, crv: 'P-1' })],
    ['a point off the curve', didOf({ ...jwk, y: jwk.x })],
    ['no JSON', `did:jwk:${toBase64url(utf8('{'))}`],
    ['no UTF-8', `did:jwk:${toBase64url(Uint8Array.of(0xff))}`],
    ['a list', didOf([])],
    ['another spelling of base64url', `${p256.slice(0, -1)}8`],
    ['characters that base64url has not', 'did:jwk:a.b'],
  ] as const)('is refused with DID_INVALID for %s', (_, did) => {
    expect(thrown(() => jwkDocument(did as Did))).toMatchObject({
      code: 'DID_INVALID',
      params: { did },
    });
  });

  it('is a document or DID_INVALID, whatever the key holds', () => {
    const member = fc.oneof(fc.string(), fc.constantFrom('EC', 'OKP', 'P-256', 'Ed25519', jwk.x));
    const some = fc.dictionary(
      fc.constantFrom('kty', 'crv', 'x', 'y', 'use', 'd', '__proto__'),
      member,
    );
    fc.assert(
      fc.property(some, (one) => {
        expect(thrown(() => jwkDocument(didOf(one)))?.code ?? 'DID_INVALID').toBe('DID_INVALID');
      }),
    );
  });
});
