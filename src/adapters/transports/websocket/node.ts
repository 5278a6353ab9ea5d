/**
 * WebSockets on Node: the `ws` library at both ends.
 * @module
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { onAbort } from '../../../base/abort.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type {
  Endpoint,
  Link,
  LinkFacts,
  Listener,
  TransportContext,
} from '../../../ports/transport.ts';
import { QueuedLink, welcome } from '../parts/queued-link.ts';
import { protocolError } from './goodbye.ts';
import { socketOptions, WsCarrier } from './ws-carrier.ts';

/** Who connects and never asks for an upgrade is dropped after this long. */
const upgradeMs = 10_000;

/** The most connections of one listener. */
const maxConnections = 16_384;

/** Opens a link; when `signal` fires, whatever is open by then is dropped. */
export function dialNode(
  to: Endpoint,
  maxFrame: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(to, socketOptions(maxFrame));
    let stream: Duplex | undefined;
    socket.once('upgrade', (response) => {
      stream = response.socket;
    });
    socket.once('open', () => {
      socket.off('error', failed);
      const facts: LinkFacts = { secure: to.startsWith('wss:') ? 'tls' : 'none' };
      resolve(linkOver(socket, stream!, { remote: to, facts, maxFrame, clock }));
    });
    const failed = (error: Error): void => {
      reject(dialError(error, to));
    };
    socket.on('error', failed);
    onAbort(signal, () => {
      socket.terminate();
    });
  });
}

/** Accepts links at `host` and `port`; 0 is any port that is free. */
export async function listenNode(
  at: { readonly host: string; readonly port: number },
  maxFrame: number,
  accept: (link: Link) => void,
  context: TransportContext,
): Promise<Listener> {
  const upgrades = new WebSocketServer({ noServer: true, ...socketOptions(maxFrame) });
  const server = createServer(
    { headersTimeout: upgradeMs, requestTimeout: upgradeMs, connectionsCheckingInterval: 2_000 },
    (_, response) => {
      response
        .writeHead(426, { connection: 'close', upgrade: 'websocket' })
        .end('WebSocket only\n');
    },
  );
  server.maxConnections = maxConnections;
  server.on('upgrade', (request, stream, head) => {
    upgrades.handleUpgrade(request, stream, head, (socket) => {
      const facts: LinkFacts = { secure: 'none' };
      const options = { remote: callerOf(request), facts, maxFrame, clock: context.clock };
      welcome(linkOver(socket, stream, options), accept);
    });
  });
  await listening(server, at);
  return listenerOf(server, context.signal);
}

type LinkBasics = Omit<ConstructorParameters<typeof QueuedLink>[0], 'carrier'>;

function linkOver(socket: WebSocket, stream: Duplex, basics: LinkBasics): QueuedLink {
  const carrier = new WsCarrier(socket, stream, basics.remote, basics.maxFrame);
  return new QueuedLink({ ...basics, carrier });
}

function listening(server: Server, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(listenError(error, at));
    };
    server.once('error', failed);
    server.listen(at.port, at.host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function listenerOf(server: Server, signal: AbortSignal): Listener {
  const { address, port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    release();
    closing ??= closeServer(server);
    return closing;
  };
  let release = (): void => undefined;
  release = onAbort(signal, () => void close());
  return { endpoints: [endpointOf(address, port)], close };
}

/** The port is free at once; the server's own close event would wait for the last link. */
function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function callerOf({ socket }: IncomingMessage): Endpoint {
  return endpointOf(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
}

function endpointOf(address: string, port: number): Endpoint {
  return `ws://${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

// Whoever reports one of these has not been answered by anybody.
const unanswered = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT',
  'EPIPE',
  'EADDRNOTAVAIL',
]);

function dialError(error: NodeJS.ErrnoException, to: Endpoint): MeshError {
  const detail = error.code ?? error.message;
  if (!unanswered.has(detail)) return protocolError(error.message, error);
  return new MeshError('PEER_UNREACHABLE', { peer: to, detail }, { cause: error });
}

function listenError(
  cause: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): MeshError {
  const got = endpointOf(host, port);
  if (cause.code === 'EADDRINUSE') {
    return new MeshError('ALREADY_EXISTS', { what: 'a listener at', id: got }, { cause });
  }
  const expected = `an address this process may listen at (${cause.code ?? cause.message})`;
  return new MeshError('INVALID_ARGUMENT', { argument: 'listen', expected, got }, { cause });
}
