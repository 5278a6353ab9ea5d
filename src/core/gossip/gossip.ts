/**
 * Tells everybody, and hears from everybody.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, newId } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { cidOf } from '../../base/multiformat.ts';
import { object } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import {
  type Broadcast,
  type BroadcastPriority,
  broadcastId,
  broadcastLimits,
} from '../../schema/broadcast.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { sign } from '../../schema/signed.ts';
import { name, toInstant } from '../../schema/words.ts';
import { type HeldMessage, HeldMessages } from './held-messages.ts';
import { clockSkewMs, type GossipCounts, type GossipLimits, Intake } from './intake.ts';
import { Lane } from './lane.ts';
import type { IncomingCall, Keys, Street, Welcomes } from './needs.ts';
import { idsShape, packIds, parcelLimits } from './parcels.ts';
import { SeenIds } from './seen-ids.ts';
import { SeenShelf, type ShelfStore } from './seen-shelf.ts';
import { type BroadcastListener, Subscribers, type Subscription } from './subscribers.ts';

/** Options of {@link Gossip}. */
export interface GossipOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly random: Random;
  readonly street: Street;
  /** This room's own part of the store: with it, no message comes again after a restart. */
  readonly store?: ShelfStore;
  /** Whose broadcasts are taken in and passed on. Default: everybody's whose signature holds. */
  readonly welcomes?: Welcomes;
  readonly limits?: GossipLimits;
  readonly emit?: Emit;
  /** Told of listeners that failed. Default: silence. */
  readonly logger?: Logger;
}

/** Options of {@link Gossip.broadcast}. */
export interface BroadcastOptions {
  /** `high` goes first wherever there is too much to do. Default `normal`. */
  readonly priority?: BroadcastPriority;
  /** How long it is worth telling: more than nothing, at most an hour. Default 60 s. */
  readonly ttl?: Duration;
}

/** Messages that can still be passed on; what comes on top displaces the oldest. */
const heldBounds = { messages: 4_096, bytes: 16 << 20 };
/** Ids remembered until their messages expire. */
const seenLimit = 65_536;
const upkeepEveryMs = 30_000;

const offerShape = object({ ids: idsShape });

/** One gossip for all rooms: signed messages that reach every connected node once. */
export class Gossip implements AsyncDisposable {
  readonly #options: GossipOptions;
  readonly #lifetime = new Lifetime('gossip');
  readonly #seen = new SeenIds(seenLimit);
  readonly #held = new HeldMessages(heldBounds);
  readonly #shelf: SeenShelf | undefined;
  readonly #subscribers: Subscribers;
  readonly #intake: Intake;
  /** One for each neighbour that was told something. */
  readonly #lanes = new Map<Did, Lane>();
  #starting: Promise<void> | undefined;

  constructor(options: GossipOptions) {
    const { clock, keys, emit, logger, store, welcomes = () => true, limits = {} } = options;
    this.#options = options;
    this.#subscribers = new Subscribers(logger);
    this.#shelf = store && new SeenShelf(store, logger);
    this.#intake = new Intake({
      clock,
      keys,
      seen: this.#seen,
      welcomes,
      limits,
      emit,
      accept: (held, neighbour) => {
        this.#accept(held, neighbour);
      },
      known: (id, neighbour) => this.#lanes.get(neighbour)?.knows(id),
    });
    this.#lifetime.own(() => this.#end());
  }

  /** What became of the messages neighbours have brought. */
  get counts(): Readonly<GossipCounts> {
    return { ...this.#intake.counts };
  }

  /** Reads which messages were here before, answers neighbours, and greets those that are connected. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Ends all subscriptions. Messages that others hold go on without this node. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Signs `bytes` and tells every connected node, and those that connect before it expires. Resolves with its id once it
   * is on its way; nobody confirms it, and listeners of this node do not hear it.
   *
   * Throws `INVALID_ARGUMENT` for a `ttl` of nothing or more than an hour, `SCHEMA_INVALID` for a bad topic, `LIMIT_EXCEEDED`
   * for more than 64 KiB, `OVERLOADED` when this node has told too much of late.
   */
  async broadcast(
    topic: string,
    bytes: Uint8Array,
    options: BroadcastOptions = {},
  ): Promise<string> {
    this.#lifetime.assertOpen();
    const { did, signer } = this.#options;
    const body = this.#compose(topic, bytes, options);
    this.#intake.admitOwn(did, bytes.length);
    const content = bytes.slice();
    const message = await sign('broadcast', body, signer);
    this.#lifetime.assertOpen();
    const expires = Date.parse(body.expiresAt) + clockSkewMs;
    const id = broadcastId(message);
    this.#seen.add(id, expires);
    this.#keep({ id, message, bytes: content, hops: 0, expires });
    return id;
  }

  /**
   * The messages of `topic` from now on, until `signal` fires, the reader leaves the loop or this node closes. 1,000 may
   * wait; then the oldest is forgotten and counted in `dropped`.
   */
  subscribe(topic: string, options: { readonly signal?: AbortSignal } = {}): Subscription {
    this.#lifetime.assertOpen();
    return this.#subscribers.subscribe(name(topic, 'topic'), options.signal);
  }

  /** Calls `listener` with each message of `topic` until the result is called. */
  on(topic: string, listener: BroadcastListener): () => void {
    this.#lifetime.assertOpen();
    return this.#subscribers.on(name(topic, 'topic'), listener);
  }

  async #start(): Promise<void> {
    const { street } = this.#options;
    await this.#recall();
    street.handle('gossip.push', (call) => this.#takePush(call));
    street.handle('gossip.offer', (call) =>
      Promise.resolve(call).then((it) => this.#answerOffer(it)),
    );
    this.#lifetime.own(
      street.onPeer((peer) => {
        this.#lane(peer).greet();
      }),
    );
    for (const peer of street.peers()) this.#lane(peer).greet();
    this.#upkeepLater();
  }

  async #recall(): Promise<void> {
    if (this.#shelf === undefined) return;
    for await (const { id, expires } of this.#shelf.load()) this.#seen.add(id, expires);
    this.#forgetExpired();
  }

  async #end(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes.clear();
    this.#subscribers.close();
    await this.#shelf?.settled();
  }

  #compose(topic: string, bytes: Uint8Array, options: BroadcastOptions): Broadcast {
    const { did, clock, random } = this.#options;
    const { priority = 'normal', ttl = 60_000 } = options;
    const ms = toMs(ttl, 'ttl');
    if (!(ms >= 1 && ms <= broadcastLimits.ttlMs)) {
      const expected = 'from 1 ms to one hour';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'ttl', expected, got: ttl });
    }
    if (bytes.length > broadcastLimits.bytes) {
      const limit = broadcastLimits.bytes;
      throw new MeshError('LIMIT_EXCEEDED', { what: 'a broadcast', limit, got: bytes.length });
    }
    const now = clock.now();
    return {
      format: 1,
      from: did,
      topic: name(topic, 'topic'),
      priority,
      at: toInstant(now),
      expiresAt: toInstant(now + Math.floor(ms)),
      nonce: newId('n', random),
      payload: cidOf(bytes),
    };
  }

  #accept(held: HeldMessage, neighbour: Did): void {
    const { id, message, bytes } = held;
    const { from, topic, at } = message;
    this.#keep(held, neighbour);
    this.#subscribers.tell({ from, topic, bytes, at, id });
  }

  /** Holds a message for those to come and tells those who are here. */
  #keep(held: HeldMessage, neighbour?: Did): void {
    const { id, message, expires, hops } = held;
    const { street } = this.#options;
    this.#shelf?.keep(id, expires);
    if (hops >= parcelLimits.hops) return;
    this.#held.put(held);
    for (const peer of street.peers()) {
      if (peer !== neighbour && peer !== message.from) this.#lane(peer).add(id);
    }
  }

  async #takePush({ from, body }: IncomingCall): Promise<unknown> {
    this.#lifetime.assertOpen();
    return { refused: packIds(await this.#intake.take(body, from)) };
  }

  #answerOffer({ from, body }: IncomingCall): unknown {
    this.#lifetime.assertOpen();
    const { ids } = offerShape(body, 'offer');
    this.#intake.admitOffer(ids.length, from);
    const [known, wanted] = [ids.filter((id) => this.#seen.has(id)), new Set(ids)];
    for (const id of known) {
      this.#lanes.get(from)?.knows(id);
      wanted.delete(id);
    }
    return { wanted: packIds([...wanted]) };
  }

  #lane(peer: Did): Lane {
    const known = this.#lanes.get(peer);
    if (known !== undefined) return known;
    const { street, keys, clock, random } = this.#options;
    const [held, lifetime] = [this.#held, this.#lifetime];
    const lane = new Lane({ peer, street, keys, held, clock, random, lifetime });
    this.#lanes.set(peer, lane);
    return lane;
  }

  #upkeepLater(): void {
    const cancel = this.#options.clock.after(upkeepEveryMs, () => {
      forget();
      this.#forgetExpired();
      this.#forgetNeighbours();
      if (!this.#lifetime.closed) this.#upkeepLater();
    });
    const forget = this.#lifetime.own(cancel);
  }

  #forgetExpired(): void {
    const now = this.#options.clock.now();
    this.#held.prune(now);
    const gone = this.#seen.prune(now);
    this.#shelf?.forget(gone);
  }

  #forgetNeighbours(): void {
    const connected = new Set(this.#options.street.peers());
    for (const [peer, lane] of this.#lanes) {
      if (connected.has(peer) || lane.busy) continue;
      lane.close();
      this.#lanes.delete(peer);
    }
  }
}
