/**
 * The way out to the web in browsers.
 * @module
 */
import { withDeadline } from '../base/abort.ts';
import { MeshError } from '../base/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../ports/http.ts';
import {
  BodyCollector,
  defaultTimeoutMs,
  type HttpOptions,
  type HttpPlan,
  planRequest,
  refused,
} from './http-rules.ts';
import { systemClock } from './system-clock.ts';

/**
 * Sends with `fetch`, holding the limits a page can hold. It cannot see addresses, so hosts given as addresses are
 * refused and the rest is left to the browser; nor redirects, so without `maxRedirects` they fail, and with it they are
 * followed by the browser, uncounted, and refused afterwards when they led to another host.
 */
export function createWebHttp(options: HttpOptions = {}): Http {
  return {
    send: (request) => {
      const { signal, timeoutMs = defaultTimeoutMs, url } = request;
      const deadline = { what: `the request to ${URL.parse(url)?.host ?? url}`, signal };
      return withDeadline(systemClock, timeoutMs, deadline, (limit) =>
        send(request, options, limit),
      );
    },
  };
}

async function send(
  request: HttpRequest,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const plan = planRequest(request, options);
  const { url } = plan;
  if (options.allowPrivate !== true && isAddress(url.hostname)) {
    throw refused(url, `${url.hostname} may not be a public address`);
  }
  const response = await ask(plan, signal);
  if (response.url !== '' && new URL(response.url).origin !== url.origin) {
    throw refused(url, `it redirects to another host, ${new URL(response.url).host}`);
  }
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await bodyOf(response, plan),
    url: response.url === '' ? url.href : response.url,
  };
}

async function ask(plan: HttpPlan, signal: AbortSignal): Promise<Response> {
  const { url, method, headers, body, maxRedirects } = plan;
  try {
    return await fetch(url, {
      method,
      headers,
      body: body ?? null,
      signal,
      redirect: maxRedirects > 0 && method === 'GET' ? 'follow' : 'error',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
  } catch (cause) {
    // A page is not told whether there was no answer or one it may not see.
    throw unreachable(url, 'fetch failed', cause);
  }
}

async function bodyOf(response: Response, { url, maxBytes }: HttpPlan) {
  const body = new BodyCollector(url, maxBytes);
  try {
    body.expect(response.headers.get('content-length'));
    for await (const chunk of response.body ?? []) body.add(chunk);
  } catch (error) {
    // Leaving the loop has ended the stream; one refused before its first byte is ended here.
    response.body?.cancel().catch(() => undefined);
    throw MeshError.is(error) ? error : unreachable(url, 'the answer broke off', error);
  }
  return body.whole();
}

/** A URL's host name has one spelling per address: `0x7f.1` has become `127.0.0.1` by then. */
function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
}

function unreachable({ host }: URL, detail: string, cause: unknown): MeshError {
  return new MeshError('PEER_UNREACHABLE', { peer: host, detail }, { cause });
}
