/**
 * The shape that the rest of the world gives to resolvers (did-resolver of the DIF, DID Resolution 0.3), in and out.
 * @module
 */
import { MeshError, type MeshErrorCode } from '../../../base/errors.ts';
import { bareDid, type Did, didMethod } from '../../../base/ids.ts';
import type { DidResolver, Resolution, ResolveOptions } from '../../../ports/resolver.ts';
import { readDocumentOf } from '../../../schema/read-did-document.ts';

/** A result in the shape of did-resolver. */
export interface DidResolutionResult {
  readonly didResolutionMetadata: {
    readonly error?: string;
    readonly message?: string;
    readonly contentType?: string;
  };
  readonly didDocument: object | null;
  readonly didDocumentMetadata: {
    readonly deactivated?: boolean;
    readonly versionId?: string;
  };
}

/** A DID taken apart, as did-resolver hands it to its methods. */
export interface ParsedDid {
  readonly did: string;
  readonly didUrl: string;
  readonly method: string;
  readonly id: string;
  readonly query?: string;
}

/** One method, as did-resolver's registry names them. */
export type DidMethodResolver = (
  did: string,
  parsed: ParsedDid,
  resolver: { resolve(didUrl: string): Promise<DidResolutionResult> },
  options: Readonly<Record<string, unknown>>,
) => Promise<DidResolutionResult>;

/** An object that resolves DID URLs. */
export interface DidUrlResolver {
  /** What is known of the DID in `didUrl`, at the version it names, if any. */
  resolve(didUrl: string, options?: object): Promise<DidResolutionResult>;
}

/** Options of {@link fromDidResolver}. */
export interface FromDidResolverOptions {
  /**
   * What `notFound` means. Several resolvers also say it when nobody could be asked; with `unreachable` it is taken for that.
   * Default `absent`.
   */
  readonly notFound?: 'absent' | 'unreachable';
}

/**
 * A resolver made of did-resolver methods, e.g. `fromDidResolver({ ...getResolver() })`. An error in a result counts, even when a
 * document stands beside it. Hand it to the client: age, bounds and checks come from there.
 */
export function fromDidResolver(
  methods: Readonly<Record<string, DidMethodResolver>>,
  options: FromDidResolverOptions = {},
): DidResolver {
  return {
    methods: Object.keys(methods),
    resolve: async (did, { versionId } = {}) => {
      const method = didMethod(did);
      const ask = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (ask === undefined) throw new MeshError('DID_METHOD_UNKNOWN', { method });
      const result = await ask(did, parsed(did, versionId), alone, {});
      return fromResult(did, result, options);
    },
  };
}

/** An object with did-resolver's `resolve`, for libraries that want one. Failures are results, never thrown. */
export function toDidResolver(resolver: Pick<DidResolver, 'resolve'>): DidUrlResolver {
  return {
    resolve: async (didUrl) => {
      try {
        const did = bareDid(didUrl);
        const options = versionOf(didUrl);
        return toResult(await resolver.resolve(did, options));
      } catch (error) {
        if (MeshError.is(error)) return toFailure(error);
        throw error;
      }
    },
  };
}

/** What a result of did-resolver says; throws what its error means. */
export function fromResult(
  did: Did,
  result: DidResolutionResult,
  { notFound = 'absent' }: FromDidResolverOptions = {},
): Resolution {
  const { didDocument, didDocumentMetadata, didResolutionMetadata } = result;
  const { error, message = error } = didResolutionMetadata;
  if (error !== undefined) throw failure(did, error, String(message), notFound);
  if (didDocument === null) throw failure(did, 'internalError', 'no document', notFound);
  const { deactivated, versionId } = didDocumentMetadata;
  return {
    document: readDocumentOf(did, didDocument),
    ageMs: 0,
    deactivated: deactivated === true,
    ...(typeof versionId === 'string' && { versionId }),
  };
}

function failure(did: Did, error: string, detail: string, notFound: string): MeshError {
  if (error === 'notFound' && notFound === 'absent') return new MeshError('DID_NOT_FOUND', { did });
  if (unknownMethod.has(error)) {
    return new MeshError('DID_METHOD_UNKNOWN', { method: didMethod(did) });
  }
  if (invalid.has(error)) return new MeshError('DID_INVALID', { did, detail });
  return new MeshError('DID_UNREACHABLE', { did, detail });
}

const unknownMethod: ReadonlySet<string> = new Set(['unsupportedDidMethod', 'methodNotSupported']);
const invalid: ReadonlySet<string> = new Set(['invalidDid', 'invalidDidUrl', 'invalidDidDocument']);

function toResult({ document, deactivated, versionId }: Resolution): DidResolutionResult {
  return {
    didResolutionMetadata: { contentType: 'application/did+ld+json' },
    didDocument: document,
    didDocumentMetadata: {
      ...(deactivated && { deactivated }),
      ...(versionId !== undefined && { versionId }),
    },
  };
}

/** Names of DID Core 1.0, section 7.1.2, and of did-resolver. */
const names: Readonly<Partial<Record<MeshErrorCode, string>>> = {
  DID_NOT_FOUND: 'notFound',
  DID_INVALID: 'invalidDid',
  DID_METHOD_UNKNOWN: 'unsupportedDidMethod',
};

function toFailure({ code, message }: MeshError): DidResolutionResult {
  return {
    didResolutionMetadata: { error: names[code] ?? 'internalError', message },
    didDocument: null,
    didDocumentMetadata: {},
  };
}

function parsed(did: Did, versionId: string | undefined): ParsedDid {
  const method = didMethod(did);
  const query = versionId === undefined ? undefined : `versionId=${encodeURIComponent(versionId)}`;
  return {
    did,
    didUrl: query === undefined ? did : `${did}?${query}`,
    method,
    id: did.slice(`did:${method}:`.length),
    ...(query !== undefined && { query }),
  };
}

function versionOf(didUrl: string): ResolveOptions {
  const query = /\?([^#]*)/.exec(didUrl)?.[1];
  const versionId = new URLSearchParams(query).get('versionId');
  return versionId === null ? {} : { versionId };
}

/** What a method is given to resolve further DIDs with: nothing, so that one DID never leads to the fetch of another. */
const alone = {
  resolve: (): Promise<DidResolutionResult> =>
    Promise.resolve({
      didResolutionMetadata: { error: 'unsupportedDidMethod' },
      didDocument: null,
      didDocumentMetadata: {},
    }),
};
