/**
 * One listener for several identities: whoever a link asks for in its first frame gets it.
 * @module
 */
import { onAbort, throwIfAborted } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import type {
  Endpoint,
  Link,
  Listener,
  Transport,
  TransportContext,
} from '../../ports/transport.ts';
import { PeekedLink } from './parts/peeked-link.ts';

interface Party {
  readonly accept: (link: Link) => void;
  readonly context: TransportContext;
}

/** Time a link has to send its first frame. */
const peekMs = 10_000;
/** Links that may be waiting for their first frame. */
const peekLimit = 256;

/**
 * `transport` for several clients of one process: they listen at one place, e.g. one WebSocket port. A link goes to the
 * client whose identity its first frame asks for; one that asks for nobody here goes to the client that came first, and
 * where there is one client it gets all. The place stays open until the last of them closes.
 *
 * @example
 * ```ts
 * const transport = sharedTransport(webSocketTransport({ listen: { port: 7700 } }));
 * const [acme, globex] = [new MeshClient({ transport }), new MeshClient({ transport })];
 * ```
 */
export function sharedTransport(transport: Transport): Transport {
  const desks = new Map<Endpoint, Desk>();
  return {
    schemes: transport.schemes,
    features: transport.features,
    listenAt: transport.listenAt,
    peers: transport.peers,
    dial: (to, context) => transport.dial(to, context),
    listen: async (at, accept, context) => {
      throwIfAborted(context.signal, 'listening');
      let desk = desks.get(at);
      if (desk === undefined) {
        desk = new Desk(transport, at, context, () => desks.delete(at));
        desks.set(at, desk);
      }
      return desk.join({ accept, context });
    },
  };
}

class Desk {
  readonly #parties = new Set<Party>();
  readonly #stop = new AbortController();
  readonly #listener: Promise<Listener>;
  readonly #empty: () => void;
  #peeking = 0;

  constructor(transport: Transport, at: Endpoint, { clock }: TransportContext, empty: () => void) {
    this.#empty = empty;
    const context = { clock, signal: this.#stop.signal };
    this.#listener = transport.listen(
      at,
      (link) => {
        this.#arrived(link, context);
      },
      context,
    );
  }

  async join(party: Party): Promise<Listener> {
    this.#parties.add(party);
    let release = (): void => undefined;
    const close = async (): Promise<void> => {
      release();
      if (this.#parties.delete(party) && this.#parties.size === 0) await this.#end();
    };
    try {
      const { endpoints } = await this.#listener;
      release = onAbort(party.context.signal, () => void close());
      return { endpoints, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async #end(): Promise<void> {
    this.#empty();
    const listener = await this.#listener.catch(() => undefined);
    await listener?.close();
    this.#stop.abort(new MeshError('CLOSED', { what: 'the shared listener' }));
  }

  #arrived(link: Link, { clock }: Pick<TransportContext, 'clock'>): void {
    const [only, another] = this.#parties;
    if (only !== undefined && another === undefined) {
      only.accept(link);
      return;
    }
    if (this.#peeking >= peekLimit) {
      link.abort(new MeshError('OVERLOADED', { what: 'the shared listener', limit: peekLimit }));
      return;
    }
    this.#peeking += 1;
    const cancel = clock.after(peekMs, () => {
      link.abort(new MeshError('TIMEOUT', { what: 'the first frame', ms: peekMs }));
    });
    const peeked = new PeekedLink(link, (first) => {
      cancel();
      this.#peeking -= 1;
      if (first !== undefined) this.#route(first, peeked);
    });
  }

  #route(first: Uint8Array, link: Link): void {
    const parties = [...this.#parties];
    const party = parties.find(({ context }) => context.recognises?.(first)) ?? parties[0];
    if (party === undefined) link.abort(new MeshError('CLOSED', { what: 'the shared listener' }));
    else party.accept(link);
  }
}
