import { base58btc } from 'multiformats/bases/base58';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebvhLog, webvh } from '../../../src/adapters/resolvers/webvh.ts';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import { canonicalBytes } from '../../../src/base/canonical.ts';
import type { Did } from '../../../src/base/ids.ts';
import { toMultikey } from '../../../src/base/multiformat.ts';
import { KeyRing } from '../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { systemClock } from '../../../src/platform/system-clock.ts';
import type { Http, HttpResponse } from '../../../src/ports/http.ts';
import { rejected } from '../../base/thrown.ts';

interface Entry {
  versionId: string;
  versionTime: string;
  parameters: Record<string, unknown>;
  state: Record<string, unknown>;
  proof: { verificationMethod: string; proofValue: string }[];
}
interface Written {
  did: Did;
  log: Entry[];
}
/** What the library makes logs with, for the tests. */
interface Writer {
  createDID(options: object): Promise<Written>;
  updateDID(options: object): Promise<Written>;
  deactivateDID(options: object): Promise<Written>;
}

const keyOf = (n: number) => nodeCrypto.signingKey(new Uint8Array(32).fill(n));
const multikeyOf = (n: number) => toMultikey('Ed25519', keyOf(n).publicKey);
const hash = (value: unknown) => nodeCrypto.hash('sha256', canonicalBytes(value));

/** Signs for the library as eddsa-jcs-2022 wants it. */
function signerOf(n: number) {
  const key = multikeyOf(n);
  return {
    getVerificationMethodId: () => `did:key:${key}#${key}`,
    sign: async ({ document, proof }: { document: unknown; proof: unknown }) => {
      const input = concat(hash(proof), hash(document));
      return { proofValue: base58btc.encode(await nodeCrypto.sign(keyOf(n), input)) };
    },
  };
}

const verifier = {
  verify: async (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) =>
    nodeCrypto.verify({ type: 'Ed25519', publicKey }, message, signature),
};
const methods = (n: number) => [
  { type: 'Multikey', publicKeyMultibase: multikeyOf(n), purpose: 'assertionMethod' },
];
const linesOf = (log: readonly unknown[]) => log.map((entry) => JSON.stringify(entry)).join('\n');

describe('did:webvh', () => {
  let writer: Writer;
  let first: Written;
  let second: Written;
  let ended: Written;
  beforeAll(async () => {
    // In a test environment the library writes every log it sees to ./test/logs.
    vi.stubEnv('NODE_ENV', 'production');
    writer = await import('didwebvh-ts');
    const created = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    first = await writer.createDID({
      domain: 'a.example',
      paths: ['b'],
      signer: signerOf(1),
      updateKeys: [multikeyOf(1)],
      verificationMethods: methods(2),
      created,
      verifier,
    });
    const updated = new Date(Date.now() - 1_800_000).toISOString().replace(/\.\d+Z$/, 'Z');
    second = await writer.updateDID({
      log: structuredClone(first.log),
      signer: signerOf(1),
      updateKeys: [multikeyOf(1)],
      verificationMethods: methods(3),
      updated,
      verifier,
    });
    ended = await writer.deactivateDID({
      log: structuredClone(second.log),
      signer: signerOf(1),
      verifier,
    });
  });

  const reach = vi.fn(() => Promise.reject(new Error('nothing may be fetched around the way out')));
  beforeEach(() => {
    vi.stubGlobal('fetch', reach);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    expect(reach).not.toHaveBeenCalled();
  });

  const offline = (log: string, rest: Partial<WebvhLog> = {}) =>
    webvh({ crypto: nodeCrypto, logOf: () => ({ log, ...rest }) });

  it('is proven by its log, offline', async () => {
    const { document, ageMs, deactivated, versionId } = await offline(linesOf(second.log), {
      ageMs: 7_000,
    }).resolve(first.did);
    expect([document.id, ageMs, deactivated]).toEqual([first.did, 7_000, false]);
    expect(versionId).toBe(second.log[1]!.versionId);
    expect(document.verificationMethod).toMatchObject([{ publicKeyMultibase: multikeyOf(3) }]);
    expect(document.verificationMethod[0]!.id.startsWith(`${first.did}#`)).toBe(true);
    expect(Object.isFrozen(document.verificationMethod)).toBe(true);
  });

  it('is remembered as it was', async () => {
    const resolver = offline(linesOf(second.log));
    const versionId = first.log[0]!.versionId;
    const then = await resolver.resolve(first.did, { versionId });
    expect(then.versionId).toBe(versionId);
    expect(then.document.verificationMethod).toMatchObject([{ publicKeyMultibase: multikeyOf(2) }]);
    const never = resolver.resolve(first.did, { versionId: '9-zQm' });
    expect(await rejected(never)).toMatchObject({ code: 'DID_NOT_FOUND' });
  });

  it('is remembered as it was at a time', async () => {
    const resolver = offline(linesOf(second.log));
    const [one, two] = second.log.map(({ versionTime }) => Date.parse(versionTime));
    const keyAt = async (at: number) => {
      const { document } = await resolver.resolve(first.did, { at });
      return (document.verificationMethod[0] as { publicKeyMultibase: string }).publicKeyMultibase;
    };
    for (const at of [one!, one! + 1, two! - 1]) expect(await keyAt(at)).toBe(multikeyOf(2));
    for (const at of [two!, two! + 1, Date.now()]) expect(await keyAt(at)).toBe(multikeyOf(3));
    const never = resolver.resolve(first.did, { at: one! - 1 });
    expect(await rejected(never)).toMatchObject({ code: 'DID_NOT_FOUND' });
  });

  it('gives a key of that time to who asks for one', async () => {
    const store = memoryStore({ clock: systemClock });
    const resolvers = [offline(linesOf(second.log))];
    const ring = new KeyRing({ crypto: nodeCrypto, clock: systemClock, store, resolvers });
    const { document } = await resolvers[0]!.resolve(first.did, {
      versionId: first.log[0]!.versionId,
    });
    const keyId = document.assertionMethod[0] as `${Did}#${string}`;
    const use = { purpose: 'assertionMethod' } as const;
    const at = Date.parse(first.log[0]!.versionTime);
    expect((await ring.keyOf(keyId, { ...use, at })).key.publicKey).toEqual(keyOf(2).publicKey);
    expect(await rejected(ring.keyOf(keyId, use))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('says that it was ended', async () => {
    expect(await offline(linesOf(ended.log)).resolve(first.did)).toMatchObject({
      deactivated: true,
      document: { id: first.did, verificationMethod: [], assertionMethod: [] },
    });
  });

  it('is refused when anything in its log was changed', async () => {
    const changes: [string, (log: Entry[]) => unknown][] = [
      ['the state', ([entry]) => (entry!.state['alsoKnownAs'] = ['urn:x'])],
      ['a key', ([, entry]) => (entry!.parameters['updateKeys'] = [multikeyOf(9)])],
      ['a time', ([, entry]) => (entry!.versionTime = '2026-01-01T00:00:00Z')],
      ['an entry', (log) => log.shift()],
      ['the order', (log) => log.reverse()],
      ['a proof', (log) => delete (log[1] as Partial<Entry>).proof],
      ['a signature', (log) => (log[1]!.proof[0]!.proofValue = log[0]!.proof[0]!.proofValue)],
    ];
    for (const [what, change] of changes) {
      const log = structuredClone(second.log);
      change(log);
      expect((await rejected(offline(linesOf(log)).resolve(first.did)))?.code, what).toBe(
        'DID_INVALID',
      );
    }
  });

  it('is refused when the log is of another DID, or none', async () => {
    const other: Did = `did:webvh:${first.did.split(':')[2]!}:evil.example:b`;
    for (const { log } of [first, second, ended]) {
      expect(await rejected(offline(linesOf(log)).resolve(other))).toMatchObject({
        code: 'DID_INVALID',
      });
    }
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '7',
      '{}',
      `{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}`,
    ]) {
      expect(await rejected(offline(text).resolve(first.did))).toMatchObject({
        code: 'DID_INVALID',
      });
    }
    expect(await rejected(offline('{}\n'.repeat(1_001)).resolve(first.did))).toMatchObject({
      code: 'DID_INVALID',
    });
  });

  it('leads to no fetch of what its log names', async () => {
    const log = structuredClone(first.log);
    log[0]!.proof[0]!.verificationMethod = 'did:webvh:x:127.0.0.1#k';
    expect(await rejected(offline(linesOf(log)).resolve(first.did))).toMatchObject({
      code: 'DID_INVALID',
    });
    const witnessed = await writer.createDID({
      domain: 'a.example',
      signer: signerOf(1),
      updateKeys: [multikeyOf(1)],
      verificationMethods: methods(2),
      witness: { threshold: 1, witnesses: [{ id: `did:key:${multikeyOf(5)}` }] },
      verifier,
    });
    // Without its witness file it is not believed, and nobody goes to look for one.
    expect(await rejected(offline(linesOf(witnessed.log)).resolve(witnessed.did))).toMatchObject({
      code: 'DID_INVALID',
    });
    const proofs = [
      { versionId: witnessed.log[0]!.versionId, proof: [await witnessProof(witnessed)] },
    ];
    const witness = JSON.stringify(proofs);
    const resolved = await offline(linesOf(witnessed.log), { witness }).resolve(witnessed.did);
    expect(resolved.document.id).toBe(witnessed.did);
    const asked: string[] = [];
    const http = hosting(
      {
        '/.well-known/did.jsonl': linesOf(witnessed.log),
        '/.well-known/did-witness.json': witness,
      },
      asked,
    );
    await webvh().resolve(witnessed.did, { http, crypto: nodeCrypto });
    const unwitnessed = hosting({ '/.well-known/did.jsonl': linesOf(witnessed.log) });
    expect(
      await rejected(webvh().resolve(witnessed.did, { http: unwitnessed, crypto: nodeCrypto })),
    ).toMatchObject({ code: 'DID_INVALID' });
    expect(asked).toEqual([
      'https://a.example/.well-known/did.jsonl',
      'https://a.example/.well-known/did-witness.json',
    ]);
  });

  async function witnessProof({ log }: Written): Promise<object> {
    const key = multikeyOf(5);
    const proof = {
      type: 'DataIntegrityProof',
      cryptosuite: 'eddsa-jcs-2022',
      verificationMethod: `did:key:${key}#${key}`,
      created: '2026-01-01T00:00:00Z',
      proofPurpose: 'assertionMethod',
    };
    const document = { versionId: log[0]!.versionId };
    return { ...proof, ...(await signerOf(5).sign({ document, proof })) };
  }

  /** An Http with the given files on every host. */
  function hosting(
    files: Record<string, string>,
    asked: string[] = [],
    answer: Partial<HttpResponse> = {},
  ): Http {
    return {
      send: ({ url }) => {
        asked.push(url);
        const file = files[new URL(url).pathname];
        const status = file === undefined ? 404 : 200;
        return Promise.resolve({ status, headers: {}, body: utf8(file ?? ''), url, ...answer });
      },
    };
  }

  it('is fetched through the way out of the client, and checks signatures', async () => {
    const asked: string[] = [];
    const http = hosting({ '/b/did.jsonl': linesOf(second.log) }, asked, {
      headers: { 'cache-control': 'max-age=60' },
    });
    const ring = new KeyRing({
      clock: systemClock,
      crypto: nodeCrypto,
      http,
      store: memoryStore(),
      resolvers: [webvh()],
    });
    const { document, maxAgeMs } = await ring.resolve(first.did);
    expect(maxAgeMs).toBe(60_000);
    const [keyId] = document.assertionMethod;
    const message = utf8('hello');
    const signature = await nodeCrypto.sign(keyOf(3), message);
    expect(await ring.verify(keyId as never, message, signature)).toBe(true);
    expect(asked).toEqual(['https://a.example/b/did.jsonl']);
  });

  it.each([
    ['404', { status: 404 }, 'DID_NOT_FOUND'],
    ['410', { status: 410 }, 'DID_NOT_FOUND'],
    ['500', { status: 500 }, 'DID_UNREACHABLE'],
    ['no UTF-8', { body: Uint8Array.of(0xff) }, 'DID_INVALID'],
  ])('takes %s of its host for what it is', async (_, answer, code) => {
    const http = hosting({ '/b/did.jsonl': linesOf(first.log) }, [], answer);
    const resolver = webvh({ http, crypto: nodeCrypto });
    expect(await rejected(resolver.resolve(first.did))).toMatchObject({ code });
  });

  it('says unreachable when nobody answers, and refuses hosts that are none', async () => {
    const dead: Http = { send: () => Promise.reject(new Error('no route')) };
    const resolver = webvh({ http: dead, crypto: nodeCrypto });
    expect(await rejected(resolver.resolve(first.did))).toMatchObject({ code: 'DID_UNREACHABLE' });
    for (const bad of [
      'did:webvh:x:127.0.0.1',
      'did:webvh:x:a.example:..',
      'did:webvh:x',
    ] as const) {
      expect(await rejected(resolver.resolve(bad))).toMatchObject({ code: 'DID_INVALID' });
    }
    expect(await rejected(webvh().resolve(first.did))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
