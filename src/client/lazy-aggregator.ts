/**
 * The aggregation room, loaded when the first round is opened here or the first call about one arrives.
 * @module
 */
import { loadOnce } from '../base/load-once.ts';
import type { Aggregator, AggregatorOptions } from '../core/aggregation/index.ts';
import type { CallHandler, Federation } from '../core/federation/index.ts';

/** What peers call about rounds; the room must answer exactly these. */
export const roundMethods = [
  'round.announce',
  'round.fetch',
  'round.contribute',
  'round.prepare',
  'round.propose',
  'round.result',
] as const;

/** The room's code. */
export const loadAggregation = loadOnce(() => import('../core/aggregation/index.ts'));

/** Stands where the aggregator will be. */
export class LazyAggregator {
  readonly #options: Omit<AggregatorOptions, 'street'>;
  readonly #federation: Federation;
  readonly #handlers = new Map<string, CallHandler>();
  #loading: Promise<Aggregator> | undefined;
  #closed = false;
  /** The room, once it is there. */
  current: Aggregator | undefined;

  constructor(options: Omit<AggregatorOptions, 'street'>, federation: Federation) {
    this.#options = options;
    this.#federation = federation;
  }

  /** Answers peers, by loading the room when one calls. */
  start(): void {
    for (const method of roundMethods) {
      this.#federation.handle(method, async (call) => {
        await this.open();
        return this.#handlers.get(method)!(call);
      });
    }
  }

  /** The room. */
  open(): Promise<Aggregator> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#loading)?.close();
  }

  async #load(): Promise<Aggregator> {
    const { Aggregator: Room } = await loadAggregation();
    const federation = this.#federation;
    const room = new Room({
      ...this.#options,
      street: {
        call: (peer, method, body, options) => federation.call(peer, method, body, options),
        peers: () => federation.peers(),
        onPeer: (listener) => federation.onPeer(listener),
        handle: (method, handler) => this.#handlers.set(method, handler),
      },
    });
    if (this.#closed) await room.close();
    else room.start();
    this.current = room;
    return room;
  }
}
