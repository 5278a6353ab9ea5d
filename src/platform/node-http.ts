/**
 * The way out to the web on Node.
 * @module
 */
import { lookup as lookupName } from 'node:dns/promises';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { onAbort, withDeadline } from '../base/abort.ts';
import { MeshError } from '../base/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../ports/http.ts';
import {
  BodyCollector,
  defaultTimeoutMs,
  followRedirect,
  type HttpOptions,
  type HttpPlan,
  planRequest,
  refused,
} from './http-rules.ts';
import { isPublicAddress } from './public-address.ts';
import { systemClock } from './system-clock.ts';

/** Options of {@link createNodeHttp}. */
export interface NodeHttpOptions extends HttpOptions {
  /** Addresses of a host name. Default: the system's resolver. */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
}

/**
 * Sends with node:https. A name is resolved once per request; if any of its addresses is not public it is refused, and
 * the connection goes to the address that was checked, so a name cannot lead elsewhere by changing its mind.
 */
export function createNodeHttp(options: NodeHttpOptions = {}): Http {
  return {
    send: (request) => {
      const { signal, timeoutMs = defaultTimeoutMs, url } = request;
      const deadline = { what: `the request to ${hostOf(url)}`, signal };
      return withDeadline(systemClock, timeoutMs, deadline, (limit) =>
        follow(request, options, limit),
      );
    },
  };
}

async function follow(
  request: HttpRequest,
  options: NodeHttpOptions,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let plan = planRequest(request, options);
  for (let followed = 0; ; followed += 1) {
    const address = await checkedAddress(plan.url, options);
    const response = await exchange(plan, address, signal);
    const { location } = response.headers;
    const redirected = redirects.has(response.status) && location !== undefined;
    if (!redirected || plan.maxRedirects === 0) return response;
    plan = { ...plan, url: followRedirect(plan, location, followed, options) };
  }
}

const redirects = new Set([301, 302, 303, 307, 308]);

/** The address to connect to. */
async function checkedAddress(url: URL, options: NodeHttpOptions): Promise<string> {
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(name) > 0 ? [name] : await resolve(name, options.lookup ?? systemLookup);
  const [first] = addresses;
  if (first === undefined) throw unreachable(name, 'the name has no address');
  const inside = addresses.find((address) => !isPublicAddress(address));
  if (inside === undefined || options.allowPrivate === true) return first;
  throw refused(url, `${inside} is not a public address`);
}

async function resolve(
  name: string,
  lookup: NonNullable<NodeHttpOptions['lookup']>,
): Promise<readonly string[]> {
  try {
    return await lookup(name);
  } catch (cause) {
    throw unreachable(name, (cause as NodeJS.ErrnoException).code ?? 'no such name', cause);
  }
}

async function systemLookup(name: string): Promise<string[]> {
  return (await lookupName(name, { all: true })).map(({ address }) => address);
}

function exchange(plan: HttpPlan, address: string, signal: AbortSignal): Promise<HttpResponse> {
  const { url, body } = plan;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const outgoing = send(url, connection(plan, address), (incoming) => {
      const answered = receive(plan, incoming);
      answered.then(resolve, (error: unknown) => {
        outgoing.destroy();
        reject(error);
      });
    });
    outgoing.on('error', (cause: NodeJS.ErrnoException) => {
      reject(unreachable(url.host, cause.code ?? cause.message, cause));
    });
    const off = onAbort(signal, () => outgoing.destroy());
    outgoing.on('close', off);
    outgoing.end(body);
  });
}

/** A connection of its own, to `address` and nowhere else. */
function connection({ method, headers, body }: HttpPlan, address: string): RequestOptions {
  const family = isIP(address);
  return {
    agent: false,
    method,
    headers: {
      'accept-encoding': 'identity',
      ...(body !== undefined && { 'content-length': body.length }),
      ...headers,
    },
    lookup: (_, { all }, done) => {
      if (all === true) done(null, [{ address, family }]);
      else done(null, address, family);
    },
  };
}

async function receive(plan: HttpPlan, incoming: IncomingMessage): Promise<HttpResponse> {
  const { url, maxBytes } = plan;
  const body = new BodyCollector(url, maxBytes);
  body.expect(incoming.headers['content-length']);
  try {
    for await (const chunk of incoming) body.add(chunk as Uint8Array);
  } catch (error) {
    throw MeshError.is(error) ? error : unreachable(url.host, 'the answer broke off', error);
  }
  const status = incoming.statusCode ?? 0;
  return { status, headers: plainHeaders(incoming), body: body.whole(), url: url.href };
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}

function unreachable(peer: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('PEER_UNREACHABLE', { peer, detail }, { cause });
}
