/**
 * Laws of `sub`: a view sees its folder and nothing else.
 * @module
 */
import { check, checkEqual, checkRejects } from '../../assert.ts';
import { commit, keysOf, nextChanges, put, revisionOf, type StoreLaw } from './store-law.ts';

/** What holds for every store. */
export const viewLaws: readonly StoreLaw[] = [
  {
    name: 'a view reads and writes inside its prefix',
    test: async (store) => {
      const view = store.sub('trust');
      const revision = await commit(view, put('a', 'x'), put('b'));
      checkEqual((await store.get('trust/a'))?.revision, revision, 'the entry seen from outside');
      checkEqual((await view.get('a'))?.key, 'a', 'the key seen from inside');
      const [a, none] = await view.getMany(['a', 'trust/a']);
      checkEqual([a?.key, none], ['a', undefined], 'getMany inside');
      await commit(view, { del: 'a' });
      checkEqual(await store.get('trust/a'), undefined, 'an entry deleted inside');
    },
  },
  {
    name: 'views do not see each other',
    test: async (store) => {
      const views = [store.sub('a'), store.sub('ab'), store.sub('a/b'), store.sub('b')];
      for (const view of views) await commit(view, put('same'), put('0'));
      await commit(store, put('a'), put('a0'), put('z'));
      checkEqual(await keysOf(store.sub('ab').scan({})), ['0', 'same'], "the keys of 'ab'");
      const folder = await keysOf(store.sub('a').scan({ reverse: true }));
      checkEqual(folder, ['same', 'b/same', 'b/0', '0'], "the keys of 'a', last first");
      const slashed = await keysOf(store.sub('a/').scan({ gt: '0', lte: 'b/same' }));
      checkEqual(slashed, ['b/0', 'b/same'], "a range of 'a/'");
      const beyond = await keysOf(store.sub('a').scan({ gt: 'same' }));
      checkEqual(beyond, [], 'a range behind the last key of the view');
    },
  },
  {
    name: 'a view rests where its store rests',
    test: (store) => {
      const { residency } = store.features;
      check(residency === undefined || residency.length > 0, 'a residency must be a label');
      checkEqual(store.sub('a').sub('b').features.residency, residency, 'the residency of a view');
      return Promise.resolve();
    },
  },
  {
    name: 'views nest',
    test: async (store) => {
      await commit(store.sub('a').sub('b'), put('c'));
      check((await store.get('a/b/c')) !== undefined, 'a nested view must write at a/b/c');
    },
  },
  {
    name: 'conditions and conflicts of a view have its own keys',
    test: async (store) => {
      if (!store.features.conditional) return;
      const view = store.sub('v');
      await commit(store, put('k'));
      const absent = { if: [{ key: 'k', revision: null }] };
      revisionOf(await view.write([put('k')], absent), 'a write on absence inside the view');
      const conflict = await view.write([put('k')], absent);
      checkEqual(conflict, { ok: false, conflict: 'k' }, 'the conflict');
    },
  },
  {
    name: 'a watch of a view has its own keys',
    test: async (store, tools) => {
      const stop = new AbortController();
      const watch = store.sub('v').watch('k', undefined, { signal: stop.signal });
      const changes = nextChanges(watch[Symbol.asyncIterator](), 1, tools);
      await commit(store, put('k'));
      const revision = await commit(store.sub('v'), put('j'), put('k/1'));
      checkEqual(await changes, [`${String(revision)} k/1 k/1`], 'the changes');
      stop.abort();
    },
  },
  {
    name: 'closing a view closes nothing',
    test: async (store) => {
      const view = store.sub('v');
      await view.close();
      await view.close();
      await commit(store, put('a'));
      check((await store.get('a')) !== undefined, 'the store must go on');
    },
  },
  {
    name: 'a view keeps the limits of keys',
    test: async (store) => {
      const view = store.sub('v');
      await checkRejects(view.get(''), 'INVALID_ARGUMENT', 'get of an empty key');
      await checkRejects(view.write([{ del: '' }]), 'INVALID_ARGUMENT', 'delete of an empty key');
      const long = put('x'.repeat(512));
      await checkRejects(view.write([long]), 'INVALID_ARGUMENT', 'a key too long with its prefix');
    },
  },
];
