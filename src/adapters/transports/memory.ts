/**
 * Links within one process: for tests, and for meshes that live side by side.
 * @module
 */
import { onAbort, throwIfAborted } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  Endpoint,
  Link,
  Listener,
  Transport,
  TransportContext,
  TransportFeatures,
} from '../../ports/transport.ts';
import { MemoryCarrier } from './memory/memory-carrier.ts';
import { QueuedLink, welcome } from './parts/queued-link.ts';

const maxFrame = 1024 * 1024;

type Accept = (link: Link) => void;

/** The room in which memory transports find each other; two hubs know nothing of one another. */
export class MemoryHub {
  readonly #listeners = new Map<string, { accept: Accept; context: TransportContext }>();
  #names = 0;
  #links = 0;

  /** Accepts links as `name` (default: the next free number) and returns the name; `ALREADY_EXISTS` when it is taken. */
  listen(name: string | undefined, accept: Accept, context: TransportContext): string {
    const chosen = name ?? this.#freeName();
    if (this.#listeners.has(chosen)) {
      throw new MeshError('ALREADY_EXISTS', { what: 'endpoint', id: `mem:${chosen}` });
    }
    this.#listeners.set(chosen, { accept, context });
    return chosen;
  }

  /** Accepts no more links as `name`. */
  leave(name: string): void {
    this.#listeners.delete(name);
  }

  /** A link from `caller` to the listener called `name`; `PEER_UNREACHABLE` when there is none. */
  dial(name: string, caller: string | undefined, context: TransportContext): Link {
    const remote: Endpoint = `mem:${name}`;
    const listener = this.#listeners.get(name);
    if (listener === undefined) {
      const detail = 'nobody listens there';
      throw new MeshError('PEER_UNREACHABLE', { peer: remote, detail });
    }
    this.#links += 1;
    const from: Endpoint = `mem:${caller ?? `link-${String(this.#links)}`}`;
    const [near, far] = MemoryCarrier.pair(remote, from);
    const link = linkOver(near, remote, context.clock);
    welcome(linkOver(far, from, listener.context.clock), listener.accept);
    return link;
  }

  #freeName(): string {
    do this.#names += 1;
    while (this.#listeners.has(String(this.#names)));
    return String(this.#names);
  }
}

function linkOver(carrier: MemoryCarrier, remote: Endpoint, clock: Clock): QueuedLink {
  return new QueuedLink({ remote, facts: { secure: 'none' }, maxFrame, clock, carrier });
}

/** The hub of transports that name none. */
const processHub = new MemoryHub();

/** Options of {@link memoryTransport}. */
export interface MemoryTransportOptions {
  /** Who can reach whom. Default: one hub for the process. */
  readonly hub?: MemoryHub;
  /** Listens as `mem:<name>`. Default: `mem:1` or the next number that is free. */
  readonly name?: string;
  /** Endpoints to dial at the start. */
  readonly peers?: readonly Endpoint[];
}

/**
 * Moves frames between meshes of one process, asynchronously and in order. A frame is not copied: `send` hands it over,
 * so the sender must not write to it any more.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): Transport {
  const { hub = processHub, name, peers = [] } = options;
  let listening = name;
  return {
    schemes: ['mem'],
    features,
    listenAt: `mem:${name ?? ''}`,
    peers,
    dial: async (to, context) => {
      throwIfAborted(context.signal, 'dialling');
      const target = nameIn(to, 'to');
      // Listeners of the same turn are up by then, and no caller meets a link before its promise.
      await Promise.resolve();
      throwIfAborted(context.signal, 'dialling');
      return hub.dial(target, listening, context);
    },
    listen: async (at, accept, context) => {
      throwIfAborted(context.signal, 'listening');
      const wanted = nameIn(at, 'at');
      const chosen = hub.listen(wanted === '' ? undefined : wanted, accept, context);
      listening ??= chosen;
      return await Promise.resolve(listener(hub, chosen, context.signal));
    },
  };
}

const features: TransportFeatures = {
  ordered: true,
  reliable: true,
  listen: true,
  pooled: false,
  maxFrame,
};

function listener(hub: MemoryHub, name: string, signal: AbortSignal): Listener {
  let open = true;
  const leave = (): void => {
    // The name may belong to somebody else by the time of a second close.
    if (open) hub.leave(name);
    open = false;
  };
  const release = onAbort(signal, leave);
  return {
    endpoints: [`mem:${name}`],
    close: () => {
      release();
      leave();
      return Promise.resolve();
    },
  };
}

function nameIn(endpoint: Endpoint, argument: string): string {
  const match = /^mem:([^\s/]*)$/.exec(endpoint);
  if (match !== null) return match[1]!;
  throw new MeshError('INVALID_ARGUMENT', { argument, expected: 'mem:<name>', got: endpoint });
}
