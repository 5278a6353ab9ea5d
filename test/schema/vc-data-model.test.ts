import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../src/base/errors.ts';
import {
  credentialDocument,
  envelopeOf,
  identifierOf,
  isEnvelope,
  presentationDocument,
  undefinedMembers,
} from '../../src/schema/vc-data-model.ts';
import { dateTimeStamp, isUrl } from '../../src/schema/words.ts';

const base = 'https://www.w3.org/ns/credentials/v2';
const example = 'https://example.org/#';
const minimal = {
  '@context': [base],
  type: ['VerifiableCredential'],
  issuer: 'did:example:issuer',
  credentialSubject: { id: 'did:example:subject' },
};
const presentation = { '@context': [base], type: ['VerifiablePresentation'] };

/** Where `value` breaks the data model; undefined where it does not. */
function placeOf(value: unknown, shape = credentialDocument): unknown {
  try {
    shape(value, '$');
    return undefined;
  } catch (error) {
    if (MeshError.is(error, 'SCHEMA_INVALID')) return error.params['at'];
    throw error;
  }
}

describe('a credential of the data model', () => {
  it.each([
    ['a minimal one', {}],
    ['a type that is a URL, in any order', { type: [`${example}A`, 'VerifiableCredential'] }],
    ['one type as text', { type: 'VerifiableCredential' }],
    [
      'a type that an inline context defines',
      { '@context': [base, { A: `${example}A` }], type: ['VerifiableCredential', 'A'] },
    ],
    [
      'a type that a context elsewhere may define',
      { '@context': [base, 'https://example.org/v1'], type: ['VerifiableCredential', 'A'] },
    ],
    [
      'a type under a vocabulary',
      { '@context': [base, { '@vocab': example }], type: ['VerifiableCredential', 'A'] },
    ],
    ['an id', { id: 'urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33' }],
    ['an issuer that is an object', { issuer: { id: 'https://example.org/i', name: 'I' } }],
    ['several subjects', { credentialSubject: [{ id: 'did:example:a' }, { name: 'b' }] }],
    ['a far beginning', { validFrom: '4023-02-26T01:02:58.447Z' }],
    ['another offset', { validFrom: '2023-02-25T19:10:39-06:00' }],
    [
      'an end in the same instant',
      { validFrom: '2023-01-01T00:00:00Z', validUntil: '2023-01-01T01:00:00+01:00' },
    ],
    ['a name', { name: 'A name', description: { '@value': 'Text', '@language': 'en' } }],
    [
      'a name in several languages',
      { name: [{ '@value': 'a', '@language': 'ar', '@direction': 'rtl' }, 'b'] },
    ],
    ['a status', { credentialStatus: { type: 'BitstringStatusListEntry' } }],
    [
      'several statuses',
      { credentialStatus: [{ type: `${example}S`, id: 'did:example:s' }, { type: `${example}T` }] },
    ],
    ['a schema', { credentialSchema: { type: 'JsonSchema', id: 'did:example:s' } }],
    ['evidence', { evidence: [{ type: `${example}E` }, { type: [`${example}F`] }] }],
    ['a refresh service', { refreshService: { type: `${example}R`, id: 'https://x.example/r' } }],
    ['terms of use', { termsOfUse: { type: `${example}T` } }],
    ['a related resource', { relatedResource: { id: base, digestSRI: 'sha384-AAAA' } }],
    ['a proof', { proof: { type: 'DataIntegrityProof' } }],
    ['members of its own', { 'https://example.org/#more': [1, 2] }],
  ])('may have %s', (_, change) => {
    expect(placeOf({ ...minimal, ...change })).toBeUndefined();
  });

  it.each([
    ['no context', { '@context': undefined }, '$.@context'],
    ['a context that is text', { '@context': base }, '$.@context'],
    ['an empty context', { '@context': [] }, '$.@context[0]'],
    ['another first context', { '@context': [`${example}c`, base] }, '$.@context[0]'],
    ['a context that is no URL', { '@context': [base, 'https ://x'] }, '$.@context[1]'],
    ['a context that is a number', { '@context': [base, 7] }, '$.@context[1]'],
    [
      'another meaning of a base term',
      { '@context': [base, { VerifiableCredential: `${example}x` }] },
      '$.@context[1].VerifiableCredential',
    ],
    [
      'another meaning of a protected term',
      { '@context': [base, { '@protected': true, A: `${example}a` }, { A: `${example}b` }] },
      '$.@context[2].A',
    ],
    [
      'another meaning of a term that protects itself',
      { '@context': [base, { A: { '@id': `${example}a`, '@protected': true } }, { A: null }] },
      '$.@context[2].A',
    ],
    ['a term of no meaning', { '@context': [base, { A: 'https ://x' }] }, '$.@context[1].A'],
    ['a term that is a number', { '@context': [base, { A: 7 }] }, '$.@context[1].A'],
    [
      'a vocabulary that is no URL',
      { '@context': [base, { '@vocab': 7 }] },
      '$.@context[1].@vocab',
    ],
    ['no type', { type: undefined }, '$.type[0]'],
    ['an empty type', { type: [] }, '$.type'],
    ['not the type', { type: [`${example}A`] }, '$.type'],
    ['a type nobody defines', { type: ['VerifiableCredential', 'A'] }, '$.type[1]'],
    [
      'a type that was taken back',
      {
        '@context': [base, { A: `${example}A` }, { A: null }],
        type: ['VerifiableCredential', 'A'],
      },
      '$.type[1]',
    ],
    ['an id that is null', { id: null }, '$.id'],
    ['two ids', { id: ['urn:a:b', 'urn:a:c'] }, '$.id'],
    ['an id that is no URL', { id: 'https ://x' }, '$.id'],
    ['no issuer', { issuer: undefined }, '$.issuer'],
    ['an issuer that is null', { issuer: null }, '$.issuer'],
    ['an issuer that is no URL', { issuer: 'me' }, '$.issuer'],
    ['an issuer without an id', { issuer: { name: 'me' } }, '$.issuer'],
    ['an issuer with a broken name', { issuer: { id: 'did:a:b', name: 7 } }, '$.issuer.name'],
    ['no subject', { credentialSubject: undefined }, '$.credentialSubject'],
    ['no subjects', { credentialSubject: [] }, '$.credentialSubject'],
    ['a subject that is text', { credentialSubject: 'did:a:b' }, '$.credentialSubject'],
    ['a subject without claims', { credentialSubject: {} }, '$.credentialSubject'],
    [
      'an empty subject among others',
      { credentialSubject: [{ a: 1 }, {}] },
      '$.credentialSubject[1]',
    ],
    [
      'a subject with two ids',
      { credentialSubject: { id: ['did:a:b', 'did:a:c'] } },
      '$.credentialSubject.id',
    ],
    ['a beginning in words', { validFrom: 'Sat 25 Feb 2023 07:16:31 PM CST' }, '$.validFrom'],
    ['a beginning without an offset', { validFrom: '2023-02-26T01:02:58' }, '$.validFrom'],
    ['an end in seconds', { validUntil: 1_700_000_000 }, '$.validUntil'],
    [
      'an end before its beginning',
      { validFrom: '2023-01-02T00:00:00Z', validUntil: '2023-01-01T00:00:00Z' },
      '$.validUntil',
    ],
    ['a name that is a number', { name: 7 }, '$.name'],
    ['a name with more to it', { name: { '@value': 'a', url: 'b' } }, '$.name.url'],
    ['a name of no language', { name: { '@value': 'a', '@language': 7 } }, '$.name.@language'],
    [
      'a name of no direction',
      { name: { '@value': 'a', '@direction': 'up' } },
      '$.name.@direction',
    ],
    [
      'a status without a type',
      { credentialStatus: { id: 'did:a:b' } },
      '$.credentialStatus.type[0]',
    ],
    ['a status of type 2', { credentialStatus: { type: 2 } }, '$.credentialStatus.type[0]'],
    [
      'a status with two ids',
      { credentialStatus: { type: `${example}S`, id: ['did:a:b', 'did:a:c'] } },
      '$.credentialStatus.id',
    ],
    [
      'a schema without an id',
      { credentialSchema: { type: 'JsonSchema' } },
      '$.credentialSchema.id',
    ],
    [
      'a schema without a type',
      { credentialSchema: { id: 'did:a:b' } },
      '$.credentialSchema.type[0]',
    ],
    ['evidence that is text', { evidence: 'paper' }, '$.evidence'],
    ['no evidence at all', { evidence: [] }, '$.evidence'],
    ['terms of use without a type', { termsOfUse: [{ id: 'did:a:b' }] }, '$.termsOfUse[0].type[0]'],
    ['a refresh service without a type', { refreshService: {} }, '$.refreshService.type[0]'],
    ['a proof without a type', { proof: { created: 'x' } }, '$.proof.type[0]'],
    ['a related resource that is text', { relatedResource: [base] }, '$.relatedResource[0]'],
    [
      'a related resource without an id',
      { relatedResource: { digestSRI: 'a' } },
      '$.relatedResource',
    ],
    ['a related resource without a digest', { relatedResource: { id: base } }, '$.relatedResource'],
    [
      'one related resource twice',
      {
        relatedResource: [
          { id: base, digestSRI: 'a' },
          { id: base, digestMultibase: 'b' },
        ],
      },
      '$.relatedResource[1].id',
    ],
  ])('may not have %s', (_, change, place) => {
    expect(placeOf({ ...minimal, ...change })).toBe(place);
  });

  it('is refused in no other way, whatever arrives', () => {
    const names = [...Object.keys(minimal), 'id', 'name', 'evidence', 'proof', 'relatedResource'];
    const contexts = fc.array(fc.jsonValue()).map((more) => [base, ...more]);
    const change = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), contexts));
    fc.assert(
      fc.property(change, (changed) => {
        expect(['string', 'undefined']).toContain(typeof placeOf({ ...minimal, ...changed }));
      }),
    );
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        expect(placeOf(anything)).toMatch(/^\$/);
      }),
    );
  });
});

describe('a presentation of the data model', () => {
  const envelope = {
    '@context': base,
    type: 'EnvelopedVerifiableCredential',
    id: 'data:application/vc+jwt,a.b.c',
  };

  it.each([
    ['nothing', {}],
    ['a holder', { holder: 'did:example:holder' }],
    ['a holder that is an object', { holder: { id: 'did:example:holder' } }],
    ['a credential', { verifiableCredential: minimal }],
    ['credentials in envelopes and without', { verifiableCredential: [envelope, minimal] }],
  ])('may have %s', (_, change) => {
    expect(placeOf({ ...presentation, ...change }, presentationDocument)).toBeUndefined();
  });

  it.each([
    ['a credential’s type', { type: ['VerifiableCredential'] }, '$.type'],
    ['a holder that is no URL', { holder: 'z6Mk' }, '$.holder'],
    ['a holder without an id', { holder: { name: 'Acme' } }, '$.holder'],
    ['a credential by reference', { verifiableCredential: 'urn:a:b' }, '$.verifiableCredential'],
    [
      'a credential that breaks the data model',
      { verifiableCredential: [minimal, { ...minimal, issuer: 'me' }] },
      '$.verifiableCredential[1].issuer',
    ],
    [
      'an envelope of nothing',
      { verifiableCredential: { ...envelope, id: 'a.b.c' } },
      '$.verifiableCredential.id',
    ],
    [
      'an envelope without a context',
      { verifiableCredential: { ...envelope, '@context': [] } },
      '$.verifiableCredential.@context[0]',
    ],
  ])('may not have %s', (_, change, place) => {
    expect(placeOf({ ...presentation, ...change }, presentationDocument)).toBe(place);
  });

  it('opens envelopes', () => {
    expect(envelopeOf(envelope, '$')).toEqual({
      mediaType: 'application/vc+jwt',
      content: 'a.b.c',
    });
    const parameter = { ...envelope, id: 'data:application/vc+jwt;base64url,a.b.c' };
    expect(envelopeOf(parameter, '$').content).toBe('a.b.c');
    expect(isEnvelope(envelope, 'EnvelopedVerifiablePresentation')).toBe(false);
    expect(isEnvelope(undefined, 'EnvelopedVerifiableCredential')).toBe(false);
  });
});

describe('members that no context defines', () => {
  it('are found, so that nobody signs them', () => {
    const more = { ...minimal, more: 1, 'https://example.org/#more': 2 };
    expect(undefinedMembers(more)).toEqual(['more']);
    expect(undefinedMembers({ ...more, '@context': [base, { '@vocab': example }] })).toEqual([]);
    expect(undefinedMembers({ ...minimal, id: 'a:b', name: 'x', evidence: [] })).toEqual([]);
  });
});

describe('small words of the data model', () => {
  it('tells URLs from other text', () => {
    for (const url of ['did:a:b', 'urn:x:y', 'https://x.example/a?b#c', 'data:,x']) {
      expect(isUrl(url), url).toBe(true);
    }
    for (const other of ['', 'x', 'https ://x', 'https://x y', 'https://', 7, null, 'a:<b>']) {
      expect(isUrl(other), String(other)).toBe(false);
    }
  });

  it('finds the identifier of a speaker', () => {
    expect(identifierOf({ id: 'did:a:b' })).toBe('did:a:b');
    expect(identifierOf('did:a:b')).toBe('did:a:b');
    expect(identifierOf({ id: 7 })).toBeUndefined();
  });

  it.each([
    '2023-02-29T00:00:00Z',
    '2023-04-31T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-01-01T25:00:00Z',
    '2023-01-01',
    7,
  ])('knows no day such as %s', (day) => {
    expect(() => dateTimeStamp(day, '$')).toThrow(MeshError);
    expect(dateTimeStamp('2024-02-29T00:00:00.123456Z', '$')).toMatch(/^2024/);
  });
});
