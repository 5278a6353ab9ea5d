/**
 * The did:web method: the document lies on a web server, and the name of the server is the identity. Source: the did:web method
 * specification (W3C CCG). Whoever names a did:web makes us send a request, so what may be asked, and for how long, is bounded.
 * @module
 */
import { fromUtf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import { freshness } from '../../../base/http-freshness.ts';
import type { Did } from '../../../base/ids.ts';
import { webUrl } from '../../../base/web-did-url.ts';
import type { Http, HttpResponse } from '../../../ports/http.ts';
import type { DidResolver, Resolution } from '../../../ports/resolver.ts';
import { readDocumentOf } from '../../../schema/read-did-document.ts';

/** Options of {@link didWeb}. */
export interface DidWebOptions {
  /** The way out; it refuses private addresses and redirects to other hosts. */
  readonly http: Http;
  /** Ports that a did:web may name. Default: 443 alone. */
  readonly ports?: readonly number[];
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Default 262,144. */
  readonly maxBytes?: number;
}

/** Redirects followed, within the host. */
const maxRedirects = 3;

/**
 * Resolves did:web by https. A host that says 404 or 410 knows no such DID (`DID_NOT_FOUND`); everything else that is no document is
 * `DID_UNREACHABLE`, or `DID_INVALID` when it is an answer that cannot be right.
 */
export function didWeb(options: DidWebOptions): DidResolver {
  const { http, ports = [443], timeoutMs = 5_000, maxBytes = 262_144 } = options;
  return {
    methods: ['web'],
    resolve: async (did, { signal, known } = {}) => {
      const request = {
        url: webUrl(did, ports),
        headers: headersFor(known),
        timeoutMs,
        maxBytes,
        maxRedirects,
        ...(signal !== undefined && { signal }),
      };
      const response = await answered(did, http.send(request));
      return resolutionOf(did, response, known);
    },
  };
}

function headersFor(known: Resolution | undefined): Record<string, string> {
  return {
    accept: 'application/did+json, application/did+ld+json, application/json;q=0.9',
    ...(known?.validator !== undefined && { 'if-none-match': known.validator }),
  };
}

async function answered(did: Did, response: Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await response;
  } catch (cause) {
    if (!MeshError.is(cause) || cause.code === 'ABORTED') throw cause;
    // What our own rules refused, they refuse again.
    const retryable = cause.code !== 'HTTP_REFUSED';
    throw new MeshError('DID_UNREACHABLE', { did, detail: cause.message }, { cause, retryable });
  }
}

function resolutionOf(did: Did, response: HttpResponse, known: Resolution | undefined): Resolution {
  const { status, headers, body } = response;
  if (status === 304 && known !== undefined) {
    const { deactivated, document, validator } = known;
    return {
      document,
      deactivated,
      ...(validator !== undefined && { validator }),
      ...freshness(headers),
    };
  }
  if (status === 404 || status === 410) throw new MeshError('DID_NOT_FOUND', { did });
  if (status !== 200) {
    throw new MeshError('DID_UNREACHABLE', { did, detail: `its host answers ${String(status)}` });
  }
  return {
    document: readDocumentOf(did, readJson(did, body)),
    deactivated: false,
    ...freshness(headers),
  };
}

function readJson(did: Did, body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(body));
  } catch (cause) {
    throw new MeshError('DID_INVALID', { did, detail: 'its host answers with no JSON' }, { cause });
  }
}
