import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect, createServer } from 'node:tls';
import type { Libp2p } from 'libp2p';
import { MemoryHub, memoryTransport } from '../src/adapters/transports/memory.ts';
import { webSocketTransport } from '../src/adapters/transports/websocket.ts';
import { MeshError } from '../src/base/errors.ts';
import type { Federation } from '../src/core/federation/index.ts';
import type { Transport } from '../src/ports/transport.ts';
import { type Bench, type Case, latency } from './harness.ts';
import { meshNode } from './mesh-node.ts';
import { selfSigned } from './peers/certificate.ts';
import { libp2pNode } from './peers/libp2p.ts';
import { bareHandshake } from './peers/noise-limit.ts';

const peer = 'libp2p dial: TCP, Noise, yamux';
const times = 60;

/** A session between two nodes; a session that is over is gone at both ends before the next begins. */
function ours(
  name: string,
  transports: () => readonly [client: Transport, server: Transport],
): Case {
  let [client, server]: (Federation | undefined)[] = [];
  const over = new MeshError('CLOSED', { what: 'the round' });
  return {
    name,
    role: 'ours',
    async setup() {
      const [dialling, listening] = transports();
      const far = await meshNode(listening);
      client = await meshNode(dialling, new Map([[far.did, far.endpoints[0] ?? '']]));
      server = far;
    },
    run: (share) =>
      latency(async () => {
        const [from, to] = [client!, server!];
        await from.connect(to.did);
        return async () => {
          await from.disconnect(to.did, over);
          while (from.open().sessions + to.open().sessions > 0) await setImmediate();
        };
      }, times * share),
    async teardown() {
      await client?.close();
      await server?.close();
    },
  };
}

/** Both ends know the other's certificate and nobody else's; done when the server's first byte has come. */
function mutualTls(): Case {
  const [client, far] = [selfSigned('client'), selfSigned('server')];
  const version = { minVersion: 'TLSv1.3' } as const;
  const server = createServer(
    { ...far, ca: client.cert, requestCert: true, ...version },
    (socket) => {
      socket.on('error', () => socket.destroy());
      socket.write('k');
    },
  );
  const dial = () =>
    new Promise<() => void>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const trust = { ca: far.cert, checkServerIdentity: () => undefined, ...version };
      const socket = connect({ port, host: '127.0.0.1', ...client, ...trust });
      socket.on('error', reject);
      socket.once('data', () => {
        resolve(() => socket.destroy());
      });
    });
  return {
    name: 'TLS 1.3, mutual, new TCP connection',
    role: 'peer',
    async setup() {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    },
    run: (share) => latency(dial, times * share),
    teardown() {
      server.close();
      return Promise.resolve();
    },
  };
}

function libp2pDial(): Case {
  let [server, client]: (Libp2p | undefined)[] = [];
  return {
    name: peer,
    role: 'peer',
    async setup() {
      server = await libp2pNode(['/ip4/127.0.0.1/tcp/0']);
      client = await libp2pNode([]);
    },
    run: (share) =>
      latency(async () => {
        const connection = await client?.dial(server?.getMultiaddrs() ?? []);
        return () => connection?.close();
      }, times * share),
    async teardown() {
      await client?.stop();
      await server?.stop();
    },
  };
}

const bench: Bench = {
  what: 'From nothing to a session in which both ends have proved who they are, both ends in one process, one after the other, loopback.',
  unit: 'ms',
  better: 'less',
  peer,
  rounds: 9,
  cases: [
    ours('our session over ws, new connection', () => [
      webSocketTransport(),
      webSocketTransport({ listen: { port: 0 } }),
    ]),
    ours('our session in memory', () => {
      const hub = new MemoryHub();
      return [memoryTransport({ hub }), memoryTransport({ hub })];
    }),
    libp2pDial(),
    mutualTls(),
    {
      name: 'the arithmetic of Noise XX alone',
      role: 'limit',
      run: (share) => latency(bareHandshake, times * share),
    },
  ],
};
export default bench;
