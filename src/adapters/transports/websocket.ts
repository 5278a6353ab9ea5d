/**
 * Links over WebSocket. On Node both ends use the optional package `ws`, loaded at the first dial or listen; in browsers
 * the platform's own WebSocket dials, and nothing listens.
 * @module
 */
import { throwIfAborted, withDeadline } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Endpoint, Link, Transport, TransportContext } from '../../ports/transport.ts';
import type * as NodeEnds from './websocket/node.ts';
import { dialPlatform } from './websocket/platform.ts';

/** Options of {@link webSocketTransport}. */
export interface WebSocketTransportOptions {
  /** Where to listen; port 0 takes one that is free. Default host 127.0.0.1. Without it this end only dials. */
  readonly listen?: { readonly port: number; readonly host?: string };
  /** Endpoints to dial at the start. */
  readonly peers?: readonly Endpoint[];
  /** Bytes of the largest frame. Default 1 MiB. A peer that sends a larger one loses the link. */
  readonly maxFrame?: number;
}

/** How long a dial waits for an answer. */
const dialMs = 10_000;

/**
 * Moves frames over `ws:` and `wss:`. It listens without TLS: sessions encrypt by themselves, and who wants `wss:`
 * addresses puts a proxy in front. A frame is handed over by `send`, so the sender must not write to it any more.
 */
export function webSocketTransport(options: WebSocketTransportOptions = {}): Transport {
  const { listen, peers = [], maxFrame = 1024 * 1024 } = options;
  return {
    schemes: ['ws', 'wss'],
    features: { ordered: true, reliable: true, listen: onNode(), pooled: false, maxFrame },
    listenAt: listen && listenAt(listen),
    peers,
    dial: (to, context) => dial(to, maxFrame, context),
    listen: async (at, accept, context) => {
      throwIfAborted(context.signal, 'listening');
      const { hostname, port } = parse(at, 'at', ['ws:']);
      const { listenNode } = await nodeEnds();
      const place = {
        host: hostname.replace(/^\[|\]$/g, ''),
        port: Number(port === '' ? 80 : port),
      };
      return listenNode(place, maxFrame, accept, context);
    },
  };
}

function dial(to: Endpoint, maxFrame: number, context: TransportContext): Promise<Link> {
  const { clock } = context;
  const unanswered = (): MeshError => {
    const detail = `no answer within ${String(dialMs)} ms`;
    return new MeshError('PEER_UNREACHABLE', { peer: to, detail });
  };
  const deadline = { what: 'dialling', signal: context.signal, error: unanswered };
  return withDeadline(clock, dialMs, deadline, async (signal) => {
    parse(to, 'to', ['ws:', 'wss:']);
    if (!onNode()) return dialPlatform(to, maxFrame, clock, signal);
    const { dialNode } = await nodeEnds();
    throwIfAborted(signal, 'dialling');
    return dialNode(to, maxFrame, clock, signal);
  });
}

function listenAt({ port, host = '127.0.0.1' }: { port: number; host?: string }): Endpoint {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const expected = 'a port from 0 to 65535';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'listen.port', expected, got: port });
  }
  return `ws://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

function parse(endpoint: Endpoint, argument: string, protocols: readonly string[]): URL {
  const url = URL.parse(endpoint);
  if (url !== null && protocols.includes(url.protocol) && url.hash === '') return url;
  const expected = protocols.map((protocol) => `${protocol}//host:port`).join(' or ');
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: endpoint });
}

function onNode(): boolean {
  return (globalThis.process as NodeJS.Process | undefined)?.versions.node !== undefined;
}

async function nodeEnds(): Promise<typeof NodeEnds> {
  if (!onNode()) throw new MeshError('UNSUPPORTED', { feature: 'listening', by: 'this platform' });
  try {
    return await import('./websocket/node.ts');
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const params = { feature: 'webSocketTransport', module: 'ws' };
    throw new MeshError('MODULE_MISSING', params, { cause });
  }
}
