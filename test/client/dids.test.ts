import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { toMultikey } from '../../src/base/multiformat.ts';
import { DidRegistry } from '../../src/core/identity/dids.ts';
import type { DidResolver, Http } from '../../src/index.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { failure, Town } from './rig.ts';

const key = nodeCrypto.signingKey(new Uint8Array(32).fill(5), 'P-256');
const issuer = 'did:web:issuer.example';
const keyId = `${issuer}#k`;
const document = {
  id: issuer,
  verificationMethod: [
    {
      id: '#k',
      type: 'Multikey',
      controller: issuer,
      publicKeyMultibase: toMultikey('P-256', key.publicKey),
    },
  ],
  assertionMethod: ['#k'],
};

/** The web with one document on it, and what was asked for. */
function web() {
  const asked: string[] = [];
  const http: Http = {
    send: ({ url }) => {
      asked.push(url);
      const found = url === 'https://issuer.example/.well-known/did.json';
      const body = utf8(found ? JSON.stringify(document) : '');
      return Promise.resolve({ status: found ? 200 : 404, headers: {}, body, url });
    },
  };
  return { http, asked };
}

async function credentialFor(holder: string, now: number): Promise<string> {
  const json = (value: unknown) => toBase64url(utf8(JSON.stringify(value)));
  const header = json({ alg: 'ES256', typ: 'vc+jwt', kid: keyId });
  const payload = json({
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential'],
    issuer,
    validFrom: new Date(now - 1_000).toISOString(),
    credentialSubject: { id: holder },
  });
  const input = `${header}.${payload}`;
  return `${input}.${toBase64url(await nodeCrypto.sign(key, utf8(input)))}`;
}

describe('a client and DIDs of other methods', () => {
  it('believes a credential whose issuer is a did:web with a P-256 key, and asks once', async () => {
    await using town = new Town();
    const { http, asked } = web();
    const mesh = await town.open('acme', [], { http });
    const token = await credentialFor(mesh.did, Date.now());
    const checks = await Promise.all(Array.from({ length: 20 }, () => mesh.trust.verify(token)));
    const signatures = checks.map(({ checks: all }) =>
      all.find(({ check }) => check === 'signature'),
    );
    expect(signatures.every((one) => one?.ok === true)).toBe(true);
    expect(asked).toEqual(['https://issuer.example/.well-known/did.json']);
  });

  it('resolves them, says how old that is, and tells absent from unknown', async () => {
    await using town = new Town();
    const { http, asked } = web();
    const clock = virtualClock();
    const mesh = await town.open('acme', [], {
      http,
      clock,
      resolution: { ttlMs: { web: 1_000 } },
    });
    await expect(mesh.resolve(7 as never)).rejects.toMatchObject({ code: 'DID_INVALID' });
    expect(await mesh.resolve(issuer)).toMatchObject({ document: { id: issuer }, ageMs: 0 });
    await clock.advance(400);
    expect((await mesh.resolve(issuer)).ageMs).toBe(400);
    await clock.advance(600);
    expect((await mesh.resolve(issuer)).ageMs).toBe(0);
    expect(asked).toHaveLength(2);
    expect((await mesh.resolve(mesh.did)).document.id).toBe(mesh.did);
    expect(await failure(mesh.resolve('did:web:nobody.example'))).toMatchObject({
      code: 'DID_NOT_FOUND',
    });
    expect(await failure(mesh.resolve('did:nope:x'))).toMatchObject({ code: 'DID_METHOD_UNKNOWN' });
  });

  it('asks the resolvers it was given first, and lends them its way out and its cryptography', async () => {
    await using town = new Town();
    const { http, asked } = web();
    const lent: unknown[] = [];
    const resolver: DidResolver = {
      methods: ['web', 'mine'],
      resolve: (did, options = {}) => {
        lent.push(options.http, options.crypto !== undefined);
        return Promise.resolve({ document: { id: did } as never, ageMs: 0, deactivated: false });
      },
    };
    const mesh = await town.open('acme', [], { http, resolvers: [resolver] });
    expect((await mesh.resolve('did:mine:x')).document.assertionMethod).toEqual([]);
    expect((await mesh.resolve(issuer)).document.assertionMethod).toEqual([]);
    expect(lent).toEqual([http, true, http, true]);
    expect(asked).toEqual([]);
  });

  it('believes its registry before it asks', async () => {
    await using town = new Town();
    const { http, asked } = web();
    const registry = new DidRegistry();
    const clock = virtualClock();
    registry.add(document, { at: clock.now() - 3_600_000 });
    const mesh = await town.open('acme', [], { http, clock, registry });
    expect(await mesh.resolve(issuer)).toMatchObject({
      document: { assertionMethod: [keyId] },
      ageMs: 3_600_000,
    });
    expect(asked).toEqual([]);
  });
});
