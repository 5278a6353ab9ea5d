import { getResolver } from 'ethr-did-resolver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ethr } from '../../../src/adapters/resolvers/ethr.ts';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { toHex, utf8 } from '../../../src/base/bytes.ts';
import type { Did } from '../../../src/base/ids.ts';
import { KeyRing } from '../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { createNodeHttp } from '../../../src/platform/node-http.ts';
import { systemClock } from '../../../src/platform/system-clock.ts';
import type { Http } from '../../../src/ports/http.ts';
import type { DidResolver } from '../../../src/ports/resolver.ts';
import { publicKeyOf } from '../../../src/schema/verification-method.ts';
import { rejected } from '../../base/thrown.ts';
import { describeWith } from '../../services.ts';
import { accounts, type LocalChain, startChain } from './local-chain.ts';

const http = createNodeHttp({ allowInsecure: true, allowPrivate: true });
const day = 86_400;
const nobody = `0x${'00'.repeat(20)}`;
const signer = nodeCrypto.signingKey(new Uint8Array(32).fill(7), 'secp256k1');

describeWith('anvil', 'did:ethr on a real chain', (anvil) => {
  let chain: LocalChain;
  let resolver: DidResolver;
  beforeAll(async () => {
    chain = await startChain(anvil);
    const { url: rpcUrl, registry, chainId } = chain;
    resolver = ethr({ networks: [{ chainId, rpcUrl, registry }], http });
  });
  afterAll(() => chain.stop());

  const didOf = (id: string): Did => `did:ethr:0x7a69:${id}`;
  const setAttribute = (name: string, value: Uint8Array, seconds: number) =>
    chain.send(
      accounts[0],
      'setAttribute(address,bytes32,bytes,uint256)',
      { address: accounts[0] },
      { name },
      { bytes: value },
      { number: seconds },
    );

  it('has a document for an address that nobody has written about', async () => {
    const did = didOf('0x0000000000000000000000000000000000001234');
    const { document, deactivated, versionId } = await resolver.resolve(did);
    expect([document.id, deactivated, versionId]).toEqual([did, false, '0']);
    expect(document.verificationMethod).toMatchObject([
      {
        id: `${did}#controller`,
        type: 'EcdsaSecp256k1RecoveryMethod2020',
        blockchainAccountId: 'eip155:31337:0x0000000000000000000000000000000000001234',
      },
    ]);
    expect(document.assertionMethod).toEqual([`${did}#controller`]);
  });

  it('has the key of a DID that is one, and a key ring checks signatures with it', async () => {
    const did = didOf(`0x${toHex(signer.publicKey)}`);
    const { document } = await resolver.resolve(did);
    const method = document.verificationMethod.find(({ id }) => id.endsWith('#controllerKey'));
    expect(publicKeyOf(method!)).toEqual({ type: 'secp256k1', publicKey: signer.publicKey });
    const { url: rpcUrl, registry, chainId } = chain;
    const ring = new KeyRing({
      clock: systemClock,
      crypto: nodeCrypto,
      http,
      store: memoryStore(),
      resolvers: [ethr({ networks: [{ chainId, rpcUrl, registry }] })],
    });
    const message = utf8('hello');
    const signature = await nodeCrypto.sign(signer, message);
    expect(await ring.verify(`${did}#controllerKey`, message, signature)).toBe(true);
    expect(await ring.verify(`${did}#controllerKey`, utf8('hullo'), signature)).toBe(false);
    expect(await ring.verify(`${did}#controller`, message, signature)).toBe(false);
  });

  it('follows keys and services that are set and revoked, and remembers how it was', async () => {
    const did = didOf(accounts[0]);
    const name = 'did/pub/Ed25519/veriKey/base58';
    const key = nodeCrypto.signingKey(new Uint8Array(32).fill(9)).publicKey;
    const added = await setAttribute(name, key, day);
    const served = await setAttribute('did/svc/MeshNode', utf8('wss://a.example'), day);
    const now = await resolver.resolve(did);
    expect(now.versionId).toBe(String(served));
    const [, method] = now.document.verificationMethod;
    expect(publicKeyOf(method!)).toEqual({ type: 'Ed25519', publicKey: key });
    expect(now.document.assertionMethod).toContain(method!.id);
    expect(now.document.service).toMatchObject([
      { type: 'MeshNode', serviceEndpoint: 'wss://a.example' },
    ]);

    await chain.send(
      accounts[0],
      'revokeAttribute(address,bytes32,bytes)',
      { address: accounts[0] },
      { name },
      { bytes: key },
    );
    const revoked = (await resolver.resolve(did)).document;
    expect(revoked.verificationMethod).toHaveLength(1);
    expect(revoked.service).toHaveLength(1);

    const then = await resolver.resolve(did, { versionId: String(added) });
    expect(then.versionId).toBe(String(added));
    expect(then.document.verificationMethod).toHaveLength(2);
    expect(then.document.service).toBeUndefined();
    const before = await resolver.resolve(did, { versionId: String(added - 1) });
    expect(before.document.verificationMethod).toHaveLength(1);
  });

  it('lets a key end with its time', async () => {
    const did = didOf(accounts[0]);
    await setAttribute('did/pub/Ed25519/veriKey/hex', new Uint8Array(32).fill(3), 1);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await resolver.resolve(did)).document.verificationMethod).toHaveLength(1);
  });

  it('follows a change of owner, and the end', async () => {
    const did = didOf(accounts[1]);
    const changeOwner = (from: string, to: string) =>
      chain.send(from, 'changeOwner(address,address)', { address: accounts[1] }, { address: to });
    const changed = await changeOwner(accounts[1], accounts[0]);
    const [method] = (await resolver.resolve(did)).document.verificationMethod;
    expect(method?.blockchainAccountId?.toLowerCase()).toBe(`eip155:31337:${accounts[0]}`);
    await changeOwner(accounts[0], nobody);
    const ended = await resolver.resolve(did);
    expect(ended.deactivated).toBe(true);
    expect(ended.document).toMatchObject({ verificationMethod: [], assertionMethod: [] });
    expect((await resolver.resolve(did, { versionId: String(changed) })).deactivated).toBe(false);
  });

  it('reads a history no longer than its bound', async () => {
    const { url: rpcUrl, registry, chainId } = chain;
    const short = ethr({ networks: [{ chainId, rpcUrl, registry }], http, maxRequests: 2 });
    expect(await rejected(short.resolve(didOf(accounts[0])))).toMatchObject({
      code: 'DID_UNREACHABLE',
      cause: { code: 'LIMIT_EXCEEDED' },
    });
  });

  it('says unreachable, not absent, when there is no registry or no node (T15)', async () => {
    const { url: rpcUrl, chainId } = chain;
    const registry = '0x00000000000000000000000000000000000000bb';
    const astray = ethr({ networks: [{ chainId, rpcUrl, registry }], http });
    expect(await rejected(astray.resolve(didOf(accounts[0])))).toMatchObject({
      code: 'DID_UNREACHABLE',
    });
    const dead = ethr({ networks: [{ chainId, rpcUrl: 'http://127.0.0.1:1' }], http });
    expect(await rejected(dead.resolve(didOf(accounts[0])))).toMatchObject({
      code: 'DID_UNREACHABLE',
      cause: { code: 'PEER_UNREACHABLE' },
    });
  });
});

describe('did:ethr without a chain', () => {
  const networks = [{ chainId: 1, rpcUrl: 'https://rpc.example' }];
  const did: Did = `did:ethr:${accounts[0]}`;

  it('says unreachable, not absent, when the node does not answer, or not rightly (T15)', async () => {
    const bodies = [
      '',
      'null',
      '{"error":{"message":"header not found"}}',
      '{"result":7}',
      '{"result":"0x"}',
    ];
    for (const body of bodies) {
      const answering = {
        send: ({ url }: { url: string }) =>
          Promise.resolve({ status: 200, headers: {}, body: utf8(body), url }),
      };
      const error = await rejected(ethr({ networks, http: answering }).resolve(did));
      expect(error).toMatchObject({ code: 'DID_UNREACHABLE', params: { did } });
    }
    const refusing = ethr({
      networks: [{ chainId: 1, rpcUrl: 'http://10.0.0.1' }],
      http: createNodeHttp(),
    });
    expect(await rejected(refusing.resolve(did))).toMatchObject({
      code: 'DID_UNREACHABLE',
      retryable: false,
      cause: { code: 'HTTP_REFUSED' },
    });
  });

  it('is not fooled by its library, which says notFound when no node could be asked (T15)', async () => {
    const dead = {
      call: () => Promise.reject(new Error('ECONNREFUSED')),
      getLogs: () => Promise.reject(new Error('ECONNREFUSED')),
    };
    const provider = { provider: dead, ...dead } as never;
    const theirs = getResolver({ networks: [{ name: 'mainnet', chainId: 1, provider }] });
    const parsed = { did, didUrl: did, method: 'ethr', id: accounts[0] };
    const result = await theirs['ethr']!(
      did,
      parsed,
      { resolve: () => Promise.reject(new Error()) },
      {},
    );
    expect(result.didResolutionMetadata.error).toBe('notFound');
    const refused: Http = { send: () => Promise.reject(new Error('ECONNREFUSED')) };
    expect(await rejected(ethr({ networks, http: refused }).resolve(did))).toMatchObject({
      code: 'DID_UNREACHABLE',
      params: { did, detail: 'ECONNREFUSED' },
    });
  });

  it('refuses what is no did:ethr, no version, or of a chain it was not told of', async () => {
    const resolver = ethr({ networks, http });
    for (const bad of ['did:ethr:0x12', 'did:ethr:mainnet:me'] as const) {
      expect(await rejected(resolver.resolve(bad))).toMatchObject({ code: 'DID_INVALID' });
    }
    expect(await rejected(resolver.resolve(did, { versionId: 'latest' }))).toMatchObject({
      code: 'DID_INVALID',
    });
    expect(await rejected(resolver.resolve(`did:ethr:sepolia:${accounts[0]}`))).toMatchObject({
      code: 'DID_METHOD_UNKNOWN',
      params: { method: 'ethr:sepolia' },
    });
    expect(await rejected(ethr({ networks }).resolve(did))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'http' },
    });
  });
});
