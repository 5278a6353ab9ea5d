/**
 * A store that lives as long as the process: for tests, and for a mesh that need not remember.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type {
  Change,
  Commit,
  Condition,
  Entry,
  Key,
  Op,
  Range,
  ReadOptions,
  Revision,
  Snapshot,
  Store,
  StoreFeatures,
  WriteOptions,
} from '../../ports/store.ts';
import { ChangeLog, type LogRecord } from './memory/change-log.ts';
import { OrderedRecords } from './memory/ordered-records.ts';
import { attempt } from './parts/attempt.ts';
import { Bell } from './parts/bell.ts';
import type { Bounds } from './parts/bounds.ts';
import { defaultHistoryBytes, follow } from './parts/follow.ts';
import { checkKey } from './parts/keys.ts';
import { residencyFeature } from './parts/residency.ts';
import { type Page, scanPages } from './parts/scan.ts';
import { subStore } from './parts/sub-store.ts';
import { type Change as Edit, type WriteRequest, writeRequest } from './parts/write-request.ts';

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Decides what has expired. Default: the system's time. */
  readonly clock?: { now(): number };
  /** How much history `watch` can resume from. Default: the last 16 MiB written. */
  readonly historyBytes?: number;
  /** Where the bytes rest, e.g. `eu-west-1`: {@link StoreFeatures.residency}. Default: not stated. */
  readonly residency?: string;
}

/** A store in memory. Bytes are copied on the way in and out, so nobody can change an entry but by `write`. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const { clock = Date, historyBytes = defaultHistoryBytes, residency } = options;
  return new MemoryStore(clock, historyBytes, residencyFeature(residency));
}

/** How often expired entries are cleared away, at most; reads never show them. */
const clearingMs = 1_000;

class MemoryStore implements Store {
  readonly features: StoreFeatures;
  readonly #clock: { now(): number };
  readonly #lifetime = new Lifetime('the memory store');
  readonly #bell = new Bell();
  readonly #log: ChangeLog;
  readonly #records = new OrderedRecords<LogRecord>();
  readonly #expiring = new Map<Key, LogRecord>();
  #cleared = Number.NEGATIVE_INFINITY;
  #revision: Revision = 0;

  constructor(clock: { now(): number }, historyBytes: number, label: { residency?: string }) {
    const able = { conditional: true, snapshot: true, ttl: true, shared: false, purge: true };
    this.features = { durable: 'none', ...able, ...label };
    this.#clock = clock;
    this.#log = new ChangeLog(historyBytes);
    this.#lifetime.own(() => {
      this.#bell.ring();
    });
  }

  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return attempt(() => {
      this.#admit(options, 'get');
      return read(this.#records, key, this.#clock.now());
    });
  }

  getMany(keys: readonly Key[], options?: ReadOptions): Promise<readonly (Entry | undefined)[]> {
    return attempt(() => {
      this.#admit(options, 'getMany');
      return keys.map((key) => read(this.#records, key, this.#clock.now()));
    });
  }

  write(ops: readonly Op[], options?: WriteOptions): Promise<Commit> {
    return attempt(() => {
      this.#admit(options, 'write');
      const reach = { durable: this.features.durable, store: 'the memory store' };
      return this.#commit(writeRequest(ops, options, reach));
    });
  }

  scan(range: Range, options?: ReadOptions): AsyncIterable<Entry> {
    return scanPages(pagesOf(this.#records, this.#clock, this.#lifetime), range, options);
  }

  snapshot(): Promise<Snapshot> {
    return attempt(() => {
      this.#lifetime.assertOpen();
      return this.#snapshot();
    });
  }

  watch(prefix: Key, from?: Revision, options?: ReadOptions): AsyncIterable<Change> {
    const log = {
      bell: this.#bell,
      assertOpen: () => {
        this.#lifetime.assertOpen();
      },
      horizon: () => this.#log.horizon,
      end: () => this.#log.end,
      positionAt: (revision: Revision) => this.#log.positionAt(revision),
      read: (after: number, bounds: Bounds) => this.#log.read(after, bounds),
    };
    return follow(log, prefix, from, options?.signal);
  }

  sub(prefix: Key): Store {
    return subStore(this, prefix);
  }

  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admit(options: ReadOptions | undefined, what: string): void {
    this.#lifetime.assertOpen();
    throwIfAborted(options?.signal, what);
  }

  #commit({ changes, conditions }: WriteRequest): Commit {
    const now = this.#clock.now();
    const failed = conditions.find((condition) => !this.#holds(condition, now));
    if (failed !== undefined) return { ok: false, conflict: failed.key };
    if (changes.length === 0) return { ok: true, revision: this.#revision };
    this.#revision += 1;
    const purges = changes.some(({ purge }) => purge === true);
    this.#clearExpired(now, purges);
    for (const change of changes) this.#apply(change, now);
    if (purges) this.#log.wipe();
    this.#log.trim();
    this.#bell.ring();
    return { ok: true, revision: this.#revision };
  }

  #holds({ key, revision }: Condition, now: number): boolean {
    return (find(this.#records, key, now)?.revision ?? null) === revision;
  }

  #apply({ key, value, ttlMs = Number.POSITIVE_INFINITY }: Edit, now: number): void {
    const before = this.#records.get(key);
    if (before !== undefined) this.#log.bury(before);
    const expires = Math.ceil(now + ttlMs);
    const record = this.#log.append({ key, value, revision: this.#revision, expires });
    if (value === undefined) this.#records.delete(key);
    else this.#records.set(record);
    if (Number.isFinite(expires)) this.#expiring.set(key, record);
    else this.#expiring.delete(key);
  }

  #clearExpired(now: number, atOnce: boolean): void {
    if (!atOnce && Math.abs(now - this.#cleared) < clearingMs) return;
    this.#cleared = now;
    for (const { key, expires } of this.#expiring.values()) {
      if (expires <= now) this.#apply({ key, value: undefined, ttlMs: undefined }, now);
    }
  }

  #snapshot(): Snapshot {
    const records = this.#records.clone();
    const now = this.#clock.now();
    const taken = { now: () => now };
    const lifetime = new Lifetime('the snapshot');
    const forget = this.#lifetime.own(() => lifetime.close());
    lifetime.own(forget);
    return {
      get: (key, options) =>
        attempt(() => {
          lifetime.assertOpen();
          throwIfAborted(options?.signal, 'get');
          return read(records, key, now);
        }),
      scan: (range, options) => scanPages(pagesOf(records, taken, lifetime), range, options),
      close: () => lifetime.close(),
      [Symbol.asyncDispose]: () => lifetime.close(),
    };
  }
}

type Records = OrderedRecords<LogRecord>;

function pagesOf(records: Records, clock: { now(): number }, lifetime: Lifetime) {
  return {
    assertOpen: () => {
      lifetime.assertOpen();
    },
    readPage: (bounds: Bounds, reverse: boolean, limit: number): Page => {
      const now = clock.now();
      const entries: Entry[] = [];
      for (const record of records.range(bounds, reverse)) {
        if (entries.length === limit) return { entries, more: true };
        if (record.expires > now) entries.push(toEntry(record));
      }
      return { entries, more: false };
    },
  };
}

function read(records: Records, key: Key, now: number): Entry | undefined {
  const record = find(records, checkKey(key), now);
  return record && toEntry(record);
}

function find(records: Records, key: Key, now: number): LogRecord | undefined {
  const record = records.get(key);
  return record !== undefined && record.expires > now ? record : undefined;
}

function toEntry({ key, value, revision, expires }: LogRecord): Entry {
  const entry = { key, value: value!.slice(), revision };
  return Number.isFinite(expires) ? { ...entry, expires } : entry;
}
