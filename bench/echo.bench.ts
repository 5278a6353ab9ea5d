import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { webSocketTransport } from '../src/adapters/transports/websocket.ts';
import type { Did } from '../src/base/ids.ts';
import type { Endpoint } from '../src/ports/transport.ts';
import { type Bench, type Case, throughput } from './harness.ts';
import { meshNode } from './mesh-node.ts';
import { type Certificate, selfSigned } from './peers/certificate.ts';

const inFlight = 64;
const size = 1_024;
const payload = Buffer.alloc(size, 'a');
const peer = 'libp2p, one long stream';

type Call = () => Promise<unknown>;

/** A case whose far end is `echo-server.ts KIND` in its own process; `client` turns its address into a call. */
function echoed(
  name: string,
  role: Case['role'],
  kind: string,
  client: (address: unknown) => Promise<Call>,
  hello?: unknown,
): Case {
  let server: ChildProcess;
  let call: Call;
  return {
    name,
    role,
    async setup() {
      server = fork(join(import.meta.dirname, 'peers/echo-server.ts'), [kind]);
      if (hello !== undefined) server.send(hello as object);
      const [address] = (await once(server, 'message')) as [unknown];
      call = await client(address);
    },
    run: (share) => throughput(call, { inFlight, ms: 1_500 * share }),
    teardown() {
      server.disconnect();
      return Promise.resolve();
    },
  };
}

/** Calls over a byte stream: as many bytes come back as went out, in order. */
function overSocket(socket: Socket): Call {
  const waiting: (() => void)[] = [];
  let received = 0;
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    for (received += chunk.length; received >= size; received -= size) waiting.shift()?.();
  });
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      // What is written in one tick leaves in one system call: without this the machine is not the limit.
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => {
          socket.uncork();
        });
      }
      socket.write(payload);
    });
}

async function tcpClient(address: unknown): Promise<Call> {
  const socket = connect(address as number, '127.0.0.1');
  await once(socket, 'connect');
  return overSocket(socket);
}

const mine = selfSigned('client');

async function tlsClient(address: unknown): Promise<Call> {
  const { port, cert } = address as Certificate & { port: number };
  const trust = { ca: cert, servername: 'server', checkServerIdentity: () => undefined };
  const socket = connectTls({ port, host: '127.0.0.1', ...mine, ...trust, minVersion: 'TLSv1.3' });
  await once(socket, 'secureConnect');
  return overSocket(socket);
}

async function meshClient(address: unknown): Promise<Call> {
  const { did, endpoint } = address as { did: Did; endpoint: Endpoint };
  const node = await meshNode(webSocketTransport(), new Map([[did, endpoint]]));
  return () => node.call(did, 'bench.echo', payload);
}

async function wsClient(address: unknown): Promise<Call> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${String(address)}`, { perMessageDeflate: false });
  const waiting: (() => void)[] = [];
  socket.on('message', () => waiting.shift()?.());
  await once(socket, 'open');
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      socket.send(payload);
    });
}

async function libp2pConnection(address: unknown) {
  const { multiaddr } = await import('@multiformats/multiaddr');
  const { libp2pNode } = await import('./peers/libp2p.ts');
  const node = await libp2pNode([]);
  return node.dial(multiaddr(address as string));
}

async function libp2pStream(address: unknown): Promise<Call> {
  const stream = await (await libp2pConnection(address)).newStream('/echo/1');
  const waiting: (() => void)[] = [];
  let received = 0;
  stream.addEventListener('message', ({ data }) => {
    for (received += data.byteLength; received >= size; received -= size) waiting.shift()?.();
  });
  let draining: Promise<void> | undefined;
  return async () => {
    while (draining !== undefined) await draining;
    return new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (!stream.send(payload)) {
        draining ??= stream.onDrain().then(() => {
          draining = undefined;
        });
      }
    });
  };
}

async function libp2pStreams(address: unknown): Promise<Call> {
  const connection = await libp2pConnection(address);
  return async () => {
    const stream = await connection.newStream('/echo/1', { maxOutboundStreams: 1e5 });
    await new Promise<void>((resolve, reject) => {
      let received = 0;
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength;
        if (received >= size) resolve();
      });
      stream.addEventListener('close', () => {
        reject(new Error('the stream ended before its echo'));
      });
      stream.send(payload);
    });
    await stream.close();
  };
}

const bench: Bench = {
  what: `Request and answer of 1 KB, ${inFlight} in flight over one connection on loopback, the far end in a process of its own.`,
  unit: 'calls/s',
  better: 'more',
  peer,
  rounds: 9,
  cases: [
    echoed('our session over ws', 'ours', 'mesh', meshClient),
    echoed(peer, 'peer', 'libp2p', libp2pStream),
    echoed('libp2p, one stream per call', 'peer', 'libp2p', libp2pStreams),
    echoed('TLS 1.3, mutual, bytes only', 'peer', 'tls', tlsClient, { client: mine.cert }),
    echoed('ws, in the clear', 'peer', 'ws', wsClient),
    echoed('TCP, in the clear, bytes only', 'limit', 'tcp', tcpClient),
  ],
};
export default bench;
