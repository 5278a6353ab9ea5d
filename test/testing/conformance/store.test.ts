import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { compareText } from '../../../src/base/ids.ts';
import type { Entry, Store } from '../../../src/ports/store.ts';
import { storeConformance } from '../../../src/testing/index.ts';
import { but, caught } from './caught.ts';

/** Stores with one fault each, the law that catches it, and what the kit says. */
const faults: [fault: string, law: string, said: RegExp, make: (store: Store) => Store][] = [
  [
    'tears writes',
    'a write is all or nothing',
    /what a failed write left behind/,
    (store) =>
      but(store, {
        write: async (ops, options) => {
          let commit = await store.write([], options);
          for (const op of commit.ok ? ops : []) commit = await store.write([op]);
          return commit;
        },
      }),
  ],
  [
    'ignores conditions',
    'of concurrent writes with one condition a single one wins',
    /the number of winners: expected 1, got 20/,
    (store) => but(store, { write: (ops) => store.write(ops) }),
  ],
  [
    'names the wrong conflict',
    'a conflict is a value that names the first failed condition, and nothing was written',
    /the outcome: expected .*"conflict":"b"/,
    (store) =>
      but(store, {
        write: async (ops, options) => {
          const commit = await store.write(ops, options);
          return commit.ok ? commit : { ok: false, conflict: options?.if?.at(-1)?.key ?? '' };
        },
      }),
  ],
  [
    'orders keys by UTF-16',
    'keys are ordered by their UTF-8 bytes',
    /the keys of a scan/,
    (store) =>
      but(store, {
        scan: async function* (range, options) {
          const entries: Entry[] = [];
          for await (const entry of store.scan(range, options)) entries.push(entry);
          yield* entries.sort((a, b) => compareText(a.key, b.key));
        },
      }),
  ],
  [
    'forgets the upper bound',
    'bounds are exact and hold together',
    /the scan of .*"lt":"c"/,
    (store) =>
      but(store, {
        scan: ({ lt: _lt, ...range }, options) => store.scan(range, options),
      }),
  ],
  [
    'hands out its own buffers',
    'nobody changes an entry through a buffer',
    /after a reader's buffer changed/,
    (store) => {
      const buffers = new Map<string, Uint8Array>();
      return but(store, {
        get: async (key, options) => {
          const entry = await store.get(key, options);
          if (entry === undefined) return undefined;
          const value = buffers.get(key) ?? entry.value;
          buffers.set(key, value);
          return { ...entry, value };
        },
      });
    },
  ],
  [
    'tells all followers with one buffer',
    'nobody changes an entry through a buffer',
    /the value as told to another follower/,
    (store) => {
      const buffers = new Map<string, Uint8Array>();
      return but(store, {
        watch: (prefix, from, options) => {
          const changes = store.watch(prefix, from, options);
          return (async function* () {
            for await (const change of changes) {
              const name = `${String(change.revision)} ${change.key}`;
              const value = buffers.get(name) ?? change.value;
              if (value === undefined) yield change;
              else {
                buffers.set(name, value);
                yield { ...change, value };
              }
            }
          })();
        },
      });
    },
  ],
  [
    'says when an entry was made, not when it was written',
    'a put replaces and a delete removes',
    /the revision after a second put: expected 2, got 1/,
    (store) => {
      const first = new Map<string, number>();
      return but(store, {
        write: async (ops, options) => {
          const commit = await store.write(ops, options);
          for (const op of ops) {
            if (commit.ok && 'put' in op && !first.has(op.put)) first.set(op.put, commit.revision);
          }
          return commit;
        },
        get: async (key, options) => {
          const entry = await store.get(key, options);
          return entry && { ...entry, revision: first.get(key) ?? entry.revision };
        },
      });
    },
  ],
  [
    'tells deletes with an empty value',
    'changes come in commit order with their values, deletes as markers',
    /the changes: expected .*a -.*got .*a - with/,
    (store) =>
      but(store, {
        watch: (prefix, from, options) => {
          const changes = store.watch(prefix, from, options);
          return (async function* () {
            for await (const change of changes) {
              yield change.deleted ? { ...change, value: new Uint8Array() } : change;
            }
          })();
        },
      }),
  ],
  [
    'heeds the last condition on a key only',
    'a conflict is a value that names the first failed condition, and nothing was written',
    /the outcome of two conditions on one key/,
    (store) =>
      but(store, {
        write: (ops, options = {}) => {
          const { if: conditions = [] } = options;
          const last = new Map(conditions.map((condition) => [condition.key, condition]));
          return store.write(ops, { ...options, if: [...last.values()] });
        },
      }),
  ],
  [
    'keeps what has expired',
    'an expired entry is gone from every reading, and counts as missing',
    /get of an expired entry/,
    () => memoryStore({ clock: { now: () => 0 } }),
  ],
  [
    'lets views overlap',
    'views do not see each other',
    /the keys of 'ab'/,
    (store) => but(store, { sub: (prefix) => overlapping(store, prefix) }),
  ],
  [
    'does not tell deletes',
    'a follower that was away learns all, deletes included',
    /change 2 of 2 did not happen|what it missed/,
    (store) =>
      but(store, {
        watch: async function* (prefix, from, options) {
          for await (const change of store.watch(prefix, from, options)) {
            if (!change.deleted) yield change;
          }
        },
      }),
  ],
  [
    'begins to watch when first asked',
    'a watch begins at its call',
    /change 1 of 1 did not happen|the first change/,
    (store) =>
      but(store, {
        watch: async function* (prefix, from, options) {
          yield* store.watch(prefix, from, options);
        },
      }),
  ],
  [
    'shows later writes in snapshots',
    'a snapshot does not see later writes',
    /the revision of a changed entry/,
    (store) =>
      but(store, {
        snapshot: async () => but(await store.snapshot!(), { get: (key) => store.get(key) }),
      }),
  ],
  [
    'reads on after close',
    'after close every method of a store fails with CLOSED',
    /getMany of a store after close must fail with CLOSED, but it succeeded/,
    (store) =>
      but(store, {
        getMany: (keys, options) => store.getMany(keys, options).catch(() => []),
      }),
  ],
  [
    'lets a view live on',
    'after close of its store every method of a view fails with CLOSED',
    /get of a view after close of its store must fail with CLOSED, but it succeeded/,
    (store) =>
      but(store, {
        sub: (prefix) => {
          const view = store.sub(prefix);
          return but(view, { get: (key) => view.get(key).catch(() => undefined) });
        },
      }),
  ],
  [
    'lets a snapshot live on',
    'after close every method of a snapshot fails with CLOSED',
    /get of a snapshot after close must fail with CLOSED, but it succeeded/,
    (store) =>
      but(store, {
        snapshot: async () => but(await store.snapshot!(), { close: async () => undefined }),
      }),
  ],
  [
    'closes only once',
    'a second close of a store changes nothing',
    /closed already/,
    (store) => {
      let open = true;
      return but(store, {
        close: async () => {
          if (!open) throw new Error('closed already');
          open = false;
          await store.close();
        },
      });
    },
  ],
  [
    'drops a write that close overtakes, and nobody hears of it',
    'a call overtaken by the close of a store is answered or fails with CLOSED',
    /an answer of write of a store did not happen within/,
    (store) =>
      but(store, {
        write: async (ops, options) => {
          await new Promise((resolve) => setImmediate(resolve));
          return await store.write(ops, options).catch(() => new Promise<never>(() => undefined));
        },
      }),
  ],
  [
    'tears a write that is aborted',
    'a call of a store aborted on its way is done whole or not at all',
    /the entries an aborted write left behind/,
    (store) =>
      but(store, {
        write: async ([first, ...rest], options = {}) => {
          const { signal, ...others } = options;
          if (first === undefined) return await store.write([], options);
          await store.write([first], others);
          await Promise.resolve();
          return await store.write(rest, { ...others, signal });
        },
      }),
  ],
  [
    'hangs after close',
    'after close every method of a store fails with CLOSED',
    /get after close did not happen within/,
    (store) =>
      but(store, {
        get: (key, options) => store.get(key, options).catch(() => new Promise(() => undefined)),
      }),
  ],
  [
    'ignores signals',
    'a signal that has fired stops every method of a store before it does anything',
    /write with a fired signal must fail with ABORTED/,
    (store) =>
      but(store, {
        write: (ops, { signal: _signal, ...options } = {}) => store.write(ops, options),
      }),
  ],
  [
    'forgets its listeners',
    'no method of a store leaves a listener on its signal',
    /the listeners left by get: expected 0, got 1/,
    (store) =>
      but(store, {
        get: (key, options) => {
          options?.signal?.addEventListener('abort', () => undefined);
          return store.get(key, options);
        },
      }),
  ],
  [
    'claims to survive a power loss and cannot prove it',
    'what was written is there after closing and opening again',
    /to prove features.durable, hand in options.another/,
    (store) => but(store, { features: { ...store.features, durable: 'power' } }),
  ],
  [
    'claims to purge and keeps the history',
    'what was purged is in no history, and followers learn that it is gone',
    /the history still has what was purged/,
    (store) =>
      but(store, {
        write: (ops, options) =>
          store.write(
            ops.map((op) => ('del' in op ? { del: op.del } : op)),
            options,
          ),
      }),
  ],
  [
    'has snapshots it does not claim',
    'a store without snapshots has no such method',
    /must not have snapshot/,
    (store) => but(store, { features: { ...store.features, snapshot: false } }),
  ],
];

describe('the conformance kit of stores', () => {
  it.each(faults)('catches a store that %s', async (_, law, said, make) => {
    const cases = storeConformance(() => make(memoryStore()), { timeoutMs: 400 });
    const found = await caught(cases.filter(({ name }) => name === law));
    expect(found.get(law)).toMatch(said);
  });

  it('has a name for every law, and no name twice', () => {
    const names = storeConformance(() => memoryStore()).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('closes what it was given, even when a law is broken', async () => {
    let open = 0;
    const make = (): Store => {
      const store = memoryStore();
      open += 1;
      let closed = false;
      return but(store, {
        get: () => Promise.resolve(undefined),
        close: () => {
          if (!closed) open -= 1;
          closed = true;
          return store.close();
        },
      });
    };
    const found = await caught(storeConformance(make, { timeoutMs: 1_000 }));
    expect(found.size).toBeGreaterThan(5);
    expect(open).toBe(0);
  });
});

/** A view whose prefix is no folder. */
function overlapping(store: Store, prefix: string): Store {
  return but(store.sub(prefix), {
    scan: async function* (range) {
      for await (const { key, ...entry } of store.scan({ prefix, ...range })) {
        yield { ...entry, key: key.slice(prefix.length) };
      }
    },
  });
}
