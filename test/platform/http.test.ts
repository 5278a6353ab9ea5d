import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createNodeHttp } from '../../src/platform/node-http.ts';
import { createWebHttp } from '../../src/platform/web-http.ts';
import type { Http } from '../../src/ports/http.ts';

const openssl = process.env['OPENSSL'] ?? 'openssl';
const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
const open = { allowInsecure: true, allowPrivate: true } as const;

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

const makers = [
  ['node', createNodeHttp],
  ['web', createWebHttp],
] as const;

describe.each(makers)('http on %s', (platform, create) => {
  const http = create(open);

  it('brings back status, headers in lower case and body', async () => {
    const origin = await serve((_, response) => {
      response.writeHead(404, { 'X-Test': 'yes' }).end('not here');
    });
    const answer = await http.send({ url: `${origin}/a?b=c` });
    expect(answer).toMatchObject({ status: 404, url: `${origin}/a?b=c` });
    expect(answer.headers['x-test']).toBe('yes');
    expect(new TextDecoder().decode(answer.body)).toBe('not here');
    expect(Object.getPrototypeOf(answer.body)).toBe(Uint8Array.prototype);
  });

  it('sends method, headers and body', async () => {
    let got: { method: string | undefined; type: string | undefined; body: string } | undefined;
    const origin = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        got = { method: request.method, type: request.headers['content-type'], body };
        response.end();
      });
    });
    const body = new TextEncoder().encode('{"a":1}');
    await http.send({
      url: origin,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(got).toEqual({ method: 'POST', type: 'application/json', body: '{"a":1}' });
  });

  it('takes a body up to maxBytes and refuses one byte more, announced or not', async () => {
    const origin = await serve((request, response) => {
      const size = Number(request.url?.slice(2));
      if (request.url?.startsWith('/a') === true) response.setHeader('content-length', size);
      else response.write('');
      response.end(Buffer.alloc(size));
    });
    for (const path of ['/a', '/b']) {
      const ok = await http.send({ url: `${origin}${path}1000`, maxBytes: 1_000 });
      expect(ok.body.length).toBe(1_000);
      const big = http.send({ url: `${origin}${path}1001`, maxBytes: 1_000 });
      await expect(big).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
    }
    await expect(http.send({ url: `${origin}/b262145` })).rejects.toMatchObject({
      code: 'HTTP_REFUSED',
    });
  });

  it('stops reading an endless body', async () => {
    let closed: () => void = () => undefined;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const origin = await serve((_, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(10_000)), 1);
      response.on('close', () => {
        clearInterval(timer);
        closed();
      });
    });
    await expect(http.send({ url: origin, maxBytes: 50_000 })).rejects.toMatchObject({
      code: 'HTTP_REFUSED',
    });
    await hungUp;
  });

  it.each(['before the head', 'within the body'])('gives up after timeoutMs %s', async (when) => {
    const origin = await serve((_, response) => {
      if (when === 'within the body') response.write('slowly');
    });
    const slow = http.send({ url: origin, timeoutMs: 50 });
    await expect(slow).rejects.toMatchObject({ code: 'TIMEOUT', params: { ms: 50 } });
  });

  it('gives up when its signal fires', async () => {
    const stop = new AbortController();
    const origin = await serve(() => {
      stop.abort();
    });
    await expect(http.send({ url: origin, signal: stop.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expect(http.send({ url: origin, signal: stop.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('fails with PEER_UNREACHABLE where nobody answers', async () => {
    const origin = await serve(() => undefined);
    servers.splice(0).forEach((server) => server.close());
    await expect(http.send({ url: origin })).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it('fails with PEER_UNREACHABLE where the answer breaks off', async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setTimeout(() => response.destroy(), 10);
    });
    await expect(http.send({ url: origin })).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it('follows redirects within the host, and none unless told to', async () => {
    const origin = await serve(countdown);
    const answer = await http.send({ url: `${origin}/2`, maxRedirects: 2 });
    expect(answer).toMatchObject({ status: 200, url: `${origin}/0` });
    const unasked = http.send({ url: `${origin}/1` });
    if (platform === 'node') expect((await unasked).headers['location']).toBe('/0');
    else await expect(unasked).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it('refuses a redirect to another host', async () => {
    const elsewhere = await serve((_, response) => response.end('secret'));
    const origin = await serve((_, response) => {
      response.writeHead(302, { location: `${elsewhere}/` }).end();
    });
    const led = http.send({ url: origin, maxRedirects: 3 });
    await expect(led).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
  });

  it.each([
    ['http://example.org/', "'http:' is not allowed"],
    ['ftp://example.org/', "'ftp:' is not allowed"],
    ['file:///etc/passwd', "'file:' is not allowed"],
    ['data:text/plain,x', "'data:' is not allowed"],
    ['https://user:secret@example.org/', 'it carries credentials'],
    ['https://user@example.org/', 'it carries credentials'],
    ['/relative', 'it is no absolute URL'],
    ['https://', 'it is no absolute URL'],
  ])('refuses %s', async (url, detail) => {
    const sending = create().send({ url });
    await expect(sending).rejects.toMatchObject({ code: 'HTTP_REFUSED', params: { detail } });
    await expect(sending).rejects.not.toThrow(/secret/);
  });

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.1',
    '127.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '１２７.0.0.1',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[ff02::1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    'localhost',
    'LOCALHOST',
    'localhost.',
  ])('refuses the host %s', async (host) => {
    const sending = create().send({ url: `https://${host}:8443/` });
    await expect(sending).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
  });
});

describe('http on node', () => {
  const looking = (addresses: readonly string[]) => {
    const asked: string[] = [];
    const lookup = (name: string): Promise<readonly string[]> => {
      asked.push(name);
      return Promise.resolve(addresses);
    };
    return { asked, lookup };
  };

  it.each([
    [['10.0.0.1']],
    [['1.1.1.1', '127.0.0.1']],
    [['2606:4700::1111', '::1']],
    [['::ffff:1.1.1.1']],
  ])('refuses a name one of whose addresses is not public: %j', async (addresses) => {
    const { lookup } = looking(addresses);
    const sending = createNodeHttp({ lookup }).send({ url: 'https://example.org/' });
    await expect(sending).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
  });

  it('resolves a name once and connects to that address, under the name', async () => {
    let host: string | undefined;
    const origin = await serve((request, response) => {
      host = request.headers.host;
      response.end();
    });
    const { asked, lookup } = looking(['127.0.0.1']);
    const url = origin.replace('127.0.0.1', 'shop.example');
    await createNodeHttp({ ...open, lookup }).send({ url });
    expect([asked, host]).toEqual([['shop.example'], new URL(url).host]);
  });

  it('connects anew for each request, so that no connection outlives the check of its address', async () => {
    const callers = new Set<number | undefined>();
    const origin = await serve((request, response) => {
      callers.add(request.socket.remotePort);
      response.end();
    });
    for (let i = 0; i < 3; i += 1) await createNodeHttp(open).send({ url: origin });
    expect(callers.size).toBe(3);
  });

  it('checks the address again after a redirect, since the name may have moved', async () => {
    const origin = await serve(countdown);
    const answers = [['127.0.0.1'], []];
    const http = createNodeHttp({ ...open, lookup: () => Promise.resolve(answers.shift() ?? []) });
    const url = `${origin.replace('127.0.0.1', 'shop.example')}/1`;
    await expect(http.send({ url, maxRedirects: 1 })).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
    });
    expect(answers).toEqual([]);
  });

  it('refuses more redirects than allowed', async () => {
    const origin = await serve(countdown);
    const sending = createNodeHttp(open).send({ url: `${origin}/3`, maxRedirects: 2 });
    await expect(sending).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
  });

  it('refuses a redirect of a POST', async () => {
    const origin = await serve(countdown);
    const sending = createNodeHttp(open).send({
      url: `${origin}/1`,
      method: 'POST',
      maxRedirects: 3,
    });
    await expect(sending).rejects.toMatchObject({ code: 'HTTP_REFUSED' });
  });

  it('does not repeat the query of a URL in its refusals, which may hold secrets', async () => {
    const sending = createNodeHttp().send({ url: 'https://127.0.0.1/a?token=secret' });
    await expect(sending).rejects.toMatchObject({ params: { url: 'https://127.0.0.1/a' } });
  });

  it('fails with PEER_UNREACHABLE for names without an address and servers that speak no HTTP', async () => {
    const unknown = createNodeHttp().send({ url: 'https://does-not-exist.invalid/' });
    await expect(unknown).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
    const origin = await serving(
      createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0\r\n')),
    );
    await expect(createNodeHttp(open).send({ url: origin })).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
    });
  });

  it('gives up a resolver that never answers', async () => {
    const http = createNodeHttp({ lookup: () => new Promise(() => undefined) });
    const sending = http.send({ url: 'https://example.org/', timeoutMs: 20 });
    await expect(sending).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it.skipIf(!hasOpenssl())('does not believe a certificate that nobody vouches for', async () => {
    const server = createSecureServer(selfSigned(), (_, response) => response.end('secret'));
    const origin = (await serving(server)).replace('http:', 'https:');
    const sending = createNodeHttp({ allowPrivate: true }).send({ url: origin });
    const params = { detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
    await expect(sending).rejects.toMatchObject({ code: 'PEER_UNREACHABLE', params });
  });
});

/** `/3` redirects to `/2` and so on; `/0` answers. */
function countdown(request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  const left = Number(request.url?.slice(1));
  if (left > 0) response.writeHead(302, { location: `/${String(left - 1)}` });
  response.end();
}

function serve(listener: RequestListener): Promise<string> {
  return serving(createServer(listener));
}

async function serving(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += (chunk as Buffer).toString();
  return text;
}

function hasOpenssl(): boolean {
  try {
    execFileSync(openssl, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const request = [
    'req',
    '-x509',
    ...curve,
    '-nodes',
    '-subj',
    '/CN=127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  execFileSync(openssl, request, { stdio: 'ignore' });
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
}

// The type says both platforms offer the same door.
makers satisfies readonly (readonly [string, () => Http])[];
