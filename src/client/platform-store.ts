/**
 * The platform's durable store by the name of a folder, opened when it is first used.
 * @module
 */
import { platform } from '#platform';
import { loadOnce } from '../base/load-once.ts';
import type { Change, Commit, Entry, Range, ReadOptions, Snapshot, Store } from '../ports/store.ts';

const features = {
  durable: 'power',
  conditional: true,
  snapshot: true,
  ttl: true,
  shared: true,
} as const;

/**
 * The store in folder `path`: SQLite on Node, made with the first use when it is missing. It needs no closing before the
 * process ends. `@mesh/sdk/stores/sqlite` has the same with options. Elsewhere every call fails with `UNSUPPORTED`.
 */
export function sqliteStore(path: string): Store {
  const open = loadOnce(() => platform.openStore(path));
  return lateStore(open, async () => {
    await (await open()).close();
  });
}

function lateStore(open: () => Promise<Store>, close: () => Promise<void>): Store {
  return {
    features,
    get: async (key, options): Promise<Entry | undefined> => (await open()).get(key, options),
    getMany: async (keys, options) => (await open()).getMany(keys, options),
    write: async (ops, options): Promise<Commit> => {
      // Copied now: the writer may use its buffers again while the store opens.
      const copies = ops.map((op) => ('put' in op ? { ...op, value: op.value.slice() } : op));
      return (await open()).write(copies, options);
    },
    scan: (range, options) => scanLate(open, range, options),
    snapshot: async (): Promise<Snapshot> => (await open()).snapshot!(),
    watch: (prefix, from, options) => watchLate(open, prefix, from, options),
    sub: (prefix) =>
      lateStore(
        loadOnce(async () => (await open()).sub(prefix)),
        () => Promise.resolve(),
      ),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function* scanLate(
  open: () => Promise<Store>,
  range: Range,
  options: ReadOptions | undefined,
): AsyncIterable<Entry> {
  yield* (await open()).scan(range, options);
}

/** Begins to watch at once, so that no write that follows is missed. */
function watchLate(
  open: () => Promise<Store>,
  prefix: string,
  from: number | undefined,
  options: ReadOptions | undefined,
): AsyncIterable<Change> {
  const watching = open().then((store) => store.watch(prefix, from, options));
  watching.catch(() => undefined);
  return {
    async *[Symbol.asyncIterator]() {
      yield* await watching;
    },
  };
}
