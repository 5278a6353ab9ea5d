/**
 * Laws of beginnings and endings, stated once and tried on every method.
 * @module
 */
import type { ReadOptions, Store } from '../../ports/store.ts';
import { checkEqual, checkRejects, checkWithin } from '../assert.ts';
import { countingSignal } from '../counting-signal.ts';
import { all, commit, put, type StoreLaw } from './store-law.ts';

interface Method {
  readonly name: string;
  readonly call: (store: Store, options?: ReadOptions) => Promise<unknown>;
}

const cancellable: readonly Method[] = [
  { name: 'get', call: (store, options) => store.get('k', options) },
  { name: 'getMany', call: (store, options) => store.getMany(['k'], options) },
  { name: 'getMany of nothing', call: (store, options) => store.getMany([], options) },
  { name: 'write', call: (store, options) => store.write([put('k')], options) },
  { name: 'write of nothing', call: (store, options) => store.write([], options) },
  { name: 'scan', call: (store, options) => all(store.scan({}, options)) },
];

const methods: readonly Method[] = [
  ...cancellable,
  { name: 'watch', call: (store) => store.watch('')[Symbol.asyncIterator]().next() },
  {
    name: 'snapshot',
    call: async (store) => {
      await (store.snapshot?.() ?? store.get('k'));
    },
  },
];

/** What holds for every store. */
export const lifecycleLaws: readonly StoreLaw[] = [
  {
    name: 'after close every method fails with CLOSED, also of views',
    test: async (store, { timeoutMs }) => {
      const view = store.sub('v');
      await store.close();
      for (const { name, call } of methods) {
        await rejectsSoon(call(store), 'CLOSED', `${name} after close`, timeoutMs);
        await rejectsSoon(call(view), 'CLOSED', `${name} of a view after close`, timeoutMs);
      }
    },
  },
  {
    name: 'closing twice is one close, and await using closes',
    test: async (store) => {
      await commit(store, put('a'));
      await Promise.all([store.close(), store.close()]);
      await store.close();
      await store[Symbol.asyncDispose]();
    },
  },
  {
    name: 'a store never used can be closed',
    test: (store) => store.close(),
  },
  {
    name: 'a write called before close is kept or refused whole',
    test: async (store) => {
      const writing = store.write([put('a'), put('b')]);
      const closing = store.close();
      await writing.catch((error: unknown) =>
        checkRejects(Promise.reject(error as Error), 'CLOSED', 'a write overtaken by close'),
      );
      await closing;
    },
  },
  {
    name: 'a running scan and a running watch fail with CLOSED',
    test: async (store, { timeoutMs }) => {
      await commit(store, put('a'), put('b'));
      const scan = store.scan({})[Symbol.asyncIterator]();
      await scan.next();
      const watch = store.watch('')[Symbol.asyncIterator]();
      const waiting = watch.next();
      // Whoever awaits it later must not make the process complain now.
      waiting.catch(() => undefined);
      await store.close();
      await rejectsSoon(scan.next(), 'CLOSED', 'the next step of a scan', timeoutMs);
      await rejectsSoon(waiting, 'CLOSED', 'a watch that waits', timeoutMs);
    },
  },
  {
    name: 'a signal that has fired stops every method before it does anything',
    test: async (store) => {
      for (const { name, call } of cancellable) {
        const signal = AbortSignal.abort();
        await checkRejects(call(store, { signal }), 'ABORTED', `${name} with a fired signal`);
      }
      checkEqual(await store.get('k'), undefined, 'what an aborted write left behind');
    },
  },
  {
    name: 'a signal that fires during a write means all or nothing',
    test: async (store) => {
      const controller = new AbortController();
      const writing = store.write([put('a'), put('b')], { signal: controller.signal });
      controller.abort();
      const written = await writing.then(
        () => true,
        () => false,
      );
      const entries = await store.getMany(['a', 'b']);
      const found = entries.map((entry) => entry !== undefined);
      checkEqual(found, [written, written], 'the entries');
    },
  },
  {
    name: 'no method leaves a listener on its signal',
    test: async (store) => {
      for (const { name, call } of cancellable) {
        const { signal, listeners } = countingSignal();
        await call(store, { signal });
        checkEqual(listeners(), 0, `the listeners left by ${name}`);
      }
    },
  },
];

async function rejectsSoon(
  promise: Promise<unknown>,
  code: 'CLOSED',
  what: string,
  timeoutMs: number,
): Promise<void> {
  await checkRejects(checkWithin(timeoutMs, what, promise), code, what);
}
