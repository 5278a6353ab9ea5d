/**
 * The only way out to the web. Whatever is fetched on behalf of a foreign document passes these limits.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';

/** One request. */
export interface HttpRequest {
  /** `https:` unless the Http was made with `allowInsecure`. */
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Default 262,144 bytes. */
  readonly maxBytes?: number;
  /** Redirects to follow, within the same host only. Default 0. */
  readonly maxRedirects?: number;
  readonly signal?: AbortSignal;
}

/** One answer. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

/**
 * Sends requests to public addresses only: the name is resolved once, private, loopback and link-local addresses are
 * refused, and the connection goes to the address that was checked (no rebinding). `HTTP_REFUSED` says what was against it.
 */
export interface Http {
  /** Resolves with any answer, whatever its status; rejects when there is none. */
  send(request: HttpRequest): Promise<HttpResponse>;
}
