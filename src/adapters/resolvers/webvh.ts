/**
 * did:webvh: a did:web with a history that proves itself (DIF, did:webvh 1.0). The optional package `didwebvh-ts` checks the
 * history; the log and its witness file are fetched through our own way out, or come from the application, so that nothing is fetched
 * that a log names.
 * @module
 */
import { fromUtf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { frozenJson } from '../../base/frozen-json.ts';
import { type Freshness, freshness } from '../../base/http-freshness.ts';
import type { Did } from '../../base/ids.ts';
import { loadOnce } from '../../base/load-once.ts';
import { isPlainObject } from '../../base/shape.ts';
import { webvhUrl } from '../../base/web-did-url.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { DidResolver, Resolution, ResolveOptions } from '../../ports/resolver.ts';
import { readDocumentOf } from '../../schema/read-did-document.ts';
import { given, optionalPeer, unreachable } from './parts/failures.ts';

/** A history as it was received. */
export interface WebvhLog {
  /** JSON Lines, `did.jsonl`. */
  readonly log: string;
  /** JSON, `did-witness.json`, where the DID has witnesses. */
  readonly witness?: string | undefined;
  /** How old it is. Default 0. */
  readonly ageMs?: number;
}

/** Options of {@link webvh}. */
export interface WebvhOptions {
  /** Histories the application holds; where it has none, the host is asked. */
  readonly logOf?: (did: Did) => WebvhLog | undefined | Promise<WebvhLog | undefined>;
  /** The way to the hosts. Default: the client's. */
  readonly http?: Http;
  /** Checks the signatures. Default: the client's. */
  readonly crypto?: CryptoProvider;
  /** Ports that a DID may name. Default: 443 alone. */
  readonly ports?: readonly number[];
  /** Bytes of a log or a witness file. Default 1 MiB. */
  readonly maxBytes?: number;
}

type Source = WebvhLog & Freshness;
type Entry = Readonly<Record<string, unknown>>;

/** What is used of didwebvh-ts; its own types do not resolve for ES modules. */
interface Library {
  readonly resolveDIDFromLog: (
    log: readonly Entry[],
    options: {
      readonly scid: string;
      readonly requestedDid: string;
      readonly witnessProofs: unknown;
      readonly versionId?: string;
      readonly verifier: {
        verify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): Promise<boolean>;
      };
    },
  ) => Promise<{
    readonly doc: object | null;
    readonly meta: {
      readonly versionId: string;
      readonly deactivated: boolean;
      readonly error?: string;
      readonly problemDetails?: { readonly detail: string };
    };
  }>;
}

const library = loadOnce(
  () =>
    optionalPeer(
      'webvh',
      'didwebvh-ts',
      () => import('didwebvh-ts'),
    ) as unknown as Promise<Library>,
);
const maxEntries = 1_000;

/**
 * Resolves did:webvh, also as it was at a version (`versionId`) or a time (`at`). `DID_NOT_FOUND` when the host knows no log, `DID_INVALID` for one that
 * does not prove its DID, `DID_UNREACHABLE` when the host does not say.
 */
export function webvh(options: WebvhOptions = {}): DidResolver {
  return {
    methods: ['webvh'],
    keepsTimes: true,
    resolve: async (did, { versionId, at, signal, http, crypto } = {}) => {
      const ask = { ...options, http: options.http ?? http, signal };
      const source = (await options.logOf?.(did)) ?? (await fetchLog(did, ask));
      const checker = given('webvh', 'crypto', options.crypto ?? crypto);
      return check(did, { ageMs: 0, ...source }, checker, { versionId, at });
    },
  };
}

async function check(
  did: Did,
  source: Source,
  crypto: CryptoProvider,
  wanted: Pick<ResolveOptions, 'versionId' | 'at'>,
): Promise<Resolution> {
  const { resolveDIDFromLog } = await library();
  const log = readLines(did, source.log);
  const versionId = wanted.versionId ?? versionAt(did, log, wanted.at);
  const { doc, meta } = await resolveDIDFromLog(log, {
    scid: did.split(':')[2]!,
    requestedDid: did,
    // Always there: without it the library would fetch what the log names.
    witnessProofs: readJson(did, source.witness ?? '[]'),
    verifier: {
      verify: async (signature, message, publicKey) =>
        await crypto.verify({ type: 'Ed25519', publicKey }, message, signature),
    },
    ...(versionId !== undefined && { versionId }),
  }).catch((cause: unknown) => {
    throw invalid(did, cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (meta.error === 'notFound') throw new MeshError('DID_NOT_FOUND', { did });
  if (meta.error !== undefined) throw invalid(did, meta.problemDetails?.detail ?? meta.error);
  // An ended DID has no document any more.
  const document = readDocumentOf(did, doc ?? { id: did });
  const { ageMs, maxAgeMs } = source;
  return {
    document,
    ageMs,
    deactivated: meta.deactivated,
    versionId: meta.versionId,
    ...(maxAgeMs !== undefined && { maxAgeMs }),
  };
}

/** The version that stood at a time; undefined where none is asked for. The library knows times too, but not that of the newest version. */
function versionAt(did: Did, log: readonly Entry[], at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  const found = log.findLast(({ versionTime }) => Date.parse(String(versionTime)) <= at);
  if (found === undefined) throw new MeshError('DID_NOT_FOUND', { did });
  return String(found['versionId']);
}

interface Asking extends Omit<WebvhOptions, 'http'> {
  readonly http: Http | undefined;
  readonly signal: AbortSignal | undefined;
}

async function fetchLog(did: Did, asking: Asking): Promise<Source> {
  const found = await fetchFile(did, 'did.jsonl', asking);
  if (found === undefined) throw new MeshError('DID_NOT_FOUND', { did });
  const { body, headers } = found;
  const log = textOf(did, body);
  const { ageMs, maxAgeMs } = freshness(headers);
  const kept = { log, ageMs, ...(maxAgeMs !== undefined && { maxAgeMs }) };
  if (!namesWitnesses(readLines(did, log))) return kept;
  const witness = await fetchFile(did, 'did-witness.json', asking);
  return { ...kept, witness: witness && textOf(did, witness.body) };
}

/** The file of a DID; undefined when its host says that there is none. */
async function fetchFile(
  did: Did,
  file: string,
  asking: Asking,
): Promise<HttpResponse | undefined> {
  const { signal, ports, maxBytes = 1 << 20 } = asking;
  const http = given('webvh', 'http', asking.http);
  const url = webvhUrl(did, file, ports);
  const response = await http
    .send({ url, maxBytes, maxRedirects: 3, ...(signal !== undefined && { signal }) })
    .catch((cause: unknown) => {
      throw unreachable(did, cause);
    });
  if (response.status === 200) return response;
  if (response.status === 404 || response.status === 410) return undefined;
  const detail = `its host answers ${String(response.status)}`;
  throw new MeshError('DID_UNREACHABLE', { did, detail });
}

function readLines(did: Did, text: string): readonly Entry[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > maxEntries) throw invalid(did, `more than ${String(maxEntries)} entries`);
  return lines.map((line) => readJson(did, line) as Entry);
}

/** JSON of bounded depth, unfrozen: the library writes into what it is handed. */
function readJson(did: Did, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    frozenJson(value, 'log', { maxDepth: 32, maxValues: 100_000 });
    return value;
  } catch (cause) {
    throw invalid(did, 'its log is no JSON of bounded depth', cause);
  }
}

function namesWitnesses(log: readonly Entry[]): boolean {
  return log.some((entry) => {
    const parameters = isPlainObject(entry) ? entry['parameters'] : undefined;
    const witness = isPlainObject(parameters) ? parameters['witness'] : undefined;
    const witnesses = isPlainObject(witness) ? witness['witnesses'] : undefined;
    return Array.isArray(witnesses) && witnesses.length > 0;
  });
}

function textOf(did: Did, body: Uint8Array): string {
  try {
    return fromUtf8(body);
  } catch (cause) {
    throw invalid(did, 'its log is no UTF-8', cause);
  }
}

function invalid(did: Did, detail: string, cause?: unknown): MeshError {
  return new MeshError('DID_INVALID', { did, detail }, { cause });
}
