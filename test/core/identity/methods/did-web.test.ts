import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../../../src/base/bytes.ts';
import { MeshError } from '../../../../src/base/errors.ts';
import type { Did } from '../../../../src/base/ids.ts';
import { webUrl } from '../../../../src/base/web-did-url.ts';
import { didWeb } from '../../../../src/core/identity/methods/did-web.ts';
import { DidCache } from '../../../../src/core/identity/resolution/did-cache.ts';
import { createNodeHttp, type NodeHttpOptions } from '../../../../src/platform/node-http.ts';
import type { Http, HttpRequest, HttpResponse } from '../../../../src/ports/http.ts';
import { virtualClock } from '../../../../src/testing/virtual-clock.ts';
import { rejected, thrown } from '../../../base/thrown.ts';

const did: Did = 'did:web:a.example';
const document = (id: string = did) => ({ id, verificationMethod: [] });

/** An Http that answers from a function. */
function web(
  answer: (request: HttpRequest) => Partial<HttpResponse> | Promise<Partial<HttpResponse>>,
) {
  const requests: HttpRequest[] = [];
  const http: Http = {
    send: async (request) => {
      requests.push(request);
      const body = utf8(JSON.stringify(document()));
      return { status: 200, headers: {}, body, url: request.url, ...(await answer(request)) };
    },
  };
  return { http, requests };
}

describe('the address of a did:web', () => {
  it.each([
    ['did:web:w3c-ccg.github.io', 'https://w3c-ccg.github.io/.well-known/did.json'],
    ['did:web:w3c-ccg.github.io:user:alice', 'https://w3c-ccg.github.io/user/alice/did.json'],
    ['did:web:example.com%3A3000:user:alice', 'https://example.com:3000/user/alice/did.json'],
    ['did:web:Example.COM%3A443', 'https://example.com/.well-known/did.json'],
    ['did:web:xn--bcher-kva.example:a%2Db', 'https://xn--bcher-kva.example/a-b/did.json'],
  ] as const)('is that of the specification: %s', (one, url) => {
    expect(webUrl(one, [443, 3000])).toBe(url);
  });

  it.each([
    'did:web:a.example:..',
    'did:web:a.example:%2e%2e:x',
    'did:web:a.example:%2E',
    'did:web:a.example:a%2Fb',
    'did:web:a.example:a%5Cb',
    'did:web:a.example:%252e%252e',
    'did:web:a.example:a%3Fx%3D1',
    'did:web:a.example:a%23b',
    'did:web:a.example:a%00',
    'did:web:a.example:%ff',
    'did:web:a.example::b',
    'did:web:a.example%2Fb',
    'did:web:a.example%40evil.example',
    'did:web:user%3Apw%40evil.example',
    'did:web:a.example%3A443%3A443',
    'did:web:a.example%3A',
    'did:web:a.example%3A0443',
    'did:web:a.example%3A22',
    'did:web:a.example%3A8443',
    'did:web:127.0.0.1',
    'did:web:2130706433',
    'did:web:0x7f.1',
    'did:web:0x7f000001',
    'did:web:%5B%3A%3A1%5D',
    'did:web:-a.example',
    'did:web:a..example',
    'did:web:b%C3%BCcher.example',
    `did:web:${'a.'.repeat(130)}example`,
  ] as const)('is none for %s', (one) => {
    expect(thrown(() => webUrl(one))).toMatchObject({ code: 'DID_INVALID' });
  });

  it('lies on the host that was named, below its root, without query, whatever the DID holds', () => {
    const piece = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/),
      fc
        .string({ minLength: 1, maxLength: 12 })
        .map((text) => encodeURIComponent(text.toWellFormed())),
      fc.constantFrom(
        '..',
        '%2e%2e',
        '%2F',
        '%3A',
        '%40',
        '%5c',
        '%00',
        'a.example',
        '10.0.0.1',
        '%25',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        const one = `did:web:${pieces.join(':')}` as Did;
        const error = thrown(() => {
          const text = webUrl(one, [443, 8443]);
          const url = new URL(text);
          expect(url.href).toBe(text);
          expect(url.protocol).toBe('https:');
          expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', '']);
          expect(['', '8443']).toContain(url.port);
          expect(decodeURIComponent(pieces[0]!).toLowerCase().split(':')[0]).toBe(url.hostname);
          expect(/^[\d.]+$|^\[/.test(url.hostname)).toBe(false);
          const folders =
            pieces.length === 1 ? ['.well-known'] : pieces.slice(1).map(decodeURIComponent);
          expect(url.pathname).toBe(`/${folders.join('/')}/did.json`);
        });
        expect(error?.code ?? 'DID_INVALID').toBe('DID_INVALID');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a resolver of did:web', () => {
  it('asks by https with bounds on time, size and redirects (T14)', async () => {
    const { http, requests } = web(() => ({}));
    expect(await didWeb({ http }).resolve(did)).toMatchObject({ document: { id: did }, ageMs: 0 });
    expect(requests).toMatchObject([
      {
        url: 'https://a.example/.well-known/did.json',
        timeoutMs: 5_000,
        maxBytes: 262_144,
        maxRedirects: 3,
      },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty('if-none-match');
  });

  it('asks nobody about an address it may not ask', async () => {
    const { http, requests } = web(() => ({}));
    for (const one of [
      'did:web:127.0.0.1',
      'did:web:a.example%3A22',
      'did:web:a.example:..',
    ] as const) {
      expect(await rejected(didWeb({ http }).resolve(one))).toMatchObject({ code: 'DID_INVALID' });
    }
    expect(requests).toEqual([]);
  });

  it.each([
    ['404', { status: 404 }, 'DID_NOT_FOUND'],
    ['410', { status: 410 }, 'DID_NOT_FOUND'],
    ['500', { status: 500 }, 'DID_UNREACHABLE'],
    ['403', { status: 403 }, 'DID_UNREACHABLE'],
    ['304, unasked', { status: 304 }, 'DID_UNREACHABLE'],
    [
      'a document about somebody else',
      { body: utf8(JSON.stringify(document('did:web:b.example'))) },
      'DID_INVALID',
    ],
    ['no JSON', { body: utf8('<html>') }, 'DID_INVALID'],
    ['no UTF-8', { body: Uint8Array.of(0xff) }, 'DID_INVALID'],
    ['no document', { body: utf8('[]') }, 'DID_INVALID'],
    [
      'JSON nested too deep',
      { body: utf8(`{"id":"${did}","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) },
      'DID_INVALID',
    ],
    [
      'too many values',
      { body: utf8(`{"id":"${did}","x":[${'1,'.repeat(30_000)}1]}`) },
      'DID_INVALID',
    ],
  ])('takes %s for what it is', async (_, answer, code) => {
    const { http } = web(() => answer);
    expect(await rejected(didWeb({ http }).resolve(did))).toMatchObject({ code, params: { did } });
  });

  it('says unreachable, not absent, when nobody answers, and not to try again what is refused (T14)', async () => {
    for (const [cause, retryable] of [
      [new MeshError('PEER_UNREACHABLE', { peer: 'a.example', detail: 'ENOTFOUND' }), true],
      [new MeshError('TIMEOUT', { what: 'x', ms: 1 }), true],
      [new MeshError('HTTP_REFUSED', { url: 'x', detail: 'it redirects to another host' }), false],
    ] as const) {
      const { http } = web(() => Promise.reject(cause));
      const error = await rejected(didWeb({ http }).resolve(did));
      expect(error).toMatchObject({ code: 'DID_UNREACHABLE', retryable, cause });
    }
    const { http } = web(() => Promise.reject(new MeshError('ABORTED', { what: 'x' })));
    expect(await rejected(didWeb({ http }).resolve(did))).toMatchObject({ code: 'ABORTED' });
  });

  it('honours Cache-Control, Age and ETag', async () => {
    const resolved = async (headers: Record<string, string>) => {
      const { http } = web(() => ({ headers }));
      const { ageMs, maxAgeMs, validator } = await didWeb({ http }).resolve(did);
      return { ageMs, maxAgeMs, validator };
    };
    expect(
      await resolved({ 'cache-control': 'public, Max-Age=60', age: '20', etag: '"1"' }),
    ).toEqual({
      ageMs: 20_000,
      maxAgeMs: 60_000,
      validator: '"1"',
    });
    expect(await resolved({ 'cache-control': 'no-cache', etag: 'W/"1"' })).toMatchObject({
      maxAgeMs: 0,
      validator: 'W/"1"',
    });
    expect(await resolved({ 'cache-control': 'no-store, max-age=60', etag: '"1"' })).toEqual({
      ageMs: 0,
      maxAgeMs: 0,
      validator: undefined,
    });
    expect(await resolved({ 'cache-control': 'max-age="5", max-age=9' })).toMatchObject({
      maxAgeMs: 5_000,
    });
    for (const etag of ['1', '"a"b"', `"${'x'.repeat(300)}"`, '"a\r\nb: c"']) {
      expect(await resolved({ 'cache-control': 'max-age=-1', age: 'x', etag })).toEqual({
        ageMs: 0,
        maxAgeMs: undefined,
        validator: undefined,
      });
    }
  });

  it('asks whether what is kept still holds, behind a cache', async () => {
    const clock = virtualClock();
    const { http, requests } = web(({ headers = {} }) =>
      headers['if-none-match'] === '"1"'
        ? { status: 304, headers: { etag: '"1"' }, body: utf8('') }
        : { headers: { etag: '"1"', 'cache-control': 'max-age=10' } },
    );
    const cache = new DidCache({ clock, resolvers: [didWeb({ http })] });
    const first = await cache.resolve(did);
    await clock.advance(10_000);
    const second = await cache.resolve(did);
    expect(second).toMatchObject({ ageMs: 0 });
    expect(second.document).toBe(first.document);
    expect(requests).toHaveLength(2);
  });
});

describe('did:web over the way out of Node', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server on this machine, and an Http that reaches it as if it were any https host. */
  async function serve(listener: RequestListener, options: NodeHttpOptions = {}): Promise<Http> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const inner = createNodeHttp({ allowInsecure: true, allowPrivate: true, ...options });
    return {
      send: (request) =>
        inner.send({
          ...request,
          url: request.url.replace(/^https:\/\/[^/]+/, `http://127.0.0.1:${String(port)}`),
        }),
    };
  }

  const json = JSON.stringify(document('did:web:a.example:b'));

  it('follows redirects within the host, and refuses those to others', async () => {
    const asked: (string | undefined)[] = [];
    const http = await serve(({ url }, response) => {
      asked.push(url);
      if (url === '/b/did.json') response.writeHead(302, { location: '/moved/did.json' }).end();
      else if (url === '/moved/did.json') response.end(json);
      else {
        const location = `http://169.254.169.254/latest/meta-data`;
        response.writeHead(302, { location }).end();
      }
    });
    const resolver = didWeb({ http });
    expect((await resolver.resolve('did:web:a.example:b')).document.id).toBe('did:web:a.example:b');
    const error = await rejected(resolver.resolve('did:web:a.example:evil'));
    expect(error).toMatchObject({ code: 'DID_UNREACHABLE', retryable: false });
    expect(error?.cause).toMatchObject({ code: 'HTTP_REFUSED' });
    expect(asked).toEqual(['/b/did.json', '/moved/did.json', '/evil/did.json']);
  });

  it('does not go in circles', async () => {
    let asked = 0;
    const http = await serve(({ url }, response) => {
      asked += 1;
      response.writeHead(302, { location: url! }).end();
    });
    expect(await rejected(didWeb({ http }).resolve(did))).toMatchObject({
      code: 'DID_UNREACHABLE',
    });
    expect(asked).toBe(4);
  });

  it('refuses an answer of more than its bytes, announced or not', async () => {
    const http = await serve((_, response) => {
      response.write('{"id":"');
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    const error = await rejected(didWeb({ http, maxBytes: 100_000 }).resolve(did));
    expect(error).toMatchObject({ code: 'DID_UNREACHABLE', retryable: false });
  });

  it('gives up on a host that never ends', async () => {
    const http = await serve((_, response) => {
      response.write('{');
    });
    const error = await rejected(didWeb({ http, timeoutMs: 50 }).resolve(did));
    expect(error).toMatchObject({ code: 'DID_UNREACHABLE', retryable: true });
  });

  it.each(['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', 'fd00::1', '::ffff:127.0.0.1'])(
    'never connects to %s, whatever name leads there',
    async (address) => {
      const http = createNodeHttp({ lookup: () => Promise.resolve(['93.184.215.14', address]) });
      const error = await rejected(didWeb({ http }).resolve('did:web:inside.example'));
      expect(error).toMatchObject({ code: 'DID_UNREACHABLE', retryable: false });
      expect(error?.cause).toMatchObject({ code: 'HTTP_REFUSED' });
    },
  );

  it('never asks this machine by name', async () => {
    for (const one of ['did:web:localhost', 'did:web:a.localhost'] as const) {
      expect(await rejected(didWeb({ http: createNodeHttp() }).resolve(one))).toMatchObject({
        code: 'DID_UNREACHABLE',
        retryable: false,
      });
    }
  });
});
