/**
 * A durable store in one SQLite file, by the engine built into Node (22.13 or newer). Several processes may open it.
 * @module
 */
import type { DatabaseSync } from 'node:sqlite';
import { throwIfAborted } from '../../base/abort.ts';
import { MeshError } from '../../base/errors.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type {
  Change,
  Commit,
  Durability,
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
import { attempt } from './parts/attempt.ts';
import { Bell, type BellWatch } from './parts/bell.ts';
import type { Bounds } from './parts/bounds.ts';
import { defaultHistoryBytes, follow } from './parts/follow.ts';
import { residencyFeature } from './parts/residency.ts';
import { type ScannedStore, scanPages } from './parts/scan.ts';
import { subStore } from './parts/sub-store.ts';
import { type WriteRequest, writeRequest } from './parts/write-request.ts';
import {
  numberOf,
  openDatabase,
  openSnapshot,
  setDurability,
  statementBusyMs,
} from './sqlite/database.ts';
import { GroupCommit } from './sqlite/group-commit.ts';
import { Reader } from './sqlite/reader.ts';
import { storeError } from './sqlite/store-error.ts';
import { Writer } from './sqlite/writer.ts';

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** What a write survives unless it asks for another level: `power` (default) flushes each commit, `process` does not. */
  readonly durable?: Exclude<Durability, 'none'>;
  /** The most the file may grow to; beyond, `STORE_FULL`. Default: what the disk has. */
  readonly maxBytes?: number;
  /** How much history `watch` can resume from. Default: the last 16 MiB written. */
  readonly historyBytes?: number;
  /** How long a write waits for another process that holds the lock. Default 5,000. */
  readonly lockMs?: number;
  /** Decides what has expired. Default: the system's time. */
  readonly clock?: { now(): number };
  /** Where the bytes rest, e.g. `eu-west-1`: {@link StoreFeatures.residency}. Default: not stated. */
  readonly residency?: string;
}

/**
 * The store in folder `path`, which is made with the first use when it is missing; the file in it is `mesh.sqlite`.
 * Writes of one turn are committed together, each whole or not at all, and acknowledged after the commit.
 *
 * Fails with `STORE_VERSION` on a newer format, `STORE_CORRUPT` on anything that is no store, `STORE_FULL` without room.
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  if (path === '' || path.includes('\0') || path.startsWith(':memory:')) {
    const expected = 'the path of a folder (memoryStore() keeps things in memory)';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'path', expected, got: path });
  }
  return new SqliteStore(path, settings(options));
}

type Settings = Required<Omit<SqliteStoreOptions, 'maxBytes' | 'residency'>> & {
  maxBytes: number | undefined;
  label: { readonly residency?: string };
};

/** How often a watch looks for commits of other processes. */
const pollMs = 100;

class SqliteStore implements Store {
  readonly features: StoreFeatures;
  readonly #path: string;
  readonly #settings: Settings;
  readonly #lifetime: Lifetime;
  readonly #bell: Bell;
  readonly #queue: GroupCommit;
  #connection: Connection | undefined;

  constructor(path: string, settings: Settings) {
    const { durable, lockMs, label } = settings;
    const able = { conditional: true, snapshot: true, ttl: true, shared: true, purge: true };
    this.features = { durable, ...able, ...label };
    this.#path = path;
    this.#settings = settings;
    this.#lifetime = new Lifetime(`the store ${path}`);
    this.#bell = new Bell(
      everyNowAndThen(() => {
        this.#lookElsewhere();
      }),
    );
    const commit = (requests: readonly WriteRequest[]): Commit[] => this.#commit(requests);
    this.#queue = new GroupCommit({ store: path, lockMs, commit });
    this.#lifetime.own(() => {
      this.#connection?.close();
    });
    this.#lifetime.own(async () => {
      await this.#queue.idle();
      this.#bell.ring();
    });
  }

  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#read(options, 'get', ({ reader }) => reader.get(key));
  }

  getMany(keys: readonly Key[], options?: ReadOptions): Promise<readonly (Entry | undefined)[]> {
    return this.#read(options, 'getMany', ({ reader }) => keys.map((key) => reader.get(key)));
  }

  write(ops: readonly Op[], options?: WriteOptions): Promise<Commit> {
    return attempt(() => {
      this.#lifetime.assertOpen();
      throwIfAborted(options?.signal, 'write');
      // Each level can be had of SQLite, whatever the default is.
      const request = writeRequest(ops, options, { durable: 'power', store: this.#path });
      return this.#queue.write(request, options?.signal);
    });
  }

  scan(range: Range, options?: ReadOptions): AsyncIterable<Entry> {
    const pages = pagesOf(this.#path, this.#lifetime, () => this.#open().reader);
    return scanPages(pages, range, options);
  }

  snapshot(): Promise<Snapshot> {
    return attempt(() => {
      this.#lifetime.assertOpen();
      this.#open();
      return this.#snapshot();
    });
  }

  watch(prefix: Key, from?: Revision, options?: ReadOptions): AsyncIterable<Change> {
    const asking = <T>(ask: (writer: Writer) => T): T => this.#ask(({ writer }) => ask(writer));
    const log = {
      bell: this.#bell,
      assertOpen: () => {
        this.#lifetime.assertOpen();
      },
      horizon: () => asking((writer) => writer.horizon()),
      end: () => asking((writer) => writer.end()),
      positionAt: (revision: Revision) => asking((writer) => writer.positionAt(revision)),
      read: (after: number, bounds: Bounds) => asking((writer) => writer.read(after, bounds)),
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

  #read<T>(
    options: ReadOptions | undefined,
    what: string,
    ask: (connection: Connection) => T,
  ): Promise<T> {
    return attempt(() => {
      this.#lifetime.assertOpen();
      throwIfAborted(options?.signal, what);
      return this.#ask(ask);
    });
  }

  #ask<T>(ask: (connection: Connection) => T): T {
    try {
      return ask(this.#open());
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }

  #commit(requests: readonly WriteRequest[]): Commit[] {
    const commits = this.#open().commit(requests);
    this.#bell.ring();
    return commits;
  }

  #lookElsewhere(): void {
    try {
      if (this.#connection?.changedElsewhere() === true) this.#bell.ring();
    } catch {
      // Whoever watches asks again and meets the failure in its own call.
      this.#bell.ring();
    }
  }

  #open(): Connection {
    this.#connection ??= new Connection(this.#path, this.#settings);
    return this.#connection;
  }

  #snapshot(): Snapshot {
    const database = openSnapshot(this.#path);
    const now = this.#settings.clock.now();
    const reader = new Reader(database, () => now);
    const lifetime = new Lifetime('the snapshot');
    lifetime.own(() => {
      database.close();
    });
    lifetime.own(this.#lifetime.own(() => lifetime.close()));
    return {
      get: (key, options) =>
        attempt(() => {
          lifetime.assertOpen();
          throwIfAborted(options?.signal, 'get');
          return reader.get(key);
        }),
      scan: (range, options) =>
        scanPages(
          pagesOf(this.#path, lifetime, () => reader),
          range,
          options,
        ),
      close: () => lifetime.close(),
      [Symbol.asyncDispose]: () => lifetime.close(),
    };
  }
}

/** The connection of an open store. */
class Connection {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly #database: DatabaseSync;
  readonly #settings: Settings;
  #durable: Exclude<Durability, 'none'>;
  #version: number;
  /** The write-ahead log holds what was purged. */
  #stale = false;

  constructor(folder: string, settings: Settings) {
    const { durable, maxBytes, historyBytes, clock } = settings;
    this.#settings = settings;
    this.#durable = durable;
    this.#database = openDatabase({ folder, durable, maxBytes });
    this.reader = new Reader(this.#database, () => clock.now());
    this.writer = new Writer(this.#database, historyBytes);
    this.#version = this.#dataVersion();
  }

  commit(requests: readonly WriteRequest[]): Commit[] {
    this.#setDurability(requests);
    const now = this.#settings.clock.now();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const commits = requests.map((request) => this.writer.apply(request, now));
      this.writer.tidy(now);
      const purges = requests.some(({ changes }) => changes.some(({ purge }) => purge === true));
      if (purges) this.writer.wipe(now);
      this.#database.exec('COMMIT');
      this.#stale ||= purges;
      if (this.#stale) this.#emptyLog(purges ? statementBusyMs : 0);
      return commits;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Whether another connection has committed since this was asked the last time. */
  changedElsewhere(): boolean {
    const version = this.#dataVersion();
    const changed = version !== this.#version;
    this.#version = version;
    return changed;
  }

  close(): void {
    if (this.#stale) this.#emptyLog(statementBusyMs);
    this.#database.close();
  }

  /** Pages as they were lie in the write-ahead log until it is emptied; a reader in the way leaves that to the next commit. */
  #emptyLog(waitMs: number): void {
    this.#database.exec(`PRAGMA busy_timeout = ${String(waitMs)}`);
    this.#stale = numberOf(this.#database, 'PRAGMA wal_checkpoint(TRUNCATE)') !== 0;
    this.#database.exec(`PRAGMA busy_timeout = ${String(statementBusyMs)}`);
  }

  #setDurability(requests: readonly WriteRequest[]): void {
    const needsPower = ({ durable = this.#settings.durable }: WriteRequest): boolean =>
      durable === 'power';
    const needed = requests.some(needsPower) ? 'power' : 'process';
    if (needed !== this.#durable) setDurability(this.#database, needed);
    this.#durable = needed;
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // A full disk makes SQLite roll back by itself; then there is no transaction left to end.
    }
  }

  #dataVersion(): number {
    return numberOf(this.#database, 'PRAGMA data_version');
  }
}

function settings(options: SqliteStoreOptions): Settings {
  const { durable = 'power', maxBytes, lockMs = 5_000, clock = Date } = options;
  // A history that could fill the file alone would leave no room for entries.
  const most = maxBytes === undefined ? defaultHistoryBytes : maxBytes / 4;
  const historyBytes = Math.max(1, Math.min(options.historyBytes ?? defaultHistoryBytes, most));
  const label = residencyFeature(options.residency);
  return { durable, maxBytes, historyBytes, lockMs, clock, label };
}

function pagesOf(store: string, lifetime: Lifetime, reader: () => Reader): ScannedStore {
  return {
    assertOpen: () => {
      lifetime.assertOpen();
    },
    readPage: (bounds, reverse, limit) => {
      try {
        return reader().page(bounds, reverse, limit);
      } catch (error) {
        throw storeError(error, store);
      }
    },
  };
}

function everyNowAndThen(run: () => void): BellWatch {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin: () => {
      timer = setInterval(run, pollMs);
      timer.unref();
    },
    end: () => {
      clearInterval(timer);
    },
  };
}
