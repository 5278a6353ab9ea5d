import { describe, expect, it } from 'vitest';
import type { Did } from '../../../../src/base/ids.ts';
import { keyDocument } from '../../../../src/core/identity/methods/did-key.ts';
import { DidRegistry } from '../../../../src/core/identity/resolution/did-registry.ts';
import { thrown } from '../../../base/thrown.ts';
import published from '../vectors/did-key.json' with { type: 'json' };

const at = Date.UTC(2030, 0, 1);
const web = (host: string) => ({ id: `did:web:${host}`, verificationMethod: [], service: [] });

describe('a registry of DIDs', () => {
  it('lists, exports and takes in again what was added', () => {
    const registry = new DidRegistry();
    registry.add(web('b.example'), { at });
    registry.add(web('a.example'), { at: at + 1 });
    expect(registry.list().map(({ did }) => did)).toEqual([
      'did:web:a.example',
      'did:web:b.example',
    ]);
    const json = registry.export();
    const copy = DidRegistry.from(json);
    expect(copy.list()).toEqual(registry.list());
    expect(copy.export()).toBe(json);
    expect(copy.get('did:web:a.example')).toMatchObject({
      at: '2030-01-01T00:00:00.001Z',
      document: { id: 'did:web:a.example', assertionMethod: [] },
    });
    expect(copy.remove('did:web:a.example')).toBe(true);
    expect(copy.remove('did:web:a.example')).toBe(false);
    expect(copy.size).toBe(1);
  });

  it('holds the example documents of did:key, which say what their identifiers say', () => {
    const registry = new DidRegistry();
    for (const { did } of published.vectors) registry.add(keyDocument(did as Did), { at });
    expect(DidRegistry.from(registry.export()).size).toBe(published.vectors.length);
  });

  it('lets the newer of two documents count', () => {
    const registry = new DidRegistry();
    const [older, newer] = [web('a.example'), { ...web('a.example'), alsoKnownAs: ['urn:new'] }];
    registry.add(newer, { at });
    registry.add(older, { at: at - 1 });
    expect(registry.get('did:web:a.example')?.document.alsoKnownAs).toEqual(['urn:new']);
    registry.add(older, { at: at + 1 });
    expect(registry.get('did:web:a.example')?.document.alsoKnownAs).toBeUndefined();
  });

  it.each([Number.NaN, Infinity, 8.64e15, -1e15])('has no document of the time %s', (never) => {
    const registry = new DidRegistry();
    const error = thrown(() => registry.add(web('a.example'), { at: never }));
    expect([error?.code, registry.size]).toEqual(['INVALID_ARGUMENT', 0]);
  });

  const key = keyDocument('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK');
  const other = keyDocument('did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp');
  const method = key.verificationMethod[0]!;
  const theirs = other.verificationMethod[0]!;
  it.each([
    ['no DID', { id: 'https://a.example' }, 'DID_INVALID'],
    ['no object', null, 'DID_INVALID'],
    ['what DID Core refuses', { ...web('a.example'), assertionMethod: [1] }, 'DID_INVALID'],
    ['a method nobody knows', { id: 'did:nope:x' }, 'DID_METHOD_UNKNOWN'],
    ['a did:mesh', { id: `did:mesh:app:x:z${'Q'.repeat(45)}` }, 'DID_INVALID'],
    ['a did:key that is none', { id: 'did:key:z6Mk' }, 'DID_INVALID'],
    ['a did:key with the key of another', { ...key, verificationMethod: [theirs] }, 'DID_INVALID'],
    [
      'a did:key whose key is another under its name',
      {
        ...key,
        verificationMethod: [{ ...method, publicKeyMultibase: theirs.publicKeyMultibase }],
      },
      'DID_INVALID',
    ],
    [
      'a did:key controlled by another',
      { ...key, verificationMethod: [{ ...method, controller: other.id }] },
      'DID_INVALID',
    ],
    ['a did:key with one key more', { ...key, assertionMethod: [theirs] }, 'DID_INVALID'],
  ])('refuses %s', (_, document, code) => {
    const registry = new DidRegistry();
    expect(thrown(() => registry.add(document, { at }))).toMatchObject({ code });
    expect(registry.size).toBe(0);
  });

  it('takes a did:key in another form of the same key', () => {
    const registry = new DidRegistry();
    const [{ id, controller }] = [method];
    const publicKeyJwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      x: 'Lm_M42cB3HkUiODQsXRcweM6TByfzEHGO9ND274JcOY',
    };
    registry.add(
      { id: key.id, verificationMethod: [{ id, controller, type: 'JsonWebKey', publicKeyJwk }] },
      { at },
    );
    expect(registry.size).toBe(1);
  });

  it('takes in all of a file or nothing of it', () => {
    const good = new DidRegistry();
    good.add(web('a.example'), { at });
    const { entries } = JSON.parse(good.export()) as {
      entries: { at: string; document: object }[];
    };
    const registry = new DidRegistry();
    const bad = { at: entries[0]!.at, document: { id: 'did:nope:x' } };
    const file = JSON.stringify({ format: 1, entries: [...entries, bad] });
    expect(thrown(() => registry.import(file))).toMatchObject({ code: 'DID_METHOD_UNKNOWN' });
    expect(registry.size).toBe(0);
    for (const broken of [
      '',
      '[]',
      '{"format":2,"entries":[]}',
      '{"format":1,"entries":[{"document":{}}]}',
    ]) {
      expect(thrown(() => registry.import(broken))).toMatchObject({ code: 'SCHEMA_INVALID' });
    }
    expect(new DidRegistry({ methods: ['nope'] }).import(file)).toBe(2);
  });

  it('has a bound', () => {
    const registry = new DidRegistry({ limit: 1 });
    registry.add(web('a.example'), { at });
    registry.add(web('a.example'), { at });
    expect(thrown(() => registry.add(web('b.example'), { at }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});
