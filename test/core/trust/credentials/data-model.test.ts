import { describe, expect, it } from 'vitest';
import { addProof } from '../../../../src/core/trust/credentials/eddsa-jcs.ts';
import { signJws } from '../../../../src/core/trust/credentials/jws.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import { party, World } from '../rig.ts';

const issuer = party('issuer');
const holder = party('holder');
const base = 'https://www.w3.org/ns/credentials/v2';
const credential = {
  '@context': [base, 'https://www.w3.org/ns/credentials/undefined-terms/v2'],
  id: 'urn:test:1',
  type: ['VerifiableCredential', 'Partner'],
  issuer: issuer.did,
  validFrom: '2010-01-01T00:00:00Z',
  credentialSubject: { id: holder.did, grade: 'A' },
};
const digest = 'sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC';
const typed = { id: 'https://x.example/1', type: 'Thing' };

/** The verdict on `credential` with `change`, in each of the two forms. */
async function verdicts(change: object) {
  const org = await new World().org('verifier');
  const document = { ...credential, ...change };
  const { signer } = issuer;
  const token = await signJws(document, 'vc+jwt', signer);
  const proven = await addProof(document, {}, { signer, crypto: nodeCrypto });
  const found = [await org.trust.verify(token), await org.trust.verify(proven)];
  return found.map(({ valid, reason }) => (valid ? 'valid' : reason));
}

// VC Data Model 2.0; the number is that of the section.
describe('in a token and with a proof inside alike, a credential is taken', () => {
  it.each([
    [
      '4.3 with a context written inline',
      { '@context': [base, { Partner: 'https://x.example/#p' }] },
    ],
    ['4.4 whose id is any URL', { id: 'https://x.example/credentials/1?a=b#c' }],
    ['4.5 whose one type is no list', { type: 'VerifiableCredential' }],
    [
      '4.5 with a type that is a URL',
      { type: ['VerifiableCredential', 'https://x.example/#Partner'] },
    ],
    ['4.6 with a name and a description', { name: 'A', description: 'B' }],
    [
      '4.6 with names in several languages',
      {
        name: [
          { '@value': 'A', '@language': 'de-CH' },
          { '@value': 'ب', '@language': 'ar', '@direction': 'rtl' },
        ],
      },
    ],
    [
      '4.7 whose issuer is an object',
      { issuer: { id: issuer.did, name: 'Acme', description: { '@value': 'x' } } },
    ],
    [
      '4.8 whose one subject stands in a list',
      { credentialSubject: [{ id: holder.did, grade: 'A' }] },
    ],
    ['4.8 whose subject has no id', { credentialSubject: { grade: 'A' } }],
    ['4.9 with an offset and parts of a second', { validFrom: '2010-01-01T00:00:00.123+05:30' }],
    ['4.9 without dates', { validFrom: undefined }],
    ['4.11 with schemas', { credentialSchema: [{ ...typed, type: 'JsonSchema' }, typed] }],
    [
      '5.3 with related resources',
      {
        relatedResource: [
          { id: 'https://x.example/1', digestSRI: digest },
          { id: 'https://x.example/2', digestMultibase: 'uEiA' },
        ],
      },
    ],
    ['5.4 with a service that renews it', { refreshService: typed }],
    ['5.5 with terms of use', { termsOfUse: [typed, { type: 'Thing' }] }],
    ['5.6 with evidence', { evidence: [typed] }],
  ])('%s', async (_, change) => {
    expect(await verdicts(change)).toEqual(['valid', 'valid']);
  });
});

describe('in a token and with a proof inside alike, a credential is refused', () => {
  it.each([
    ['4.3 without a context', { '@context': undefined }],
    ['4.3 with a context that is no list', { '@context': base }],
    ['4.3 whose first context is another', { '@context': ['https://x.example/v1', base] }],
    ['4.3 with a context that is a number', { '@context': [base, 7] }],
    ['4.4 with several ids', { id: ['urn:test:1', 'urn:test:2'] }],
    ['4.4 whose id is no URL', { id: 'one' }],
    ['4.4 whose id is empty', { id: '' }],
    ['4.5 without a type', { type: undefined }],
    ['4.5 with an empty list of types', { type: [] }],
    ['4.5 of another type', { type: ['Partner'] }],
    ['4.5 with a type that is a number', { type: ['VerifiableCredential', 7] }],
    ['4.6 whose name is a number', { name: 7 }],
    ['4.6 whose name has another member', { name: { '@value': 'A', more: 1 } }],
    [
      '4.6 whose description is in no language',
      { description: { '@value': 'A', '@language': '!' } },
    ],
    ['4.6 whose name has no value', { name: { '@language': 'en' } }],
    ['4.6 whose name goes another way', { name: { '@value': 'A', '@direction': 'up' } }],
    ['4.7 whose issuer has a name that is none', { issuer: { id: issuer.did, name: 7 } }],
    ['4.8 without a subject', { credentialSubject: undefined }],
    ['4.8 whose subject says nothing', { credentialSubject: {} }],
    ['4.8 with an empty list of subjects', { credentialSubject: [] }],
    ['4.8 whose subject is a text', { credentialSubject: holder.did }],
    ['4.8 whose subject has an id that is no URL', { credentialSubject: { id: 'me' } }],
    ['4.10 whose status has no type', { credentialStatus: { id: 'urn:test:2' } }],
    ['4.11 whose schema has no id', { credentialSchema: { type: 'JsonSchema' } }],
    ['4.11 whose schema has no type', { credentialSchema: { id: 'https://x.example/1' } }],
    ['4.11 whose schema is a URL', { credentialSchema: 'https://x.example/1' }],
    ['5.3 with a resource without a digest', { relatedResource: { id: 'https://x.example/1' } }],
    ['5.3 with a resource without an id', { relatedResource: { digestSRI: digest } }],
    [
      '5.3 with one resource twice',
      { relatedResource: Array(2).fill({ id: 'https://x.example/1', digestSRI: digest }) },
    ],
    ['5.3 with a resource that is a text', { relatedResource: 'https://x.example/1' }],
    ['5.4 with a service without a type', { refreshService: { id: 'https://x.example/1' } }],
    ['5.5 with terms of use without a type', { termsOfUse: { id: 'https://x.example/1' } }],
    ['5.5 with terms of use that are a text', { termsOfUse: 'none' }],
    ['5.6 with evidence without a type', { evidence: [{ id: 'https://x.example/1' }] }],
    ['5.6 with evidence whose id is no URL', { evidence: { ...typed, id: 'one' } }],
    ['5.6 with an empty list of evidence', { evidence: [] }],
  ])('%s', async (_, change) => {
    const [token, proven] = await verdicts(change);
    expect(['claims.model', 'issuer.missing']).toContain(token);
    expect(['claims.model', 'form.proof']).toContain(proven);
  });

  it.each([
    ['4.7 without an issuer', { issuer: undefined }],
    ['4.7 whose issuer is no URL', { issuer: 'acme' }],
    ['4.7 whose issuer is an object without an id', { issuer: { name: 'Acme' } }],
    ['4.9 from a date without a time', { validFrom: '2010-01-01' }],
    ['4.9 from a time without an offset', { validFrom: '2010-01-01T00:00:00' }],
    ['4.9 from a day that is not in the calendar', { validFrom: '2010-02-30T00:00:00Z' }],
    ['4.9 until before it begins', { validUntil: '2009-01-01T00:00:00Z' }],
    ['4.9 until a number', { validUntil: 1_893_456_000 }],
  ])('%s', async (_, change) => {
    for (const verdict of await verdicts(change)) expect(verdict).not.toBe('valid');
  });
});
