/**
 * did:ethr: the registry contract of ERC-1056 on a chain of the Ethereum kind. The optional package `ethr-did-resolver` reads the
 * registry's events; the chain is asked through our own way out, so every question has a deadline, a size and a count, and a node that
 * does not answer is never taken for a DID that does not exist.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { loadOnce } from '../../base/load-once.ts';
import type { Http } from '../../ports/http.ts';
import type { DidResolver, Resolution } from '../../ports/resolver.ts';
import { readDocumentOf } from '../../schema/read-did-document.ts';
import { ChainReader } from './ethr/chain-reader.ts';
import { given, optionalPeer, unreachable } from './parts/failures.ts';

/** One chain. */
export interface EthrNetwork {
  /** EIP-155; `did:ethr:0x<chainId in hexadecimal>:0x...` names it. */
  readonly chainId: number;
  /** Another name in DIDs. `mainnet` is what a DID without a network means; default so for chain 1. */
  readonly name?: string;
  /** JSON-RPC endpoint. Plain http and private addresses are refused by the default way out; see `http`. */
  readonly rpcUrl: string;
  /** Address of the registry. Default: the one of Ethereum's main chain. */
  readonly registry?: string;
}

/** Options of {@link ethr}. */
export interface EthrOptions {
  readonly networks: readonly EthrNetwork[];
  /** The way to the nodes. Default: the client's. */
  readonly http?: Http;
  /** Questions to the node for one DID: each change of a DID takes one. Default 256. */
  readonly maxRequests?: number;
}

const library = loadOnce(() =>
  optionalPeer('ethr', 'ethr-did-resolver', () => import('ethr-did-resolver')),
);

/**
 * Resolves did:ethr, also as it was at a block (`versionId`) or a time (`at`). `DID_UNREACHABLE` for whatever a node does not say, `DID_METHOD_UNKNOWN`
 * for a network that is not among `networks`. Without a chain nothing is said: the default document could be derived, but not that
 * nobody has changed it.
 */
export function ethr(options: EthrOptions): DidResolver {
  return {
    methods: ['ethr'],
    keepsTimes: true,
    resolve: async (did, { versionId, at, signal, http } = {}) => {
      const network = networkOf(did, options.networks);
      const reader = new ChainReader({
        http: given('ethr', 'http', options.http ?? http),
        network,
        signal,
        maxRequests: options.maxRequests ?? 256,
      });
      return read(did, network, reader, versionId ?? (await blockAt(did, reader, at)));
    },
  };
}

async function read(
  did: Did,
  network: EthrNetwork,
  reader: ChainReader,
  versionId: string | undefined,
): Promise<Resolution> {
  const { getResolver } = await library();
  const resolver = getResolver({
    networks: [
      {
        chainId: network.chainId,
        ...(network.registry !== undefined && { registry: network.registry }),
        provider: reader.provider as never,
        ...nameOf(network),
      },
    ],
  });
  const query = versionId === undefined ? {} : { query: `versionId=${versionOf(did, versionId)}` };
  const parsed = { did, didUrl: did, method: 'ethr', id: did.slice('did:ethr:'.length), ...query };
  const result = await resolver['ethr']!(did, parsed, { resolve: nobody }, {});
  const { didDocument, didDocumentMetadata, didResolutionMetadata } = result;
  const { error, message } = didResolutionMetadata as { error?: string; message?: string };
  if (error === 'invalidDid') throw new MeshError('DID_INVALID', { did, detail: message });
  // It says notFound when it could not ask; every other address has a document.
  if (error !== undefined || didDocument === null) {
    throw unreachable(did, reader.failure ?? new Error(message ?? error));
  }
  return {
    document: readDocumentOf(did, didDocument),
    ageMs: 0,
    deactivated: didDocumentMetadata.deactivated === true,
    versionId: didDocumentMetadata.versionId ?? '0',
  };
}

/** The number of the newest block that was there at a time; undefined where none is asked for. */
async function blockAt(
  did: Did,
  reader: ChainReader,
  at: number | undefined,
): Promise<string | undefined> {
  if (at === undefined) return undefined;
  try {
    return String(await reader.blockAt(at / 1_000));
  } catch (cause) {
    throw unreachable(did, cause);
  }
}

function networkOf(did: Did, networks: readonly EthrNetwork[]): EthrNetwork {
  const parts = did.split(':').slice(2, -1);
  const name = parts.length === 0 ? 'mainnet' : parts.join(':');
  const network = networks.find(
    (one) => nameOf(one).name === name || `0x${one.chainId.toString(16)}` === name,
  );
  if (network !== undefined) return network;
  throw new MeshError('DID_METHOD_UNKNOWN', { method: `ethr:${name}` });
}

function nameOf({ chainId, name }: EthrNetwork): { name?: string } {
  if (name !== undefined) return { name };
  return chainId === 1 ? { name: 'mainnet' } : {};
}

/** A block number: the library takes everything else for "the newest". */
function versionOf(did: Did, versionId: string): string {
  if (/^\d{1,15}$/.test(versionId)) return versionId;
  throw new MeshError('DID_INVALID', { did, detail: 'a version of it is the number of a block' });
}

function nobody(): Promise<never> {
  return Promise.reject(
    new MeshError('UNSUPPORTED', { feature: 'resolving other DIDs', by: 'ethr' }),
  );
}
