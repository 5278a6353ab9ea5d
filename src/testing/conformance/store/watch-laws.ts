/**
 * Laws of watching: no change is missed, none comes twice, deletes are told.
 * @module
 */
import type { Change, Store } from '../../../ports/store.ts';
import { checkEqual, checkRejects, checkWithin } from '../../assert.ts';
import { countingSignal } from '../../counting-signal.ts';
import { commit, nextChanges, put, type StoreLaw } from './store-law.ts';

/** What holds for every store. */
export const watchLaws: readonly StoreLaw[] = [
  {
    name: 'a watch begins at its call',
    test: async (store, tools) => {
      await commit(store, put('before'));
      const { changes, stop } = watching(store, '');
      const revision = await commit(store, put('after'));
      const seen = await nextChanges(changes, 1, tools);
      checkEqual(seen, [`${String(revision)} after after`], 'the first change');
      stop();
    },
  },
  {
    name: 'changes come in commit order with their values, deletes as markers',
    test: async (store, tools) => {
      const { changes, stop } = watching(store, '');
      const first = await commit(store, put('b', '1'), put('a', '2'));
      const second = await commit(store, put('b', '3'));
      const third = await commit(store, { del: 'a' });
      const expected = [
        `${String(first)} b 1`,
        `${String(first)} a 2`,
        `${String(second)} b 3`,
        `${String(third)} a -`,
      ];
      checkEqual(await nextChanges(changes, 4, tools), expected, 'the changes');
      stop();
    },
  },
  {
    name: 'a follower that was away learns all, deletes included',
    test: async (store, tools) => {
      await commit(store, put('a'), put('b'));
      const left = await commit(store, put('c'));
      const deleted = await commit(store, { del: 'a' });
      const changed = await commit(store, put('b', 'new'));
      const { changes, stop } = watching(store, '', left);
      const missed = await nextChanges(changes, 2, tools);
      checkEqual(missed, [`${String(deleted)} a -`, `${String(changed)} b new`], 'what it missed');
      const live = await commit(store, put('d'));
      checkEqual(await nextChanges(changes, 1, tools), [`${String(live)} d d`], 'what came then');
      stop();
    },
  },
  {
    name: 'a watch from 0 tells everything there is',
    test: async (store, tools) => {
      const revision = await commit(store, put('a'), put('b'));
      const { changes, stop } = watching(store, '', 0);
      const expected = [`${String(revision)} a a`, `${String(revision)} b b`];
      checkEqual(await nextChanges(changes, 2, tools), expected, 'the changes');
      stop();
    },
  },
  {
    name: 'a watch sees its prefix only',
    test: async (store, tools) => {
      const { changes, stop } = watching(store, 'k/');
      await commit(store, put('j'), put('k'), put('l'));
      const revision = await commit(store, put('k/1'), put('k0'));
      checkEqual(await nextChanges(changes, 1, tools), [`${String(revision)} k/1 k/1`], 'changes');
      stop();
    },
  },
  {
    name: 'a slow watcher misses nothing and gets nothing twice',
    test: async (store, tools) => {
      const { changes, stop } = watching(store, '');
      const expected: string[] = [];
      for (let i = 0; i < 600; i += 1) {
        const key = `k/${String(i % 7)}`;
        expected.push(`${String(await commit(store, put(key, String(i))))} ${key} ${String(i)}`);
      }
      checkEqual(await nextChanges(changes, 600, tools), expected, '600 changes');
      stop();
    },
  },
  {
    name: 'a running scan and a running watch fail with CLOSED when the store closes',
    test: async (store, { timeoutMs }) => {
      await commit(store, put('a'), put('b'));
      const scan = store.scan({})[Symbol.asyncIterator]();
      await scan.next();
      const waiting = store.watch('')[Symbol.asyncIterator]().next();
      // Whoever awaits it later must not make the process complain now.
      waiting.catch(() => undefined);
      await store.close();
      const step = checkWithin(timeoutMs, 'the next step of a scan', scan.next());
      await checkRejects(step, 'CLOSED', 'the next step of a scan');
      const woken = checkWithin(timeoutMs, 'the end of a watch', waiting);
      await checkRejects(woken, 'CLOSED', 'a watch that waits');
    },
  },
  {
    name: 'a watch ends when its signal fires, and takes its listener off',
    test: async (store, tools) => {
      const { changes, stop, listeners } = watching(store, '');
      const waiting = changes.next();
      await commit(store, put('a'));
      await waiting;
      const last = changes.next();
      stop();
      const step = await checkWithin(tools.timeoutMs, 'the end of the watch', last);
      checkEqual(step.done, true, 'done after the signal fired');
      checkEqual(listeners(), 0, 'the listeners left on the signal');
      const late = store.watch('', undefined, { signal: AbortSignal.abort() });
      const none = late[Symbol.asyncIterator]().next();
      const ended = await checkWithin(tools.timeoutMs, 'the end of a late watch', none);
      checkEqual(ended.done, true, 'done when the signal had fired before');
    },
  },
];

function watching(
  store: Store,
  prefix: string,
  from?: number,
): { changes: AsyncIterator<Change>; stop: () => void; listeners: () => number } {
  const { signal, abort, listeners } = countingSignal();
  const changes = store.watch(prefix, from, { signal })[Symbol.asyncIterator]();
  return { changes, stop: abort, listeners };
}
