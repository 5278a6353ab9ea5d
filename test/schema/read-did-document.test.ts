import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didDocumentShape } from '../../src/schema/did-document.ts';
import { readDidDocument } from '../../src/schema/read-did-document.ts';
import { thrown } from '../base/thrown.ts';
import { changed, places } from './rig.ts';
import { a, multikey } from './sample.ts';

const key = (id: string) => ({
  id,
  type: 'Multikey',
  controller: 'did:web:a.example',
  publicKeyMultibase: multikey,
});

const foreign = {
  '@context': 'https://www.w3.org/ns/did/v1',
  id: 'did:web:a.example',
  controller: 'did:web:b.example',
  alsoKnownAs: ['https://a.example'],
  verificationMethod: [key('#1')],
  authentication: ['#1', key('#2')],
  keyAgreement: [key('did:web:a.example#3')],
  capabilityInvocation: '#1',
  service: [
    {
      id: '#s',
      type: ['A', 'B'],
      serviceEndpoint: [{ uri: 'https://a.example' }, 'https://b.example'],
    },
  ],
  proof: { later: true },
};

describe('a foreign DID document', () => {
  it('is brought into the form this SDK writes', () => {
    const read = readDidDocument(foreign);
    expect(read).toEqual({
      '@context': ['https://www.w3.org/ns/did/v1'],
      id: 'did:web:a.example',
      controller: ['did:web:b.example'],
      alsoKnownAs: ['https://a.example'],
      verificationMethod: [1, 2, 3].map((n) => key(`did:web:a.example#${String(n)}`)),
      authentication: ['did:web:a.example#1', 'did:web:a.example#2'],
      assertionMethod: [],
      keyAgreement: ['did:web:a.example#3'],
      capabilityInvocation: ['did:web:a.example#1'],
      service: [{ ...foreign.service[0], id: 'did:web:a.example#s' }],
      proof: { later: true },
    });
    expect(didDocumentShape(read, 'doc')).toEqual(read);
    expect(readDidDocument(read)).toEqual(read);
  });

  it('makes an embedded key good for its own relationship alone', () => {
    const { authentication, assertionMethod, keyAgreement } = readDidDocument(foreign);
    expect(authentication).toContain('did:web:a.example#2');
    expect(assertionMethod).not.toContain('did:web:a.example#2');
    expect(keyAgreement).not.toContain('did:web:a.example#2');
  });

  it('is a copy that nobody can change (T13)', () => {
    const given = structuredClone(foreign);
    const read = readDidDocument(given);
    given.authentication.push('#9');
    expect(read.authentication).toHaveLength(2);
    for (const part of [
      read,
      read.verificationMethod,
      read.verificationMethod[0]!,
      read['@context'],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('may leave out everything but its id', () => {
    expect(readDidDocument({ id: a.did })).toEqual({
      '@context': [],
      id: a.did,
      verificationMethod: [],
      authentication: [],
      assertionMethod: [],
    });
  });

  it.each([
    ['no DID', { ...foreign, id: 'https://a.example' }],
    ['two keys of one name', { ...foreign, assertionMethod: [key('#1')] }],
    [
      'a private key',
      {
        id: a.did,
        verificationMethod: [
          {
            id: '#1',
            type: 'JsonWebKey',
            controller: a.did,
            publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: 'AA', d: 'AA' },
          },
        ],
      },
    ],
    [
      'a key without controller',
      { ...foreign, verificationMethod: [{ id: '#1', type: 'Multikey' }] },
    ],
    ['a key with a name that is no DID URL', { ...foreign, verificationMethod: [key('key-1')] }],
    [
      '65 keys',
      {
        ...foreign,
        verificationMethod: Array.from({ length: 65 }, (_, i) => key(`#${String(i)}`)),
      },
    ],
    ['a number as key', { ...foreign, assertionMethod: [1] }],
    ['a service without type', { ...foreign, service: [{ id: '#s', serviceEndpoint: 'x' }] }],
    [
      'data nested too deep',
      { ...foreign, proof: JSON.parse('['.repeat(20) + ']'.repeat(20)) as unknown },
    ],
    ['no object', 'did:web:a.example'],
  ])('is refused with SCHEMA_INVALID when it has %s', (_, bad) => {
    expect(thrown(() => readDidDocument(bad))).toMatchObject({ code: 'SCHEMA_INVALID' });
  });

  it('is read or refused with SCHEMA_INVALID, whatever one place holds, and what is read is stable', () => {
    const place = fc.constantFrom(...places(foreign));
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('#1', 'did:a:b', '', null),
    );
    fc.assert(
      fc.property(place, anything, (path, value) => {
        const given = changed(foreign, path, value);
        const error = thrown(() => {
          const read = readDidDocument(given);
          expect(readDidDocument(read)).toEqual(read);
          expect(didDocumentShape(read, 'doc')).toEqual(read);
        });
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 500 },
    );
  });
});
