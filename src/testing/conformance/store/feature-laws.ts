/**
 * Laws of what a store may or may not offer: expiry, snapshots, sharing, survival. What is not offered is refused.
 * @module
 */
import type { Store } from '../../../ports/store.ts';
import { check, checkEqual, checkRejects } from '../../assert.ts';
import {
  commit,
  keysOf,
  nextChanges,
  openSnapshot,
  put,
  type StoreLaw,
  type StoreTools,
} from './store-law.ts';

/** What holds when `features.ttl` is claimed. */
export const ttlLaws: readonly StoreLaw[] = [
  {
    name: 'an expired entry is gone from every reading, and counts as missing',
    test: async (store, { wait }) => {
      await commit(store, { ...put('brief'), ttlMs: 25 }, put('lasting'));
      const fresh = await store.get('brief');
      check(fresh?.expires !== undefined, 'an entry with ttlMs must say when it expires');
      await wait(50);
      checkEqual(await store.get('brief'), undefined, 'get of an expired entry');
      checkEqual((await store.getMany(['brief']))[0], undefined, 'getMany of an expired entry');
      checkEqual(await keysOf(store.scan({})), ['lasting'], 'a scan past an expired entry');
      if (!store.features.conditional) return;
      const outcome = await store.write([put('brief')], { if: [{ key: 'brief', revision: null }] });
      checkEqual(outcome.ok, true, 'a write on the absence of an expired entry');
    },
  },
  {
    name: 'a put without ttlMs makes an entry last',
    test: async (store, { wait }) => {
      await commit(store, { ...put('k'), ttlMs: 25 });
      await commit(store, put('k'));
      await wait(50);
      const entry = await store.get('k');
      check(entry !== undefined, 'an entry put again without ttlMs must not expire');
      checkEqual(entry.expires, undefined, 'its expiry');
    },
  },
  {
    name: 'ttlMs is above 0',
    test: async (store) => {
      for (const ttlMs of [0, -1, Number.NaN]) {
        const writing = store.write([{ ...put('k'), ttlMs }]);
        await checkRejects(writing, 'INVALID_ARGUMENT', `a put with ttlMs ${String(ttlMs)}`);
      }
    },
  },
];

/** What holds when it is not. */
export const noTtlLaws: readonly StoreLaw[] = [
  {
    name: 'a store without expiry refuses ttlMs',
    test: async (store) => {
      const writing = store.write([{ ...put('k'), ttlMs: 1_000 }]);
      await checkRejects(writing, 'UNSUPPORTED', 'a put with ttlMs');
    },
  },
];

/** What a follower from the beginning is told. */
async function wholeHistory(store: Store, tools: StoreTools): Promise<readonly string[]> {
  const stop = new AbortController();
  const changes = store.watch('', 0, { signal: stop.signal })[Symbol.asyncIterator]();
  const last = await commit(store, put('z'));
  const seen: string[] = [];
  while (seen.at(-1) !== `${String(last)} z z`)
    seen.push(...(await nextChanges(changes, 1, tools)));
  stop.abort();
  return seen;
}

/** What holds when `features.purge` is claimed. */
export const purgeLaws: readonly StoreLaw[] = [
  {
    name: 'what was purged is in no history, and followers learn that it is gone',
    test: async (store, tools) => {
      await commit(store, put('a', 'secret'), put('b', 'kept'));
      await commit(store, put('a', 'another secret'));
      await commit(store, { del: 'a', purge: true });
      const seen = await wholeHistory(store, tools);
      check(!seen.some((line) => line.includes('secret')), 'the history still has what was purged');
      check(
        seen.some((line) => line.endsWith(' a -')),
        'a follower must learn of the delete',
      );
      check(
        seen.some((line) => line.endsWith(' b kept')),
        'the rest of the history must stay',
      );
    },
  },
  {
    name: 'a purge leaves nothing of what was replaced, deleted or has expired at other keys',
    test: async (store, tools) => {
      await commit(store, put('a', 'secret of a'), put('b', 'secret of b'), put('p'));
      await commit(store, put('a', 'present'), { del: 'b' });
      await commit(store, { del: 'p', purge: true });
      const seen = await wholeHistory(store, tools);
      check(!seen.some((line) => line.includes('secret')), 'the history still has old values');
      check(
        seen.some((line) => line.endsWith(' a present')),
        'what is there must stay',
      );
      check(
        seen.some((line) => line.endsWith(' b -')),
        'a follower must learn of earlier deletes',
      );
    },
  },
];

/** What holds when `features.snapshot` is claimed. */
export const snapshotLaws: readonly StoreLaw[] = [
  {
    name: 'a snapshot does not see later writes',
    test: async (store) => {
      const revision = await commit(store, put('a', 'old'), put('b'));
      const snapshot = await openSnapshot(store);
      await commit(store, put('a', 'new'), { del: 'b' }, put('c'));
      checkEqual((await snapshot.get('a'))?.revision, revision, 'the revision of a changed entry');
      checkEqual(await keysOf(snapshot.scan({})), ['a', 'b'], 'the keys of the snapshot');
      checkEqual(await keysOf(store.scan({})), ['a', 'c'], 'the keys of the store');
      await snapshot.close();
    },
  },
  {
    name: 'closing a snapshot closes nothing else',
    test: async (store) => {
      const [one, two] = [await openSnapshot(store), await openSnapshot(store)];
      await one.close();
      await commit(store, put('a'));
      checkEqual(await two.get('a'), undefined, 'an entry another snapshot must not see');
      await two.close();
    },
  },
];

/** What holds when it is not. */
export const noSnapshotLaws: readonly StoreLaw[] = [
  {
    name: 'a store without snapshots has no such method',
    test: (store) => {
      check(!('snapshot' in store), 'a store that claims no snapshots must not have snapshot()');
      return Promise.resolve();
    },
  },
];

/** What holds when `features.shared` is claimed. */
export const sharedLaws: readonly StoreLaw[] = [
  {
    name: 'a watch sees the writes of another handle',
    test: async (store, tools) => {
      const other = await another(store, tools, 'shared');
      const stop = new AbortController();
      const watch = store.watch('k/', undefined, { signal: stop.signal });
      const changes = nextChanges(watch[Symbol.asyncIterator](), 2, tools);
      const first = await commit(other, put('k/1'), put('j/1'));
      const second = await commit(other, { del: 'k/1' });
      const expected = [`${String(first)} k/1 k/1`, `${String(second)} k/1 -`];
      checkEqual(await changes, expected, 'the changes');
      stop.abort();
      await other.close();
    },
  },
];

/** What holds when `features.durable` is more than `none`. */
export const durableLaws: readonly StoreLaw[] = [
  {
    name: 'what was written is there after closing and opening again',
    test: async (store, tools) => {
      const revision = await commit(store, put('kept'));
      await commit(store, put('dropped'));
      await commit(store, { del: 'dropped' });
      await store.close();
      const again = await another(store, tools, 'durable');
      checkEqual((await again.get('kept'))?.revision, revision, 'the revision of the entry');
      checkEqual(await again.get('dropped'), undefined, 'an entry deleted before');
      check((await commit(again, put('new'))) > revision, 'revisions must go on growing');
      await again.close();
    },
  },
];

function another(store: Store, tools: StoreTools, feature: string): Store | Promise<Store> {
  check(tools.another !== undefined, `to prove features.${feature}, hand in options.another`);
  return tools.another(store);
}
