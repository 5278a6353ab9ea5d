/**
 * Laws of conditional writes: who loses a race is told, and has changed nothing.
 * @module
 */
import { fromUtf8, utf8 } from '../../../base/bytes.ts';
import type { Store } from '../../../ports/store.ts';
import { check, checkEqual, checkRejects } from '../../assert.ts';
import { commit, put, revisionOf, type StoreLaw } from './store-law.ts';

/** What holds when `features.conditional` is claimed. */
export const conditionLaws: readonly StoreLaw[] = [
  {
    name: 'a write happens when its conditions hold',
    test: async (store) => {
      const revision = await commit(store, put('k', 'old'));
      const conditions = [
        { key: 'k', revision },
        { key: 'missing', revision: null },
      ];
      revisionOf(await store.write([put('k', 'new')], { if: conditions }), 'the write');
      checkEqual((await store.get('k'))?.value, utf8('new'), 'the value');
    },
  },
  {
    name: 'a conflict is a value that names the first failed condition, and nothing was written',
    test: async (store) => {
      const revision = await commit(store, put('a'), put('b'));
      const conditions = [
        { key: 'a', revision },
        { key: 'b', revision: null },
        { key: 'c', revision: 1 },
      ];
      const outcome = await store.write([put('x'), { del: 'a' }], { if: conditions });
      checkEqual(outcome, { ok: false, conflict: 'b' }, 'the outcome');
      const twice = [
        { key: 'a', revision: null },
        { key: 'a', revision },
      ];
      const neither = await store.write([put('x')], { if: twice });
      checkEqual(neither, { ok: false, conflict: 'a' }, 'the outcome of two conditions on one key');
      checkEqual(await store.get('x'), undefined, 'an entry put by a conflicting write');
      check((await store.get('a')) !== undefined, 'a conflicting write must not delete');
    },
  },
  {
    name: 'an older revision, a missing entry and a deleted one are conflicts',
    test: async (store) => {
      const first = await commit(store, put('k', '1'));
      const second = await commit(store, put('k', '2'));
      const writes = async (key: string, revision: number | null): Promise<boolean> =>
        (await store.write([put('seen')], { if: [{ key, revision }] })).ok;
      checkEqual(await writes('k', first), false, 'a write on an older revision');
      checkEqual(await writes('k', second), true, 'a write on the present revision');
      checkEqual(await writes('missing', first), false, 'a write on a missing entry');
      await commit(store, { del: 'k' });
      checkEqual(await writes('k', second), false, 'a write on a deleted entry');
      checkEqual(await writes('k', null), true, 'a write on the absence of a deleted entry');
    },
  },
  {
    name: 'of concurrent writes with one condition a single one wins',
    test: async (store) => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          store.write([put('k', String(i))], { if: [{ key: 'k', revision: null }] }),
        ),
      );
      checkEqual(outcomes.filter(({ ok }) => ok).length, 1, 'the number of winners');
      const winner = outcomes.findIndex(({ ok }) => ok);
      checkEqual((await store.get('k'))?.value, utf8(String(winner)), "the winner's value");
    },
  },
  {
    name: 'concurrent read-change-write loops lose no update',
    test: async (store) => {
      const workers = Array.from({ length: 8 }, () => increments(store, 5));
      await Promise.all(workers);
      checkEqual((await store.get('count'))?.value, utf8('40'), 'the count');
    },
  },
  {
    name: 'a condition on a key out of limits is refused',
    test: async (store) => {
      const writing = store.write([put('a')], { if: [{ key: '', revision: null }] });
      await checkRejects(writing, 'INVALID_ARGUMENT', 'a condition on an empty key');
    },
  },
];

/** What holds when it is not. */
export const unconditionalLaws: readonly StoreLaw[] = [
  {
    name: 'a store without conditions refuses them',
    test: async (store) => {
      const writing = store.write([put('a')], { if: [{ key: 'a', revision: null }] });
      await checkRejects(writing, 'UNSUPPORTED', 'a write with a condition');
      checkEqual(await store.get('a'), undefined, 'what a refused write left behind');
    },
  },
];

async function increments(store: Store, times: number): Promise<void> {
  // The loser of each round tries again, so eight workers need no more rounds than there are increments.
  let attempts = 8 * times;
  for (let done = 0; done < times; attempts -= 1) {
    check(attempts > 0, 'a worker must win now and then');
    const entry = await store.get('count');
    const next = entry === undefined ? 1 : Number(fromUtf8(entry.value)) + 1;
    const condition = { key: 'count', revision: entry?.revision ?? null };
    const outcome = await store.write([put('count', String(next))], { if: [condition] });
    if (outcome.ok) done += 1;
  }
}
