/**
 * What lives in a store: the store itself, its views, its snapshots.
 * @module
 */
import type { Snapshot, Store } from '../../../ports/store.ts';
import { checkEqual } from '../../assert.ts';
import { when } from '../law.ts';
import { lifecycleLaws, type Method } from '../lifecycle.ts';
import { all, openSnapshot, put, type StoreLaw, type StoreTools } from './store-law.ts';

const methods: readonly Method<Store>[] = [
  { name: 'get', takesSignal: true, call: (store, signal) => store.get('k', { signal }) },
  { name: 'getMany', takesSignal: true, call: (store, signal) => store.getMany(['k'], { signal }) },
  {
    name: 'getMany of nothing',
    takesSignal: true,
    call: (store, signal) => store.getMany([], { signal }),
  },
  {
    name: 'write',
    takesSignal: true,
    call: (store, signal) => store.write([put('a'), put('b')], { signal }),
    leaves: async (store, done) => {
      const entries = await store.getMany(['a', 'b']);
      const found = entries.map((entry) => entry !== undefined);
      checkEqual(found, [done, done], 'the entries an aborted write left behind');
    },
  },
  {
    name: 'write of nothing',
    takesSignal: true,
    call: (store, signal) => store.write([], { signal }),
  },
  { name: 'scan', takesSignal: true, call: (store, signal) => all(store.scan({}, { signal })) },
];

/** Methods that are told of the end in their own way. */
const waiting: readonly Method<Store>[] = [
  {
    name: 'watch',
    call: async (store) => {
      const watch = store.watch('', 0)[Symbol.asyncIterator]();
      await watch.next();
      await watch.return?.();
    },
  },
  {
    name: 'snapshot',
    call: async (store) => {
      if (store.snapshot === undefined) await store.get('k');
      else await (await store.snapshot()).close();
    },
  },
];

const reads: readonly Method<Snapshot>[] = [
  { name: 'get', takesSignal: true, call: (snapshot, signal) => snapshot.get('k', { signal }) },
  {
    name: 'scan',
    takesSignal: true,
    call: (snapshot, signal) => all(snapshot.scan({}, { signal })),
  },
];

/** What holds for every store. */
export const storeLifecycleLaws: readonly StoreLaw[] = [
  ...lifecycleLaws<Store, Store, StoreTools>({
    what: 'a store',
    open: (store) => store,
    methods: [...methods, ...waiting],
    endings: [{ by: 'close', run: (store) => store.close() }],
  }),
  ...lifecycleLaws<Store, Store, StoreTools>({
    what: 'a view',
    open: (store) => store.sub('v'),
    methods: [...methods, ...waiting],
    endings: [{ by: 'close of its store', run: (_, store) => store.close() }],
  }),
  ...when(
    (store) => store.features.snapshot,
    lifecycleLaws<Snapshot, Store, StoreTools>({
      what: 'a snapshot',
      open: openSnapshot,
      methods: reads,
      endings: [
        { by: 'close', run: (snapshot) => snapshot.close() },
        { by: 'close of its store', run: (_, store) => store.close() },
      ],
    }),
  ),
];
