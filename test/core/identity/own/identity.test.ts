import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../../src/adapters/stores/memory.ts';
import { fromUtf8, utf8 } from '../../../../src/base/bytes.ts';
import { toMultikey } from '../../../../src/base/multiformat.ts';
import { createIdentity, openIdentity, verifyDidLog } from '../../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts';
import type { Store } from '../../../../src/ports/store.ts';
import { didDocumentShape } from '../../../../src/schema/did-document.ts';
import { rejected } from '../../../base/thrown.ts';
import { changed, type Path } from '../../../schema/rig.ts';
import { clock, groundOf, start } from '../rig.ts';

const key = 'identity/self';

/** What the store keeps of the identity, altered at one place. */
async function tamper(store: Store, path: Path, value: unknown): Promise<void> {
  const kept: unknown = JSON.parse(fromUtf8((await store.get(key))!.value));
  await store.write([{ put: key, value: utf8(JSON.stringify(changed(kept, path, value))) }]);
}

describe('createIdentity', () => {
  it('makes a did:mesh with a history that proves it', async () => {
    const identity = await createIdentity(groundOf(1), { did: 'did:mesh:enterprise:acme' });
    expect(identity.did).toMatch(/^did:mesh:enterprise:acme:z\w+$/);
    expect(identity.level).toBe('self-asserted');
    expect(identity.log[0]?.did).toBe(identity.did);
    await verifyDidLog(identity.log, nodeCrypto, start);
  });

  it('is called did:mesh:app:local unless it is told otherwise', async () => {
    expect((await createIdentity(groundOf(1))).did).toMatch(/^did:mesh:app:local:z/);
  });

  it('makes a bare key of did:key', async () => {
    const identity = await createIdentity(groundOf(1), { did: 'did:key' });
    expect(identity.did).toBe(`did:key:${toMultikey('Ed25519', identity.signer.publicKey)}`);
    expect(identity.log).toEqual([]);
    expect(identity.toDidDocument().id).toBe(identity.did);
    expect(identity.keys).toEqual([
      { id: identity.signer.keyId, validFrom: '1970-01-01T00:00:00.000Z' },
    ]);
  });

  it('signs text and bytes alike, with the key its document shows', async () => {
    const identity = await createIdentity(groundOf(1));
    const document = identity.toDidDocument();
    const { publicKey, keyId } = identity.signer;
    const signature = await identity.sign('hello');
    expect(await identity.sign(utf8('hello'))).toEqual(signature);
    expect(await nodeCrypto.verify({ type: 'Ed25519', publicKey }, utf8('hello'), signature)).toBe(
      true,
    );
    expect(didDocumentShape(document, 'doc')).toEqual(document);
    expect(document.assertionMethod).toEqual([keyId]);
  });

  it('gives another DID for other chance, and the same for the same seed', async () => {
    const dids = await Promise.all(
      [1, 2, 1].map(async (seed) => (await createIdentity(groundOf(seed))).did),
    );
    expect(dids[0]).not.toBe(dids[1]);
    expect(dids[0]).toBe(dids[2]);
  });

  it.each(['acme', 'did:mesh:app', 'did:mesh:APP:x', 'did:web:a.example', 'did:key:z6Mk'])(
    'refuses the petname %s',
    async (did) => {
      const creating = createIdentity(groundOf(1), { did });
      expect(await rejected(creating)).toMatchObject({ code: 'DID_INVALID' });
    },
  );

  it('refuses a whole DID, since nobody can choose its last segment', async () => {
    const { did } = await createIdentity(groundOf(1));
    expect(await rejected(createIdentity(groundOf(2), { did }))).toMatchObject({
      code: 'DID_INVALID',
    });
  });
});

describe('Identity.keys', () => {
  it('shows when each key began and ceased to be valid', async () => {
    const identity = await createIdentity(groundOf(1));
    const first = identity.signer.keyId;
    await clock.advance(1_000);
    await identity.rotate();
    const [one, two] = identity.log;
    expect(identity.keys).toEqual([
      { id: first, validFrom: one!.at, validTo: two!.at },
      { id: identity.signer.keyId, validFrom: two!.at },
    ]);
  });
});

describe('openIdentity', () => {
  it('finds nothing in an empty store, unless it may create', async () => {
    const store = memoryStore();
    expect(await rejected(openIdentity(groundOf(1), store))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.get(key)).toBeUndefined();
    expect((await openIdentity(groundOf(1), store, { create: true })).did).toMatch(/^did:mesh:/);
  });

  it.each(['did:mesh:enterprise:acme', 'did:key'])(
    'is the same %s after a restart',
    async (did) => {
      const store = memoryStore();
      const before = await openIdentity(groundOf('before'), store, { did, create: true });
      const after = await openIdentity(groundOf('after'), store, { did, create: true });
      expect(after.did).toBe(before.did);
      expect(after.log).toEqual(before.log);
      expect(after.toDidDocument()).toEqual(before.toDidDocument());
      expect(await after.sign('x')).toEqual(await before.sign('x'));
      expect((await openIdentity(groundOf('again'), store, { did: before.did })).did).toBe(
        before.did,
      );
      expect((await openIdentity(groundOf('again'), store)).did).toBe(before.did);
    },
  );

  it('gives two openers of one empty store the same identity', async () => {
    const store = memoryStore();
    const opened = await Promise.all(
      [1, 2, 3].map((seed) => openIdentity(groundOf(seed), store, { create: true })),
    );
    expect(new Set(opened.map(({ did }) => did)).size).toBe(1);
    const signatures = await Promise.all(opened.map((identity) => identity.sign('x')));
    expect(signatures[1]).toEqual(signatures[0]);
    expect(signatures[2]).toEqual(signatures[0]);
  });

  it.each(['did:mesh:enterprise:other', 'did:mesh:enterprise', 'did:mesh', 'did', 'did:key', ''])(
    'refuses a store that belongs to another name than %j',
    async (did) => {
      const store = memoryStore();
      await openIdentity(groundOf(1), store, { did: 'did:mesh:enterprise:acme', create: true });
      const opening = openIdentity(groundOf(2), store, { did, create: true });
      expect(await rejected(opening)).toMatchObject({ code: 'IDENTITY_MISMATCH' });
    },
  );

  it('refuses a store whose history was altered', async () => {
    const store = memoryStore();
    await openIdentity(groundOf(1), store, { create: true });
    await tamper(store, ['log', 0, 'at'], '2029-01-01T00:00:00.000Z');
    expect(await rejected(openIdentity(groundOf(1), store))).toMatchObject({ code: 'DID_INVALID' });
  });

  it('refuses a store whose key is not the one of its history', async () => {
    const store = memoryStore();
    await openIdentity(groundOf(1), store, { create: true });
    await tamper(store, ['seed'], 'A'.repeat(43));
    expect(await rejected(openIdentity(groundOf(1), store))).toMatchObject({
      code: 'STORE_CORRUPT',
    });
  });

  it.each(['seed', 'nextSeed'])('never shows what stands in place of %s', async (member) => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I';
    for (const kept of [
      `${secret}=`,
      ` ${secret}`,
      secret.slice(1),
      secret.repeat(2),
      [secret],
      7,
    ]) {
      const store = memoryStore();
      await openIdentity(groundOf(1), store, { create: true });
      await tamper(store, [member], kept);
      const error = await rejected(openIdentity(groundOf(1), store));
      expect(error).toMatchObject({ code: 'SCHEMA_INVALID', params: { at: `identity.${member}` } });
      expect(JSON.stringify([error?.message, error?.params, error?.cause])).not.toContain(
        'c2VjcmV0',
      );
    }
  });

  it('refuses a record that is no JSON without showing it', async () => {
    const store = memoryStore();
    for (const value of [utf8('{"seed":"c2VjcmV0'), Uint8Array.of(0xff, 0x63)]) {
      await store.write([{ put: key, value }]);
      const error = await rejected(openIdentity(groundOf(1), store));
      expect(error).toMatchObject({ code: 'SCHEMA_INVALID' });
      expect(JSON.stringify(error?.params)).not.toContain('c2VjcmV0');
    }
  });
});
