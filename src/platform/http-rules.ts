/**
 * The rules of every request, whatever platform sends it.
 * @module
 */
import { type Bytes, concat } from '../base/bytes.ts';
import { MeshError } from '../base/errors.ts';
import type { HttpRequest } from '../ports/http.ts';

/** Options of the platforms' Http. */
export interface HttpOptions {
  /** Also sends `http:` requests. Default false. */
  readonly allowInsecure?: boolean;
  /** Also sends to private, loopback and link-local addresses. Default false. */
  readonly allowPrivate?: boolean;
}

/** How long a request may take from its name's resolution to its last byte, unless it says otherwise. */
export const defaultTimeoutMs = 5_000;

/** A request, checked, with its limits. */
export interface HttpPlan {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes | undefined;
  readonly maxBytes: number;
  readonly maxRedirects: number;
}

/** `request` with its defaults; `HTTP_REFUSED` when its URL is not one to send to. */
export function planRequest(request: HttpRequest, options: HttpOptions): HttpPlan {
  return {
    url: checkUrl(request.url, options),
    method: request.method ?? 'GET',
    headers: request.headers ?? {},
    body: request.body && Uint8Array.from(request.body),
    maxBytes: request.maxBytes ?? 262_144,
    maxRedirects: request.maxRedirects ?? 0,
  };
}

/** Where the redirect in `location` leads; `HTTP_REFUSED` unless it stays on the host and the plan allows one more. */
export function followRedirect(
  plan: HttpPlan,
  location: string,
  followed: number,
  options: HttpOptions,
): URL {
  const target = URL.parse(location, plan.url.href);
  if (followed >= plan.maxRedirects) {
    throw refused(
      plan.url,
      `it redirects, and ${String(plan.maxRedirects)} redirects are followed`,
    );
  }
  if (plan.method !== 'GET') throw refused(plan.url, 'it redirects a request that carries data');
  if (target?.origin !== plan.url.origin) {
    throw refused(plan.url, `it redirects to another host, ${target?.host ?? location}`);
  }
  return checkUrl(target.href, options);
}

/** Gathers a body and refuses one that is too large as soon as it is. */
export class BodyCollector {
  readonly #url: URL;
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(url: URL, maxBytes: number) {
    this.#url = url;
    this.#maxBytes = maxBytes;
  }

  /** Refuses what announces itself as too large. */
  expect(contentLength: string | null | undefined): void {
    if (Number(contentLength ?? 0) > this.#maxBytes) throw this.#tooLarge();
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) throw this.#tooLarge();
    this.#chunks.push(chunk);
  }

  whole(): Bytes {
    return concat(...this.#chunks);
  }

  #tooLarge(): MeshError {
    return refused(this.#url, `the answer has more than ${String(this.#maxBytes)} bytes`);
  }
}

/** The error of a request to `url`; a query may hold secrets, so it is left out. */
export function refused(url: URL | string, detail: string): MeshError {
  const shown = typeof url === 'string' ? url : `${url.origin}${url.pathname}`;
  return new MeshError('HTTP_REFUSED', { url: shown, detail });
}

function checkUrl(text: string, options: HttpOptions): URL {
  const { allowInsecure = false, allowPrivate = false } = options;
  const url = URL.parse(text);
  if (url === null) throw refused(text, 'it is no absolute URL');
  // Not even the refusal repeats the password.
  if (url.username !== '' || url.password !== '') throw refused(url, 'it carries credentials');
  if (!allowPrivate && localhost.test(url.hostname)) {
    throw refused(url, `${url.hostname} is not a public name`);
  }
  if (url.protocol === 'https:' || (allowInsecure && url.protocol === 'http:')) return url;
  throw refused(url, `'${url.protocol}' is not allowed`);
}

// RFC 6761, section 6.3: these names are this machine, whatever a resolver says.
const localhost = /(?:^|\.)localhost\.?$/;
