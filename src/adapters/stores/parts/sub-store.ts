/**
 * A store seen through a prefix.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type {
  Change,
  Commit,
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
} from '../../../ports/store.ts';
import { checkKey } from './keys.ts';

/**
 * The folder `prefix` of `store` as a store of its own: its keys begin behind `prefix/`. `trust` and `trust/` are the
 * same folder, and `trusted` is another one. Closing the view closes nothing.
 */
export function subStore(store: Store, prefix: Key): Store {
  checkKey(prefix, 'prefix');
  return new SubStore(store, prefix.endsWith('/') ? prefix : `${prefix}/`);
}

class SubStore implements Store {
  readonly #store: Store;
  readonly #prefix: Key;
  readonly snapshot?: () => Promise<Snapshot>;

  constructor(store: Store, prefix: Key) {
    this.#store = store;
    this.#prefix = prefix;
    if (store.snapshot !== undefined) this.snapshot = () => this.#snapshot();
  }

  get features(): StoreFeatures {
    return this.#store.features;
  }

  async get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#inside(await this.#store.get(this.#outer(key), options));
  }

  async getMany(
    keys: readonly Key[],
    options?: ReadOptions,
  ): Promise<readonly (Entry | undefined)[]> {
    const entries = await this.#store.getMany(
      keys.map((key) => this.#outer(key)),
      options,
    );
    return entries.map((entry) => this.#inside(entry));
  }

  async write(ops: readonly Op[], options: WriteOptions = {}): Promise<Commit> {
    const { if: conditions = [], ...rest } = options;
    const commit = await this.#store.write(
      ops.map((op) => this.#outerOp(op)),
      { ...rest, if: conditions.map((one) => ({ ...one, key: this.#outer(one.key) })) },
    );
    return commit.ok ? commit : { ok: false, conflict: this.#inner(commit.conflict) };
  }

  scan(range: Range, options?: ReadOptions): AsyncIterable<Entry> {
    return mapped(this.#store.scan(this.#outerRange(range), options), (entry) =>
      this.#insideEntry(entry),
    );
  }

  watch(prefix: Key, from?: Revision, options?: ReadOptions): AsyncIterable<Change> {
    return mapped(this.#store.watch(this.#prefix + prefix, from, options), (change) => ({
      ...change,
      key: this.#inner(change.key),
    }));
  }

  sub(prefix: Key): Store {
    return subStore(this.#store, this.#prefix + checkKey(prefix, 'prefix'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #snapshot(): Promise<Snapshot> {
    const snapshot = await (this.#store.snapshot as () => Promise<Snapshot>)();
    return {
      get: async (key, options) => this.#inside(await snapshot.get(this.#outer(key), options)),
      scan: (range, options) =>
        mapped(snapshot.scan(this.#outerRange(range), options), (entry) =>
          this.#insideEntry(entry),
        ),
      close: () => snapshot.close(),
      [Symbol.asyncDispose]: () => snapshot.close(),
    };
  }

  #outer(key: Key): Key {
    if (typeof key === 'string' && key.length > 0) return this.#prefix + key;
    const expected = 'a key';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'key', expected, got: key });
  }

  #outerOp(op: Op): Op {
    return 'del' in op ? { ...op, del: this.#outer(op.del) } : { ...op, put: this.#outer(op.put) };
  }

  #outerRange(range: Range): Range {
    const { prefix = '', gt, gte, lt, lte, ...rest } = range;
    return {
      ...rest,
      prefix: this.#prefix + prefix,
      ...(gt !== undefined && { gt: this.#prefix + gt }),
      ...(gte !== undefined && { gte: this.#prefix + gte }),
      ...(lt !== undefined && { lt: this.#prefix + lt }),
      ...(lte !== undefined && { lte: this.#prefix + lte }),
    };
  }

  #inner(key: Key): Key {
    return key.slice(this.#prefix.length);
  }

  #inside(entry: Entry | undefined): Entry | undefined {
    return entry && this.#insideEntry(entry);
  }

  #insideEntry(entry: Entry): Entry {
    return { ...entry, key: this.#inner(entry.key) };
  }
}

async function* mapped<A, B>(items: AsyncIterable<A>, map: (item: A) => B): AsyncGenerator<B> {
  for await (const item of items) yield map(item);
}
