import { describe, expect, it } from 'vitest';
import { ion } from '../../../src/adapters/resolvers/ion.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '../../../src/base/bytes.ts';
import { canonicalBytes } from '../../../src/base/canonical.ts';
import { hashOf } from '../../../src/base/hashes.ts';
import type { Did } from '../../../src/base/ids.ts';
import { publicKeyOf } from '../../../src/schema/verification-method.ts';
import { rejected } from '../../base/thrown.ts';

/** The vector of the ION SDK (decentralized-identity/ion-sdk, tests/IonDid.spec.ts), which Sidetree publishes too (www/vectors). */
const suffix = 'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg';
const state =
  'eyJkZWx0YSI6eyJwYXRjaGVzIjpbeyJhY3Rpb24iOiJyZXBsYWNlIiwiZG9jdW1lbnQiOnsicHVibGljS2V5cyI6W3siaWQiOiJwdWJsaWNLZXlNb2RlbDFJZCIsInB1YmxpY0tleUp3ayI6eyJjcnYiOiJzZWNwMjU2azEiLCJrdHkiOiJFQyIsIngiOiJ0WFNLQl9ydWJYUzdzQ2pYcXVwVkpFelRjVzNNc2ptRXZxMVlwWG45NlpnIiwieSI6ImRPaWNYcWJqRnhvR0otSzAtR0oxa0hZSnFpY19EX09NdVV3a1E3T2w2bmsifSwicHVycG9zZXMiOlsiYXV0aGVudGljYXRpb24iLCJrZXlBZ3JlZW1lbnQiXSwidHlwZSI6IkVjZHNhU2VjcDI1NmsxVmVyaWZpY2F0aW9uS2V5MjAxOSJ9XSwic2VydmljZXMiOlt7ImlkIjoic2VydmljZTFJZCIsInNlcnZpY2VFbmRwb2ludCI6Imh0dHA6Ly93d3cuc2VydmljZTEuY29tIiwidHlwZSI6InNlcnZpY2UxVHlwZSJ9XX19XSwidXBkYXRlQ29tbWl0bWVudCI6IkVpREtJa3dxTzY5SVBHM3BPbEhrZGI4Nm5ZdDBhTnhTSFp1MnItYmhFem5qZEEifSwic3VmZml4RGF0YSI6eyJkZWx0YUhhc2giOiJFaUNmRFdSbllsY0Q5RUdBM2RfNVoxQUh1LWlZcU1iSjluZmlxZHo1UzhWRGJnIiwicmVjb3ZlcnlDb21taXRtZW50IjoiRWlCZk9aZE10VTZPQnc4UGs4NzlRdFotMkotOUZiYmpTWnlvYUFfYnFENHpoQSJ9fQ';
const did: Did = `did:ion:${suffix}:${state}`;
const id = (name: string) => `${did}#${name}`;

interface Initial {
  delta: { patches: unknown[]; updateCommitment: string };
  suffixData: { deltaHash: string; recoveryCommitment: string };
}
const initial = JSON.parse(fromUtf8(fromBase64url(state))) as Initial;
const multihash = (value: unknown) =>
  toBase64url(Uint8Array.of(0x12, 0x20, ...hashOf('sha256', canonicalBytes(value))));

/** The long form of a DID that begins with `patches`. */
function didOf(patches: unknown[], network = ''): Did {
  const delta = { ...initial.delta, patches };
  const suffixData = { ...initial.suffixData, deltaHash: multihash(delta) };
  return `did:ion:${network}${multihash(suffixData)}:${toBase64url(canonicalBytes({ delta, suffixData }))}`;
}

const jwk = {
  kty: 'EC',
  crv: 'secp256k1',
  x: 'tXSKB_rubXS7sCjXqupVJEzTcW3MsjmEvq1YpXn96Zg',
  y: 'dOicXqbjFxoGJ-K0-GJ1kHYJqic_D_OMuUwkQ7Ol6nk',
};
const key = (name: string, purposes?: string[]) => ({
  id: name,
  type: 'JsonWebKey2020',
  publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  ...(purposes && { purposes }),
});

describe('did:ion in its long form', () => {
  it('is the document of the published vector', async () => {
    const { document, ageMs, deactivated } = await ion().resolve(did);
    expect([ageMs, deactivated]).toEqual([0, false]);
    expect(document).toEqual({
      '@context': ['https://www.w3.org/ns/did/v1'],
      id: did,
      verificationMethod: [
        {
          id: id('publicKeyModel1Id'),
          controller: did,
          type: 'EcdsaSecp256k1VerificationKey2019',
          publicKeyJwk: jwk,
        },
      ],
      authentication: [id('publicKeyModel1Id')],
      keyAgreement: [id('publicKeyModel1Id')],
      assertionMethod: [],
      capabilityInvocation: [],
      capabilityDelegation: [],
      service: [
        { id: id('service1Id'), type: 'service1Type', serviceEndpoint: 'http://www.service1.com' },
      ],
    });
    expect(publicKeyOf(document.verificationMethod[0]!)?.type).toBe('secp256k1');
    expect(Object.isFrozen(document.service?.[0])).toBe(true);
  });

  it('is refused once any character of it is changed', async () => {
    const resolver = ion();
    const body = did.slice('did:ion:'.length);
    for (let i = 0; i < body.length; i += 7) {
      const other = body[i] === 'A' ? 'B' : 'A';
      const changed: Did = `did:ion:${body.slice(0, i)}${other}${body.slice(i + 1)}`;
      if (changed === did) continue;
      const error = await rejected(resolver.resolve(changed));
      expect(['DID_INVALID', 'DID_UNREACHABLE']).toContain(error?.code);
    }
  });

  it('has one spelling: the same state in other JSON is refused', async () => {
    const spaced = toBase64url(utf8(JSON.stringify(initial, null, 1)));
    expect(await rejected(ion().resolve(`did:ion:${suffix}:${spaced}`))).toMatchObject({
      code: 'DID_INVALID',
    });
  });

  it('says that nobody was asked about a short form', async () => {
    for (const short of [`did:ion:${suffix}`, `did:ion:test:${suffix}`] as const) {
      expect(await rejected(ion().resolve(short))).toMatchObject({ code: 'DID_UNREACHABLE' });
    }
  });

  it('applies patches of keys in their order', async () => {
    const { document } = await ion().resolve(
      didOf(
        [
          { action: 'add-public-keys', publicKeys: [key('gone')] },
          { action: 'replace', document: { publicKeys: [key('a', ['authentication'])] } },
          { action: 'add-public-keys', publicKeys: [key('a', ['assertionMethod']), key('b')] },
          { action: 'remove-public-keys', ids: ['b', 'none'] },
        ],
        'test:',
      ),
    );
    expect(document.verificationMethod.map((method) => method.id)).toEqual([`${document.id}#a`]);
    expect(document).toMatchObject({ authentication: [], assertionMethod: [`${document.id}#a`] });
  });

  it('applies patches of services in their order', async () => {
    const service = { id: 's', type: 'S', serviceEndpoint: { uri: 'https://a.example' } };
    const { document } = await ion().resolve(
      didOf([
        { action: 'replace', document: { services: [{ ...service, type: 'Old' }] } },
        { action: 'add-services', services: [service, { ...service, id: 't' }] },
        { action: 'remove-services', ids: ['t'] },
      ]),
    );
    expect(document.service).toEqual([{ ...service, id: `${document.id}#s` }]);
  });

  it.each([
    ['an unknown action', [{ action: 'ietf-json-patch', patches: [] }]],
    ['an action of every object', [{ action: 'toString' }]],
    ['a purpose nobody knows', [{ action: 'add-public-keys', publicKeys: [key('a', ['x'])] }]],
    [
      'a private key',
      [
        {
          action: 'add-public-keys',
          publicKeys: [{ ...key('a'), publicKeyJwk: { ...jwk, d: 'x' } }],
        },
      ],
    ],
    ['a key with a long id', [{ action: 'add-public-keys', publicKeys: [key('a'.repeat(51))] }]],
    ['a key with an id that is none', [{ action: 'add-public-keys', publicKeys: [key('a#b')] }]],
    ['no keys to remove', [{ action: 'remove-public-keys' }]],
    [
      'a service without a type',
      [{ action: 'add-services', services: [{ id: 's', serviceEndpoint: 'x' }] }],
    ],
    ['a service without a place', [{ action: 'add-services', services: [{ id: 's', type: 'S' }] }]],
    ['a patch that is none', ['replace']],
    ['more than 1,000 bytes', [{ action: 'replace', document: { more: 'x'.repeat(1_000) } }]],
  ])('is refused with DID_INVALID for %s', async (_, patches) => {
    expect(await rejected(ion().resolve(didOf(patches)))).toMatchObject({ code: 'DID_INVALID' });
  });

  it('is refused with DID_INVALID for what is no state at all', async () => {
    for (const text of ['{', '[]', 'null', '{"delta":{},"suffixData":{}}']) {
      const one: Did = `did:ion:${suffix}:${toBase64url(utf8(text))}`;
      expect(await rejected(ion().resolve(one))).toMatchObject({ code: 'DID_INVALID' });
    }
  });
});
