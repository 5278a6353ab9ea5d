/**
 * Who is connected and since when, written down now and then.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { integer, list, number, object } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import { did } from '../../../schema/words.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';
import { addPresence, type PresenceDay } from './uptime.ts';

interface Watch {
  days: readonly PresenceDay[];
  connected: boolean;
  /** Epoch milliseconds up to which `days` is complete. */
  accountedTo: number;
}

/** Peers that are watched. Beyond it, new ones are not: an hour of connection costs an attacker little. */
const peerLimit = 10_000;
/** Peers written at once. */
const batch = 256;

const watchShape = object({
  peer: did,
  days: list(object({ day: integer(), watchedMs: number({ min: 0 }), upMs: number({ min: 0 }) }), {
    max: 64,
  }),
});

/** Watches peers from the first time they are seen, as long as this node runs. */
export class PresenceBook {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #watches = new Map<Did, Watch>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async load(): Promise<void> {
    const accountedTo = this.#clock.now();
    for await (const { peer, days } of scanJson(this.#store, 'presence/', watchShape)) {
      if (this.#watches.size >= peerLimit) return;
      const known = this.#watches.get(peer);
      this.#watches.set(peer, { connected: false, accountedTo, ...known, days });
    }
  }

  /** Notes that `peer` is connected from now on, or no longer. */
  seen(peer: Did, connected: boolean): void {
    const watch = this.#watches.get(peer) ?? this.#watch(peer);
    if (watch === undefined) return;
    this.#account(watch);
    watch.connected = connected;
  }

  /** Presence of `peer` up to now. */
  of(peer: Did): readonly PresenceDay[] {
    const watch = this.#watches.get(peer);
    if (watch === undefined) return [];
    this.#account(watch);
    return watch.days;
  }

  /** Writes everything down; who was not seen for the whole window is forgotten. */
  async save(): Promise<void> {
    const ops = [...this.#watches].map(([peer, watch]) => {
      this.#account(watch);
      const key = `presence/${keyPart(peer)}`;
      if (watch.connected || watch.days.some(({ upMs }) => upMs > 0)) {
        return putJson(key, { peer, days: watch.days });
      }
      this.#watches.delete(peer);
      return { del: key };
    });
    for (let i = 0; i < ops.length; i += batch) await this.#store.write(ops.slice(i, i + batch));
  }

  #watch(peer: Did): Watch | undefined {
    if (this.#watches.size >= peerLimit) return undefined;
    const watch: Watch = { days: [], connected: false, accountedTo: this.#clock.now() };
    this.#watches.set(peer, watch);
    return watch;
  }

  #account(watch: Watch): void {
    const to = this.#clock.now();
    const { accountedTo: from, connected } = watch;
    if (to > from) watch.days = addPresence(watch.days, { from, to, connected });
    watch.accountedTo = to;
  }
}
