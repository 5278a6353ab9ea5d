/**
 * How records get around: news is pushed to every connected peer at once and passed on by whoever sees it first;
 * now and then peers compare summaries, which repairs whatever a push has missed.
 * @module
 */

import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { Lifetime } from '../../base/lifetime.ts';
import { object, refused, type Shape } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import { type Batch, batchLimits, keysShape, packBatch, packKeys, readBatch } from './batch.ts';
import { type HeldRecord, keyOf } from './held-record.ts';
import type { IncomingCall, Keys, Street } from './needs.ts';
import { Quota } from './quota.ts';
import type { RecordStore } from './record-store.ts';
import {
  digestsLength,
  entryOf,
  type Summary,
  type SummaryEntry,
  unpackEntries,
} from './summary.ts';

/** Options of {@link Spread}. */
export interface SpreadOptions {
  readonly did: Did;
  readonly street: Street;
  readonly keys: Keys;
  readonly records: RecordStore;
  readonly summary: Summary;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifetime: Lifetime;
}

/** Peers compared with in one round of repair. */
const partners = 8;
const callTimeoutMs = 15_000;
/** Pulls of one comparison, 256 records each; what is left comes with the next. */
const pullsPerRepair = 64;
/** A version that was refused is neither asked for nor offered again for this long; it may be in order by then. */
const refusalRemembersMs = 10 * 60_000;
const refusalsRemembered = 10_000;

const bytesOf = (length: number): Shape<Uint8Array> => {
  return (value, at) => {
    if (value instanceof Uint8Array && value.length <= length) return value;
    throw refused(at, `at most ${String(length)} bytes`, value);
  };
};
const askShape = object({ digests: bytesOf(digestsLength) });
const listingShape = object({ buckets: bytesOf(256), entries: bytesOf(1 << 20) });
const pullShape = object({ keys: keysShape });
const pushedShape = object({ refused: keysShape });

/** The three methods `discovery.summary`, `discovery.pull` and `discovery.push`, from both sides. */
export class Spread {
  readonly #options: SpreadOptions;
  readonly #quota: Quota;
  /** Keys to tell each peer; a peer stands here while a push to it is under way. At most one entry per record held. */
  readonly #outboxes = new Map<Did, Set<string>>();
  readonly #repairing = new Map<Did, Promise<void>>();
  /** Versions that this node or a peer has refused, and until when that is respected. */
  readonly #refusals = new Map<string, number>();

  constructor(options: SpreadOptions) {
    this.#options = options;
    this.#quota = new Quota(options.clock);
  }

  /** Answers peers and compares with each that connects, until the lifetime ends. */
  start(): void {
    const { street, lifetime, did } = this.#options;
    street.handle('discovery.summary', (call) => this.#answerSummary(call));
    street.handle('discovery.pull', (call) => this.#answerPull(call));
    street.handle('discovery.push', (call) => this.#takePush(call));
    lifetime.own(
      street.onPeer((peer) => {
        // One comparison serves both sides, so one of them begins it.
        if (did <= peer) void this.repair(peer);
      }),
    );
    for (const peer of street.peers()) if (did <= peer) void this.repair(peer);
  }

  /** Tells every connected peer but `except`. Does not wait for them. */
  tell(news: readonly HeldRecord[], except?: Did): void {
    if (news.length === 0 || this.#options.lifetime.closed) return;
    for (const peer of this.#options.street.peers()) {
      if (peer !== except) this.#tellPeer(peer, news);
    }
  }

  /** Compares with at most eight connected peers, drawn at random. Does not wait for them. */
  repairSome(): void {
    const peers = [...this.#options.street.peers()];
    while (peers.length > partners) {
      peers.splice(Math.floor(this.#options.random.next() * peers.length), 1);
    }
    for (const peer of peers) void this.repair(peer);
  }

  /** Compares with `peer`, pulls what is newer there and pushes what is newer here. Never rejects. */
  repair(peer: Did): Promise<void> {
    if (this.#options.lifetime.closed) return Promise.resolve();
    const running = this.#repairing.get(peer);
    if (running !== undefined) return running;
    // The peer may be gone, busy or talk nonsense; the next round asks again.
    const repairing = this.#repair(peer)
      .catch(() => undefined)
      .finally(() => this.#repairing.delete(peer));
    this.#repairing.set(peer, repairing);
    return repairing;
  }

  async #repair(peer: Did): Promise<void> {
    const { summary, records } = this.#options;
    const answer = await this.#call(peer, 'discovery.summary', { digests: summary.digests() });
    const listing = listingShape(answer, 'listing');
    const { wanted, offered } = summary.compare(listing.buckets, unpackEntries(listing.entries));
    await this.#pull(peer, wanted);
    const news = offered
      .map((key) => records.get(key))
      .filter((held) => held !== undefined)
      .filter((held) => !this.#wasRefused(peer, entryOf(held)));
    if (news.length > 0) this.#tellPeer(peer, news);
  }

  async #pull(peer: Did, wanted: readonly SummaryEntry[]): Promise<void> {
    const { did } = this.#options;
    const missing = new Set(
      wanted.filter((entry) => !this.#wasRefused(did, entry)).map(({ key }) => key),
    );
    for (let pulls = 0; pulls < pullsPerRepair && missing.size > 0; pulls += 1) {
      const keys = [...missing].slice(0, batchLimits.records);
      const answer = await this.#call(peer, 'discovery.pull', { keys: packKeys(keys) });
      const { got } = await this.#take(peer, answer);
      const before = missing.size;
      for (const key of got) missing.delete(key);
      if (missing.size === before) return;
    }
  }

  #tellPeer(peer: Did, news: readonly HeldRecord[]): void {
    const outbox = this.#outboxes.get(peer);
    if (outbox !== undefined) {
      for (const { key } of news) outbox.add(key);
      return;
    }
    const opened = new Set(news.map(({ key }) => key));
    this.#outboxes.set(peer, opened);
    void this.#empty(peer, opened);
  }

  /** Pushes until nothing is left to tell. What a push loses, repair brings. */
  async #empty(peer: Did, outbox: Set<string>): Promise<void> {
    const { records, keys } = this.#options;
    try {
      while (outbox.size > 0) {
        const next = [...outbox].slice(0, batchLimits.records);
        const held = next.map((key) => records.get(key)).filter((item) => item !== undefined);
        const batch = await packBatch(held, (did) => keys.logOf(did));
        // Taken off before the push, so that a version that changes meanwhile is told again.
        const told = new Set(batch.records.map(({ id }) => keyOf(id)));
        for (const key of next) {
          if (told.has(key) || records.get(key) === undefined) outbox.delete(key);
        }
        if (batch.records.length > 0) await this.#push(peer, batch, held);
      }
    } catch {
      outbox.clear();
    } finally {
      this.#outboxes.delete(peer);
    }
  }

  async #push(peer: Did, batch: Batch, held: readonly HeldRecord[]): Promise<void> {
    const answer = await this.#call(peer, 'discovery.push', batch);
    const refusals = new Set(pushedShape(answer, 'answer').refused);
    for (const item of held) if (refusals.has(item.key)) this.#rememberRefusal(peer, item);
  }

  #call(peer: Did, method: string, body: unknown): Promise<unknown> {
    const { street, lifetime } = this.#options;
    return street.call(peer, method, body, { timeoutMs: callTimeoutMs, signal: lifetime.signal });
  }

  #answerSummary({ from, body }: IncomingCall): Promise<unknown> {
    return this.#serve(from, 0, () => {
      const { digests } = askShape(body, 'summary');
      const { summary } = this.#options;
      return Promise.resolve(summary.list(summary.differing(digests)));
    });
  }

  #answerPull({ from, body }: IncomingCall): Promise<unknown> {
    return this.#serve(from, 0, () => {
      const { keys } = pullShape(body, 'pull');
      const { records } = this.#options;
      const held = keys.map((key) => records.get(key)).filter((item) => item !== undefined);
      return packBatch(held, (did) => this.#options.keys.logOf(did));
    });
  }

  async #takePush({ from, body }: IncomingCall): Promise<unknown> {
    const items = (body as { records?: unknown } | null)?.records;
    const count = Array.isArray(items) ? items.length : 1;
    return this.#serve(from, count, async () => {
      const { refused: refusals } = await this.#take(from, body);
      return { refused: packKeys(refusals) };
    });
  }

  /** Answers within the quota of `from`; a body that does not parse counts as a fault. */
  async #serve<T>(from: Did, records: number, answer: () => Promise<T>): Promise<T> {
    this.#options.lifetime.assertOpen();
    this.#quota.admit(from, records);
    try {
      return await answer();
    } catch (error) {
      if (MeshError.is(error, 'SCHEMA_INVALID')) this.#quota.blame(from, 1);
      throw error;
    }
  }

  /** Takes in a batch from `from` and passes on what was news. Returns which keys were in it and which were refused. */
  async #take(from: Did, body: unknown): Promise<{ got: string[]; refused: string[] }> {
    const { records, did } = this.#options;
    const batch = readBatch(body);
    const ids = batch.records.map(idOf).filter((id) => id !== undefined);
    const intake = await records.offer(batch.records, batch.logs);
    this.#quota.blame(from, intake.refused.filter(({ fault }) => fault).length);
    const refusals = intake.refused.map(({ held }) => held).filter((held) => held !== undefined);
    for (const held of refusals) this.#rememberRefusal(did, held);
    this.tell(intake.accepted, from);
    return { got: ids.map(keyOf), refused: refusals.map(({ key }) => key) };
  }

  #rememberRefusal(by: Did, held: HeldRecord): void {
    const until = this.#options.clock.monotonic() + refusalRemembersMs;
    this.#refusals.set(versionOf(by, entryOf(held)), until);
    if (this.#refusals.size <= refusalsRemembered) return;
    this.#refusals.delete(this.#refusals.keys().next().value!);
  }

  #wasRefused(by: Did, entry: SummaryEntry): boolean {
    return (this.#refusals.get(versionOf(by, entry)) ?? 0) > this.#options.clock.monotonic();
  }
}

function versionOf(by: Did, { key, sequence, tag }: SummaryEntry): string {
  return `${by} ${key}@${String(sequence)}/${tag}`;
}

function idOf(record: unknown): string | undefined {
  const id = (record as { id?: unknown } | null)?.id;
  return typeof id === 'string' ? id : undefined;
}
