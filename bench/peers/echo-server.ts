/**
 * The far end of the echo bench, in a process of its own: `node echo-server.ts KIND` sends its address to the parent and echoes.
 * @module
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Certificate, selfSigned } from './certificate.ts';

/** How each kind of server starts; the result is what a client needs to reach it. */
const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
  async tcp() {
    return port(createServer(echo));
  },

  async tls() {
    const [message] = (await once(process, 'message')) as [{ client: string }];
    const certificate: Certificate = selfSigned('server');
    const mutual = { ca: message.client, requestCert: true, minVersion: 'TLSv1.3' } as const;
    return {
      port: await port(createTlsServer({ ...certificate, ...mutual }, echo)),
      ...certificate,
    };
  },

  async ws() {
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        socket.send(data);
      });
    });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  async mesh() {
    const { webSocketTransport } = await import('../../src/adapters/transports/websocket.ts');
    const { meshNode } = await import('../mesh-node.ts');
    const node = await meshNode(webSocketTransport({ listen: { port: 0 } }));
    node.handle('bench.echo', async ({ body }) => body);
    return { did: node.did, endpoint: node.endpoints[0] };
  },

  async libp2p() {
    const { libp2pNode } = await import('./libp2p.ts');
    const node = await libp2pNode(['/ip4/127.0.0.1/tcp/0']);
    const handler: Parameters<typeof node.handle>[1] = (stream) => {
      stream.addEventListener('message', ({ data }) => {
        stream.send(data);
      });
      stream.addEventListener('remoteCloseWrite', () => {
        void stream.close();
      });
    };
    await node.handle('/echo/1', handler, { maxInboundStreams: 1e5, maxOutboundStreams: 1e5 });
    return node.getMultiaddrs()[0]?.toString();
  },
};

function echo(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}

async function port(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const start = kinds[process.argv[2] ?? ''];
if (start === undefined) throw new Error(`one of ${Object.keys(kinds).join(', ')}`);
process.send?.(await start());
process.on('disconnect', () => process.exit());
