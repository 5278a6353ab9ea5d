import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '../../src/base/bytes.ts';
import { addProof } from '../../src/core/trust/credentials/eddsa-jcs.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import type { VcDocument } from '../../src/schema/vc-data-model.ts';
import { party } from '../core/trust/rig.ts';
import { seedOf, VcApi } from './vc-api/api.ts';
import { vcApiServer } from './vc-api.ts';

const base = 'https://www.w3.org/ns/credentials/v2';
const api = new VcApi({ seed: new Uint8Array(32).fill(7), base: 'https://localhost:1' });
const bob = party('bob');

const minimal = {
  '@context': [base],
  type: ['VerifiableCredential'],
  issuer: api.did,
  credentialSubject: { id: 'did:example:subject' },
};

async function post(path: string, body: unknown) {
  const query = new URLSearchParams();
  const { status, body: answer } = await api.answer({ method: 'POST', path, query, body });
  return { status, answer: answer as VcDocument };
}

async function get(path: string, query: Record<string, string> = {}) {
  const question = { method: 'GET', path, query: new URLSearchParams(query) };
  const { status, body } = await api.answer(question);
  return { status, answer: body as Readonly<Record<string, VcDocument>> };
}

async function issued(prefix = '', credential: object = minimal) {
  const { status, answer } = await post(`${prefix}/credentials/issue`, { credential });
  expect(status).toBe(201);
  return answer;
}

const verify = (verifiableCredential: unknown, options: object = {}) =>
  post('/credentials/verify', { verifiableCredential, options });

function present(verifiableCredential: unknown, challenge = 'c-1') {
  const presentation = {
    '@context': [base],
    type: ['VerifiablePresentation'],
    holder: bob.did,
    verifiableCredential,
  };
  const tools = { signer: bob.signer, crypto: nodeCrypto };
  return addProof(presentation, { purpose: 'authentication', challenge, domain: 'd' }, tools);
}

describe('the VC-API', () => {
  it.each(['', '/jose', '/status'])('verifies what %s/credentials/issue has issued', async (at) => {
    const { status, answer } = await verify(await issued(at));
    expect({ status, verified: answer['verified'] }).toEqual({ status: 200, verified: true });
  });

  it.each([
    ['is no credential', { type: ['NonconformingDocument'] }],
    ['is of another issuer', { ...minimal, issuer: bob.did }],
    ['has a proof', { ...minimal, proof: { type: 'DataIntegrityProof' } }],
    ['has a member of no context', { ...minimal, statusEntry: {} }],
    [
      'has the digest of something else',
      { ...minimal, relatedResource: { id: base, digestMultibase: 'uAAAA' } },
    ],
  ])('does not issue what %s', async (_, credential) => {
    const { status, answer } = await post('/credentials/issue', { credential });
    expect(status).toBe(400);
    expect(answer).toMatchObject({
      verified: false,
      problemDetails: [{ title: expect.any(String) as string }],
    });
  });

  it.each([
    ['nothing', undefined],
    ['no credential', { type: ['NonconformingDocument'] }],
    ['a credential without a proof', minimal],
    ['an envelope of something else', envelope('data:application/jwt,a.b.c')],
    ['an envelope of nothing', envelope('a.b.c')],
    ['an envelope of a broken token', envelope('data:application/vc+jwt,a.b.c')],
    [
      'a proof by JSON-LD',
      { ...minimal, proof: { type: 'DataIntegrityProof', cryptosuite: 'eddsa-rdfc-2022' } },
    ],
  ])('does not verify %s', async (_, credential) => {
    expect((await verify(credential)).status).toBe(400);
  });

  it('does not verify what was changed', async () => {
    const credential = await issued();
    expect((await verify({ ...credential, credentialSubject: { id: bob.did } })).status).toBe(400);
  });

  it('goes by the status lists it serves', async () => {
    const credential = await issued('/status', { ...minimal, id: 'urn:example:1' });
    const entries = credential['credentialStatus'] as Record<string, string>[];
    const list = await get(new URL(entries[0]!['statusListCredential']!).pathname);
    expect((await verify(list.answer)).status).toBe(200);
    const credentialStatus = { type: 'BitstringStatusListEntry', statusPurpose: 'suspension' };
    const wanted = { credentialId: 'urn:example:1', credentialStatus };
    expect((await post('/credentials/status', wanted)).status).toBe(200);
    expect((await verify(credential)).status).toBe(400);
    expect((await verify(credential, { checks: ['proof'] })).status).toBe(200);
    expect((await verify(await issued('/status'))).status).toBe(200);
    const unknown = { ...wanted, credentialId: 'urn:example:2' };
    expect((await post('/credentials/status', unknown)).status).toBe(404);
    expect((await post('/credentials/status', { credentialId: 'urn:example:1' })).status).toBe(400);
  });

  it('does not take a status it cannot look up for a good one', async () => {
    const credentialStatus = {
      type: 'BitstringStatusListEntry',
      statusListCredential: 'https://a',
    };
    expect((await verify(await issued('', { ...minimal, credentialStatus }))).status).toBe(400);
  });

  it('verifies a presentation and what is inside it', async () => {
    const options = { challenge: 'c-1', domain: 'd' };
    const both = [await issued(), await issued('/jose')];
    const verifiablePresentation = await present(both);
    const shown = { verifiablePresentation, options };
    expect((await post('/presentations/verify', shown)).status).toBe(200);
    const other = { ...shown, options: { ...options, challenge: 'c-2' } };
    expect((await post('/presentations/verify', other)).status).toBe(400);
    const forged = await present([{ ...both[0], credentialSubject: { id: bob.did } }]);
    const inside = { verifiablePresentation: forged, options };
    expect((await post('/presentations/verify', inside)).status).toBe(400);
  });

  it('does not verify presentations without a proof', async () => {
    const { proof: _, ...verifiablePresentation } = await present([]);
    expect((await post('/presentations/verify', { verifiablePresentation })).status).toBe(400);
    expect((await post('/presentations/verify', {})).status).toBe(400);
  });

  describe('with an envelope of the older form', () => {
    const holder = bob.did;
    const vp = { '@context': [base], type: ['VerifiablePresentation'], holder };
    const claims = { iss: bob.did, aud: 'd', nonce: 'c-1', vp };

    async function shown(change: object = {}, header: object = {}) {
      const full = { alg: 'EdDSA', typ: 'JWT', kid: bob.signer.keyId, ...header };
      const parts = [full, { ...claims, ...change }].map((part) =>
        toBase64url(utf8(JSON.stringify(part))),
      );
      const signature = toBase64url(await bob.signer.sign(utf8(parts.join('.'))));
      const verifiablePresentation = {
        '@context': base,
        type: 'EnvelopedVerifiablePresentation',
        id: `data:application/jwt,${parts.join('.')}.${signature}`,
      };
      const options = { challenge: 'c-1', domain: 'd' };
      return post('/presentations/verify', { verifiablePresentation, options });
    }

    it('verifies it, and what is inside', async () => {
      expect((await shown()).status).toBe(200);
      const inside = { vp: { ...vp, verifiableCredential: [await issued('/jose')] } };
      expect((await shown(inside)).status).toBe(200);
      const forged = {
        vp: { ...vp, verifiableCredential: [envelope('data:application/jwt,a.b.c')] },
      };
      expect((await shown(forged)).status).toBe(400);
    });

    it.each([
      ['another challenge', { nonce: 'c-2' }, {}],
      ['another domain', { aud: 'e' }, {}],
      ['another holder', { vp: { ...vp, holder: api.did } }, {}],
      ['another issuer', { iss: api.did }, {}],
      ['nothing inside', { vp: undefined }, {}],
      ['another algorithm', {}, { alg: 'ES256' }],
      ['a key of somebody else', {}, { kid: `${api.did}#${bob.multikey}` }],
      ['no key', {}, { kid: undefined }],
    ])('refuses it with %s', async (_, change, header) => {
      expect((await shown(change, header)).status).toBe(400);
    });
  });

  it('resolves did:key, and says what is wrong with other names', async () => {
    const { answer } = await get(`/identifiers/${bob.did}`);
    expect(answer['didDocument']!['id']).toBe(bob.did);
    const key = await get(`/identifiers/${bob.did}#${bob.multikey}`);
    expect(key.answer['didDocument']!['controller']).toBe(bob.did);
    for (const [name, error] of [
      ['notDid:key:z6Mk', 'invalidDid'],
      ['did:key:-4:z6Mk', 'invalidDid'],
      ['did:key:@', 'invalidDid'],
      ['did:example:z6Mk', 'methodNotSupported'],
      // Prefix of Ed25519 and three bytes, from the did:key test suite.
      ['did:key:zTjsVPtY', 'invalidPublicKeyLength'],
    ]) {
      const refused = await get(`/identifiers/${name!}`);
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.answer['didResolutionMetadata']!['error'], name).toBe(error);
    }
    const url = await get(`/identifiers/${bob.did}/^a^/?b#c`);
    expect(url.answer['didDereferencingMetadata']!['error']).toBe('invalidDidUrl');
    const format = await get(`/identifiers/${bob.did}`, { publicKeyFormat: 'unknown' });
    expect(format.answer['didResolutionMetadata']!['error']).toBe('unsupportedPublicKeyType');
  });

  it('knows no other endpoint', async () => {
    expect((await get('/credentials/issue')).status).toBe(404);
    expect((await post('/status/other', {})).status).toBe(404);
  });

  it('takes a seed of 32 bytes', () => {
    expect(seedOf('A'.repeat(43))).toHaveLength(32);
    expect(() => seedOf('AAAA')).toThrow('32 bytes');
  });
});

describe('the server', () => {
  it('speaks HTTP', async () => {
    const server = vcApiServer(api).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const send = (path: string, body: string) => fetch(`${at}${path}`, { method: 'POST', body });
    try {
      const good = await send('/credentials/issue', JSON.stringify({ credential: minimal }));
      expect(good.status).toBe(201);
      const bad = await send('/credentials/issue', '{}');
      expect(bad.headers.get('content-type')).toBe('application/problem+json');
      expect((await send('/credentials/issue', '{')).status).toBe(400);
      expect((await send('/credentials/issue', 'x'.repeat(2 << 20))).status).toBe(413);
      const found = await fetch(`${at}/identifiers/${encodeURIComponent(bob.did)}`);
      expect(found.status).toBe(200);
    } finally {
      server.close();
    }
  });
});

function envelope(id: string) {
  return { '@context': base, type: 'EnvelopedVerifiableCredential', id };
}
