import { spawnSync } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { webSocketTransport } from '../../../src/adapters/transports/websocket.ts';
import { systemClock } from '../../../src/platform/system-clock.ts';
import type { Link, LinkEnd, Listener, Transport } from '../../../src/ports/transport.ts';
import { transportConformance, virtualClock } from '../../../src/testing/index.ts';

const here = { listen: { port: 0 } } as const;
const never = new AbortController().signal;
const context = { signal: never, clock: systemClock };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  vi.unstubAllGlobals();
  for (const close of closers.splice(0).reverse()) await close();
});

describe('websocket transport', () => {
  for (const { name, run } of transportConformance(() => webSocketTransport(here))) it(name, run);
});

describe('websocket transport that dials with the WebSocket of the platform', () => {
  const counterpart = () => webSocketTransport(here);
  for (const { name, run } of transportConformance(asInBrowser, { counterpart })) it(name, run);

  it('says that it does not listen', () => {
    expect(asInBrowser().features.listen).toBe(false);
  });
});

describe('a websocket listener', () => {
  it('names the port that was free, which is free again at once after close', async () => {
    const { listener } = await listening();
    const endpoint = listener.endpoints[0]!;
    expect(endpoint).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/);
    await dial(endpoint);
    await listener.close();
    const again = await webSocketTransport().listen(endpoint, () => undefined, context);
    expect(again.endpoints).toEqual([endpoint]);
    await again.close();
  });

  it('fails with ALREADY_EXISTS where another listens', async () => {
    const { listener } = await listening();
    const second = webSocketTransport().listen(listener.endpoints[0]!, () => undefined, context);
    await expect(second).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      params: { id: listener.endpoints[0] },
    });
  });

  it('fails with INVALID_ARGUMENT at an address of another machine', async () => {
    const listen = webSocketTransport().listen('ws://192.0.2.1:0', () => undefined, context);
    await expect(listen).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'listen' },
    });
  });

  it.each([-1, 65_536, 1.5, Number.NaN])('is never asked for port %d', (port) => {
    const params = { argument: 'listen.port' };
    expect(() => webSocketTransport({ listen: { port } })).toThrow(
      expect.objectContaining({ params: expect.objectContaining(params) as object }),
    );
  });

  it('works over IPv6', async () => {
    const transport = webSocketTransport({ listen: { port: 0, host: '::1' } });
    expect(transport.listenAt).toBe('ws://[::1]:0');
    const { listener } = await listening(transport);
    expect(listener.endpoints[0]).toMatch(/^ws:\/\/\[::1\]:\d+$/);
    expect((await dial(listener.endpoints[0]!)).remote).toBe(listener.endpoints[0]);
  });

  it('answers HTTP without upgrade with 426 and goes on', async () => {
    const { listener } = await listening();
    const endpoint = listener.endpoints[0]!;
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(endpoint.replace('ws:', 'http:'), { method });
      expect([answer.status, answer.headers.get('upgrade')]).toEqual([426, 'websocket']);
    }
    await dial(endpoint);
  });

  it('survives garbage, half requests and impossible upgrades', async () => {
    const { listener } = await listening();
    const { port } = new URL(listener.endpoints[0]!);
    const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ';
    for (const text of ['\0\xff garbage', `${upgrade}h2c\r\n\r\n`, `${upgrade}websocket\r\n\r\n`]) {
      expect(await answerTo(Number(port), text)).toMatch(/^HTTP\/1\.1 4\d\d/);
    }
    await dial(listener.endpoints[0]!);
  });

  it('refuses compression even when asked for it', async () => {
    const { listener } = await listening();
    const socket = await rawClient(listener, { perMessageDeflate: true });
    expect(socket.extensions).toBe('');
  });

  it('loses the link alone when its acceptor or a frame handler fails', async () => {
    let calls = 0;
    const { listener } = await listening(webSocketTransport(here), (link) => {
      calls += 1;
      if (calls === 1) throw new Error('not this one');
      link.receive({
        frame: () => {
          throw new Error('not this frame');
        },
        closed: () => undefined,
      });
    });
    const [first, second] = [
      await dial(listener.endpoints[0]!),
      await dial(listener.endpoints[0]!),
    ];
    expect(await endOf(first)).toMatchObject({ clean: false });
    second.send(new Uint8Array(1));
    expect(await endOf(second)).toMatchObject({ clean: false });
    await dial(listener.endpoints[0]!);
    expect(calls).toBe(3);
  });
});

describe('dialling by websocket', () => {
  it('fails with PEER_UNREACHABLE and the cause where nobody is', async () => {
    const failure = { code: 'PEER_UNREACHABLE', cause: { code: 'ECONNREFUSED' }, retryable: true };
    await expect(dial(`ws://127.0.0.1:${String(await freePort())}`)).rejects.toMatchObject(failure);
    const nowhere = dial('ws://does-not-exist.invalid:1');
    await expect(nowhere).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it.each([200, 301, 404, 500])(
    'fails with PROTOCOL_ERROR where HTTP %d answers',
    async (status) => {
      const server = createHttpServer((_, response) =>
        response.writeHead(status, { location: '/x' }).end(),
      );
      await expect(dial(await serve(server))).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
    },
  );

  it.each([
    'SSH-2.0-OpenSSH_9\r\n',
    '\0\0\0\0',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
  ])('fails with PROTOCOL_ERROR where %j answers', async (text) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(text));
    await expect(dial(await serve(server))).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  it('fails with PROTOCOL_ERROR where wss meets plain ws', async () => {
    const { listener } = await listening();
    const secure = listener.endpoints[0]!.replace('ws:', 'wss:');
    await expect(dial(secure)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  });

  it('gives up a peer that never answers after 10 s, and hangs up', async () => {
    const clock = virtualClock();
    const { endpoint, hungUp } = await silentServer();
    const dialling = webSocketTransport().dial(endpoint.url, { signal: never, clock });
    const failing = expect(dialling).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
    await endpoint.called;
    await clock.advance(10_000);
    await failing;
    await hungUp;
    expect(clock.timers).toBe(0);
  });

  it('hangs up when its signal fires', async () => {
    const { endpoint, hungUp } = await silentServer();
    const stop = new AbortController();
    const dialling = webSocketTransport().dial(endpoint.url, { ...context, signal: stop.signal });
    await endpoint.called;
    stop.abort();
    await expect(dialling).rejects.toMatchObject({ code: 'ABORTED' });
    await hungUp;
  });

  it('names the package that is missing', () => {
    const script = `
      import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name !== 'ws') return next(name, context);
        throw Object.assign(new Error('no ws'), { code: 'ERR_MODULE_NOT_FOUND' });
      } });
      const { webSocketTransport } = await import('./src/adapters/transports/websocket.ts');
      const { systemClock } = await import('./src/platform/system-clock.ts');
      const context = { signal: new AbortController().signal, clock: systemClock };
      await webSocketTransport().dial('ws://127.0.0.1:1', context).catch((error) => console.log(error.code, error.message));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(child.stdout).toBe(
      "MODULE_MISSING webSocketTransport needs the package 'ws': npm install ws\n",
    );
  });
});

describe('a websocket link', () => {
  it('delivers plain Uint8Arrays, whose slice copies', async () => {
    const { near, far } = await pair();
    const frame = new Promise<Uint8Array>((resolve) => {
      far.receive({ frame: resolve, closed: () => undefined });
    });
    near.send(new Uint8Array([1, 2, 3]));
    expect(Object.getPrototypeOf(await frame)).toBe(Uint8Array.prototype);
  });

  it('holds the peer back until it is received from, however much it sends', async () => {
    const { near, far } = await pair();
    const frame = new Uint8Array(1024 * 1024);
    const sending = (async () => {
      for (let i = 0; i < 20; i += 1) if (!near.send(frame)) await near.drained();
      await near.close();
    })();
    let waiting: number;
    do {
      waiting = near.buffered;
      await new Promise((resolve) => setTimeout(resolve, 40));
    } while (near.buffered !== waiting);
    let received = 0;
    const end = new Promise<LinkEnd>((closed) => {
      far.receive({ frame: () => (received += 1), closed });
    });
    await sending;
    expect(await end).toEqual({ clean: true, unsent: 0 });
    expect([waiting > 0, received]).toEqual([true, 20]);
  });

  it('keeps frames while paused, although the WebSocket of a browser cannot', async () => {
    const { listener, accepted } = await listening();
    const near = await asInBrowser().dial(listener.endpoints[0]!, context);
    const got: number[] = [];
    near.receive({ frame: ([first]) => got.push(first!), closed: () => undefined });
    near.pause();
    const far = await accepted;
    for (let i = 0; i < 5; i += 1) far.send(new Uint8Array([i]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got).toEqual([]);
    near.resume();
    far.send(new Uint8Array([5]));
    await vi.waitFor(() => {
      expect(got).toEqual([0, 1, 2, 3, 4, 5]);
    });
    near.abort(new Error('the test is over'));
  });

  it('counts as unsent what it takes after the peer has said goodbye', async () => {
    const { listener, accepted } = await listening();
    const socket = await rawClient(listener);
    const link = await accepted;
    const end = endOf(link);
    socket.close();
    // The client does not read the answer, so the connection lingers half closed.
    streamOf(socket).pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    link.send(new Uint8Array(1));
    await new Promise((resolve) => setTimeout(resolve, 10));
    link.abort(new Error('enough'));
    expect(await end).toMatchObject({ unsent: 1 });
  });

  it('ends with PROTOCOL_ERROR when the peer sends text', async () => {
    const { listener, accepted } = await listening();
    const socket = await rawClient(listener);
    const code = closeCode(socket);
    socket.send('hello');
    expect(await endOf(await accepted)).toMatchObject({
      clean: false,
      error: { code: 'PROTOCOL_ERROR' },
    });
    expect(await code).toBe(1003);
  });

  it('ends with PROTOCOL_ERROR when the peer breaks the framing', async () => {
    const { listener, accepted } = await listening();
    const socket = await rawClient(listener);
    streamOf(socket).write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expect(await endOf(await accepted)).toMatchObject({
      clean: false,
      error: { code: 'PROTOCOL_ERROR' },
    });
  });

  it('alone ends with FRAME_TOO_LARGE, at both ends, when the peer allows itself more', async () => {
    const ends: Promise<LinkEnd>[] = [];
    const transport = webSocketTransport({ ...here, maxFrame: 1_000 });
    const { listener } = await listening(transport, (link) => ends.push(endOf(link)));
    const large = await webSocketTransport({ maxFrame: 5_000 }).dial(
      listener.endpoints[0]!,
      context,
    );
    const untouched = await dial(listener.endpoints[0]!);
    large.send(new Uint8Array(1_001));
    const error = { code: 'FRAME_TOO_LARGE' };
    expect(await ends[0]).toMatchObject({ clean: false, error });
    expect(await endOf(large)).toMatchObject({ clean: false, error });
    untouched.send(new Uint8Array(1_000));
    await untouched.close();
    expect(await ends[1]).toEqual({ clean: true, unsent: 0 });
  });

  it('ends with PEER_UNREACHABLE when the connection breaks', async () => {
    const { listener, accepted } = await listening();
    const socket = await rawClient(listener);
    const end = endOf(await accepted);
    socket.terminate();
    expect(await end).toMatchObject({ clean: false, error: { code: 'PEER_UNREACHABLE' } });
  });

  it('gives up closing when the peer does not answer the goodbye', async () => {
    const server = new WebSocketServer({ port: 0 });
    closers.push(() => {
      server.clients.forEach((socket) => {
        socket.terminate();
      });
      server.close();
    });
    server.on('connection', (socket) => {
      socket.pause();
    });
    const clock = virtualClock();
    const { port } = server.address() as AddressInfo;
    const link = await webSocketTransport().dial(`ws://127.0.0.1:${String(port)}`, {
      signal: never,
      clock,
    });
    const end = endOf(link);
    const closing = link.close();
    await clock.advance(5_000);
    await closing;
    expect(await end).toMatchObject({ clean: false, error: { code: 'TIMEOUT' } });
    expect(clock.timers).toBe(0);
  });
});

function asInBrowser(): Transport {
  const browser = Object.create(process, { versions: { value: {} } }) as NodeJS.Process;
  const there = <T>(run: () => T): T => {
    vi.stubGlobal('process', browser);
    try {
      return run();
    } finally {
      vi.unstubAllGlobals();
    }
  };
  const transport = there(() => webSocketTransport());
  return {
    ...transport,
    dial: (to, dialContext) => there(() => transport.dial(to, dialContext)),
    listen: (at, accept, listenContext) => there(() => transport.listen(at, accept, listenContext)),
  };
}

async function listening(
  transport: Transport = webSocketTransport(here),
  accept?: (link: Link) => void,
): Promise<{ listener: Listener; accepted: Promise<Link> }> {
  let first: (link: Link) => void = () => undefined;
  const accepted = new Promise<Link>((resolve) => {
    first = resolve;
  });
  const listener = await transport.listen(
    transport.listenAt!,
    (link) => {
      closers.push(() => {
        link.abort(new Error('the test is over'));
      });
      (accept ?? first)(link);
    },
    context,
  );
  closers.push(() => listener.close());
  return { listener, accepted };
}

async function dial(endpoint: string): Promise<Link> {
  const link = await webSocketTransport().dial(endpoint, context);
  closers.push(() => {
    link.abort(new Error('the test is over'));
  });
  return link;
}

async function pair(): Promise<{ near: Link; far: Link }> {
  const { listener, accepted } = await listening();
  return { near: await dial(listener.endpoints[0]!), far: await accepted };
}

function endOf(link: Link): Promise<LinkEnd> {
  return new Promise((resolve) => {
    link.receive({ frame: () => undefined, closed: resolve });
  });
}

async function rawClient(
  listener: Listener,
  options: WebSocket.ClientOptions = {},
): Promise<WebSocket> {
  const socket = new WebSocket(listener.endpoints[0]!, options);
  closers.push(() => {
    socket.terminate();
  });
  await new Promise((resolve) => socket.once('open', resolve));
  return socket;
}

function streamOf(socket: WebSocket): Socket {
  return (socket as unknown as { _socket: Socket })._socket;
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', resolve));
}

async function serve(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = new URL(await serve(server));
  await new Promise((resolve) => server.close(resolve));
  return Number(port);
}

/** A server that takes connections and says nothing. */
async function silentServer() {
  let onCall: () => void = () => undefined;
  let onEnd: () => void = () => undefined;
  const called = new Promise<void>((resolve) => (onCall = resolve));
  const hungUp = new Promise<void>((resolve) => (onEnd = resolve));
  const server = createServer((socket) => {
    onCall();
    socket
      .on('error', () => undefined)
      .on('close', onEnd)
      .resume();
  });
  return { endpoint: { url: await serve(server), called }, hungUp };
}

function answerTo(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(answer);
    });
  });
}
