import { Resolver } from 'did-resolver';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../src/base/errors.ts';
import type { Did } from '../../../../src/base/ids.ts';
import { keyDocument } from '../../../../src/core/identity/methods/did-key.ts';
import {
  type DidMethodResolver,
  fromDidResolver,
  toDidResolver,
} from '../../../../src/core/identity/resolution/did-resolver.ts';
import { rejected } from '../../../base/thrown.ts';

const did: Did = 'did:example:a';
const document = { id: did, verificationMethod: [], authentication: ['#k'] };

const answering =
  (result: object): DidMethodResolver =>
  () =>
    Promise.resolve({
      didResolutionMetadata: {},
      didDocument: null,
      didDocumentMetadata: {},
      ...result,
    });

describe('a resolver made of a did-resolver method', () => {
  it('gives the document in our form', async () => {
    const method = answering({
      didDocument: document,
      didDocumentMetadata: { deactivated: true, versionId: '7' },
    });
    const resolver = fromDidResolver({ example: method });
    expect(resolver.methods).toEqual(['example']);
    expect(await resolver.resolve(did)).toMatchObject({
      document: { id: did, authentication: [`${did}#k`] },
      deactivated: true,
      versionId: '7',
      ageMs: 0,
    });
  });

  it('is asked as did-resolver asks, with the version in the query', async () => {
    let asked: unknown[] = [];
    const resolver = fromDidResolver({
      example: (...given) => {
        asked = given;
        return answering({ didDocument: document })(...given);
      },
    });
    await resolver.resolve(did, { versionId: '7' });
    expect(asked[0]).toBe(did);
    expect(asked[1]).toEqual({
      did,
      didUrl: `${did}?versionId=7`,
      method: 'example',
      id: 'a',
      query: 'versionId=7',
    });
    const further = (asked[2] as { resolve(did: string): Promise<object> }).resolve(
      'did:web:b.example',
    );
    expect(await further).toMatchObject({
      didResolutionMetadata: { error: 'unsupportedDidMethod' },
    });
  });

  it.each([
    ['notFound', 'DID_NOT_FOUND'],
    ['invalidDid', 'DID_INVALID'],
    ['invalidDidDocument', 'DID_INVALID'],
    ['unsupportedDidMethod', 'DID_METHOD_UNKNOWN'],
    ['internalError', 'DID_UNREACHABLE'],
    ['whatever', 'DID_UNREACHABLE'],
  ])('turns %s into %s, also when a document stands beside it (T14)', async (error, code) => {
    const method = answering({
      didResolutionMetadata: { error, message: 'm' },
      didDocument: document,
    });
    expect(await rejected(fromDidResolver({ example: method }).resolve(did))).toMatchObject({
      code,
    });
  });

  it('can be told that its notFound means unreachable (T15)', async () => {
    const method = answering({ didResolutionMetadata: { error: 'notFound' } });
    const resolver = fromDidResolver({ example: method }, { notFound: 'unreachable' });
    expect(await rejected(resolver.resolve(did))).toMatchObject({ code: 'DID_UNREACHABLE' });
  });

  it('refuses a document about somebody else (T14), and no document', async () => {
    const lying = answering({ didDocument: { ...document, id: 'did:example:b' } });
    expect(await rejected(fromDidResolver({ example: lying }).resolve(did))).toMatchObject({
      code: 'DID_INVALID',
    });
    expect(await rejected(fromDidResolver({ example: answering({}) }).resolve(did))).toMatchObject({
      code: 'DID_UNREACHABLE',
    });
    expect(await rejected(fromDidResolver({}).resolve('did:toString:a'))).toMatchObject({
      code: 'DID_METHOD_UNKNOWN',
    });
  });
});

describe('did-resolver made of a resolver', () => {
  const key: Did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';

  it('resolves DIDs and DID URLs', async () => {
    const ours = toDidResolver({
      resolve: (one) =>
        Promise.resolve({
          document: keyDocument(one),
          ageMs: 0,
          deactivated: false,
          versionId: '1',
        }),
    });
    expect(await ours.resolve(`${key}#x`)).toEqual({
      didDocument: keyDocument(key),
      didDocumentMetadata: { versionId: '1' },
      didResolutionMetadata: { contentType: 'application/did+ld+json' },
    });
  });

  it('hands the version on', async () => {
    let version: string | undefined;
    const ours = toDidResolver({
      resolve: (one, options) => {
        version = options?.versionId;
        return Promise.resolve({ document: keyDocument(one), ageMs: 0, deactivated: true });
      },
    });
    const result = await ours.resolve(`${key}?versionId=3#x`);
    expect(version).toBe('3');
    expect(result.didDocumentMetadata).toEqual({ deactivated: true });
  });

  it.each([
    ['DID_NOT_FOUND', 'notFound'],
    ['DID_INVALID', 'invalidDid'],
    ['DID_METHOD_UNKNOWN', 'unsupportedDidMethod'],
    ['DID_UNREACHABLE', 'internalError'],
  ] as const)('says %s as %s', async (code, error) => {
    const ours = toDidResolver({
      resolve: (one) => Promise.reject(new MeshError(code, { did: one })),
    });
    expect(await ours.resolve(key)).toMatchObject({
      didDocument: null,
      didResolutionMetadata: { error },
    });
    expect((await ours.resolve('nonsense')).didResolutionMetadata.error).toBe('invalidDid');
  });

  it('lets a fault through', async () => {
    const ours = toDidResolver({ resolve: () => Promise.reject(new TypeError('a fault')) });
    await expect(ours.resolve(key)).rejects.toThrow(TypeError);
  });

  it('works inside did-resolver, and did-resolver inside ours', async () => {
    const ours = toDidResolver({
      resolve: (one) =>
        Promise.resolve({ document: keyDocument(one), ageMs: 0, deactivated: false }),
    });
    const theirs = new Resolver({ key: (one: string) => ours.resolve(one) as never });
    expect((await theirs.resolve(key)).didDocument?.id).toBe(key);
    const back = fromDidResolver({ key: (one) => theirs.resolve(one) });
    expect((await back.resolve(key)).document).toEqual(keyDocument(key));
  });
});
