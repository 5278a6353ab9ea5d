/**
 * The shelf: ordered keys, whole-or-nothing writes with conditions, a change log.
 * @module
 */

/** UTF-8, ordered bytewise, parts separated by `/`; 1 to 512 bytes. */
export type Key = string;

/** Revision of a write: grows with every commit of the store. */
export type Revision = number;

/** How long a write survives: nothing, the process (`kill -9`), a power loss. */
export type Durability = 'none' | 'process' | 'power';

/** What a store can do. The conformance kit tests what is claimed, and the client refuses a store that cannot do what it needs. */
export interface StoreFeatures {
  readonly durable: Durability;
  /** `write` honours `if`. */
  readonly conditional: boolean;
  /** `snapshot()` exists. */
  readonly snapshot: boolean;
  /** Entries expire by themselves. */
  readonly ttl: boolean;
  /** `watch` sees writes of other processes too, not just this one's. */
  readonly shared: boolean;
  /** `purge` of a delete is honoured. Absent: it is not, and history may hold what was deleted for a while. */
  readonly purge?: boolean;
  /** Where the bytes rest, as whoever set the store up says, e.g. `eu-west-1`; views say the same. Absent: not stated. */
  readonly residency?: string;
}

/** One entry. */
export interface Entry {
  readonly key: Key;
  readonly value: Uint8Array;
  /** Revision of the commit that wrote it. */
  readonly revision: Revision;
  /** Epoch milliseconds. */
  readonly expires?: number;
}

/** One write. */
export type Op =
  | { readonly put: Key; readonly value: Uint8Array; readonly ttlMs?: number }
  /**
   * `purge`: what ever stood there is overwritten too, as far as the engine reaches, and `watch` no longer yields it. The same
   * goes for whatever stood at other keys and does no more: replaced, deleted or expired.
   */
  | { readonly del: Key; readonly purge?: boolean };

/** What must hold for a write to happen: the entry has this revision, or (null) does not exist. */
export interface Condition {
  readonly key: Key;
  readonly revision: Revision | null;
}

/** A conflict is a value, not an exception: it names the first condition that failed. */
export type Commit =
  | { readonly ok: true; readonly revision: Revision }
  | { readonly ok: false; readonly conflict: Key };

/** Options of {@link Store.write}. */
export interface WriteOptions {
  readonly if?: readonly Condition[];
  /** The least durability this write needs. Default: what the store has by default. */
  readonly durable?: Durability;
  readonly signal?: AbortSignal | undefined;
}

/** Which keys to read. */
export interface Range {
  readonly prefix?: Key;
  readonly gt?: Key;
  readonly gte?: Key;
  readonly lt?: Key;
  readonly lte?: Key;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Options of reads. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One change, as `watch` yields it. Deletes leave a marker, so a follower that was away learns of them. */
export interface Change {
  readonly key: Key;
  readonly revision: Revision;
  readonly deleted: boolean;
  /** The value written; undefined for a delete. */
  readonly value?: Uint8Array;
}

/** Reads that do not see later writes. */
export interface Snapshot extends AsyncDisposable {
  /** The entry as it stood when the snapshot was taken. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  /** Entries in key order, as they stood. */
  scan(range: Range, options?: ReadOptions): AsyncIterable<Entry>;
  /** Lets the engine forget what it held back for this snapshot. Idempotent. */
  close(): Promise<void>;
}

/** Keeps bytes. Every method rejects with `CLOSED` after `close()`. */
export interface Store extends AsyncDisposable {
  readonly features: StoreFeatures;
  /** The entry at `key`; undefined when there is none or it has expired. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  /** Entries in the order of `keys`. */
  getMany(keys: readonly Key[], options?: ReadOptions): Promise<readonly (Entry | undefined)[]>;
  /** All or nothing. Rejects with `STORE_FULL` when there is no room, and nothing was written. */
  write(ops: readonly Op[], options?: WriteOptions): Promise<Commit>;
  /** Entries in key order. */
  scan(range: Range, options?: ReadOptions): AsyncIterable<Entry>;
  /** A view that does not move; whoever takes it closes it. Present when `features.snapshot` says so. */
  snapshot?(): Promise<Snapshot>;
  /**
   * Every change under `prefix` after revision `from` (default: now; 0: all there is), in commit order, until `signal`
   * fires. Fails with `NOT_FOUND` when a change after `from` is no longer known: then read everything anew.
   */
  watch(prefix: Key, from?: Revision, options?: ReadOptions): AsyncIterable<Change>;
  /** The folder `prefix` as a store: its keys lie behind `prefix/`. Closing the view closes nothing. */
  sub(prefix: Key): Store;
  /** Idempotent. */
  close(): Promise<void>;
}
