/**
 * What one neighbour is told.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Lifetime } from '../../base/lifetime.ts';
import { object } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { HeldMessage, HeldMessages } from './held-messages.ts';
import type { Keys, Street } from './needs.ts';
import { idsShape, packIds, packParcels, parcelLimits } from './parcels.ts';

/** What a lane works with. */
export interface LaneOptions {
  readonly peer: Did;
  readonly street: Street;
  readonly keys: Keys;
  readonly held: HeldMessages;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifetime: Lifetime;
}

/** What arrives within a tick leaves in one push. */
const tickMs = 10;
const callTimeoutMs = 15_000;
/** A neighbour that missed something is offered it again after this long, and up to twice as long. */
const repairMs = 2_000;

const answerShape = object({ refused: idsShape });
const wantedShape = object({ wanted: idsShape });

/** Pushes in batches, one under way at a time; what a push loses is offered again until it expires. */
export class Lane {
  readonly #options: LaneOptions;
  /** Ids to tell; at most as many as one offer may hold. */
  readonly #waiting = new Set<string>();
  /** Versions of histories the neighbour was handed in this session. */
  readonly #logsTold = new Set<string>();
  #ticking: (() => void) | undefined;
  #pushing = false;
  #repairing: (() => void) | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Tells the neighbour of `id` with the next batch. */
  add(id: string): void {
    if (this.#waiting.size >= parcelLimits.ids) {
      this.#repairLater();
      return;
    }
    this.#waiting.add(id);
    if (this.#pushing) return;
    this.#ticking ??= this.#options.clock.after(tickMs, () => {
      this.#ticking = undefined;
      void this.#drain();
    });
  }

  /** The neighbour has `id`, since it came from there. */
  knows(id: string): void {
    this.#waiting.delete(id);
  }

  /** Begins anew with a neighbour that has just come (back): it is told what it lacks. */
  greet(): void {
    this.#logsTold.clear();
    void this.#offer();
  }

  /** Stops telling. */
  close(): void {
    this.#ticking?.();
    this.#repairing?.();
    this.#waiting.clear();
  }

  /** Whether something is still to be told. */
  get busy(): boolean {
    return this.#pushing || this.#waiting.size > 0 || this.#repairing !== undefined;
  }

  async #drain(): Promise<void> {
    if (this.#pushing) return;
    this.#pushing = true;
    try {
      while (this.#waiting.size > 0 && !this.#options.lifetime.closed) await this.#pushSome();
    } catch (error) {
      this.#waiting.clear();
      this.#missed(error);
    } finally {
      this.#pushing = false;
    }
  }

  async #pushSome(): Promise<void> {
    const { held, peer, clock } = this.#options;
    held.prune(clock.now());
    const messages = [...this.#waiting].map((id) => held.get(id));
    const batch = packParcels(messages.filter((message) => message !== undefined));
    if (batch.length === 0) {
      this.#waiting.clear();
      return;
    }
    for (const { id } of batch) this.#waiting.delete(id);
    const logs = await this.#logsFor(batch);
    const parcels = batch.map(({ message, bytes, hops }) => ({ message, bytes, hops: hops + 1 }));
    const answer = await this.#call(peer, 'gossip.push', { parcels, logs: [...logs.values()] });
    for (const version of logs.keys()) this.#logsTold.add(version);
    if (answerShape(answer, 'answer').refused.length > 0) this.#repairLater();
  }

  /** Histories that prove the keys of the origins and were not told before, by version. */
  async #logsFor(batch: readonly HeldMessage[]): Promise<ReadonlyMap<string, DidLog>> {
    const logs = new Map<string, DidLog>();
    for (const did of new Set(batch.map(({ message }) => message.from))) {
      const log = await this.#options.keys.logOf(did);
      const version = `${did}@${String(log?.length)}`;
      if (log !== undefined && !this.#logsTold.has(version)) logs.set(version, log);
    }
    return logs;
  }

  /** Names everything that is held here and tells what the neighbour wants of it. Never rejects. */
  async #offer(): Promise<void> {
    const { held, peer, clock, lifetime } = this.#options;
    held.prune(clock.now());
    const ids = held.ids().slice(0, parcelLimits.ids);
    if (ids.length === 0 || lifetime.closed) return;
    try {
      const answer = await this.#call(peer, 'gossip.offer', { ids: packIds(ids) });
      for (const id of wantedShape(answer, 'answer').wanted) this.add(id);
    } catch (error) {
      this.#missed(error);
    }
  }

  /** Gone, full or at odds: an offer will find out what the neighbour lacks. One that takes no broadcasts lacks nothing. */
  #missed(error: unknown): void {
    if (!MeshError.is(error, 'UNSUPPORTED')) this.#repairLater();
  }

  #repairLater(): void {
    const { clock, random, street, peer, lifetime } = this.#options;
    if (this.#repairing !== undefined || lifetime.closed) return;
    this.#repairing = clock.after(repairMs * (1 + random.next()), () => {
      this.#repairing = undefined;
      // Who is no longer connected is greeted when it comes back.
      if (street.peers().includes(peer)) void this.#offer();
    });
  }

  #call(peer: Did, method: string, body: unknown): Promise<unknown> {
    const { street, lifetime } = this.#options;
    return street.call(peer, method, body, { timeoutMs: callTimeoutMs, signal: lifetime.signal });
  }
}
