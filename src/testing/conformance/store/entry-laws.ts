/**
 * Laws of single entries: what was written is what is read.
 * @module
 */
import { utf8 } from '../../../base/bytes.ts';
import type { Durability, Op, Store } from '../../../ports/store.ts';
import { check, checkEqual, checkRejects } from '../../assert.ts';
import { all, commit, put, revisionOf, type StoreLaw } from './store-law.ts';

/** What holds for every store. */
export const entryLaws: readonly StoreLaw[] = [
  {
    name: 'an entry read is the entry written',
    test: async (store) => {
      const revision = await commit(store, put('a/one', 'first'));
      const expected = { key: 'a/one', value: utf8('first'), revision };
      checkEqual(await store.get('a/one'), expected, 'the entry');
      checkEqual(await store.get('a/two'), undefined, 'a key never written');
      checkEqual(await store.get('a'), undefined, 'a key that is only the beginning of another');
    },
  },
  {
    name: 'getMany answers in the order of its keys',
    test: async (store) => {
      await commit(store, put('a'), put('b'), put('c'));
      const entries = await store.getMany(['c', 'missing', 'a', 'c']);
      checkEqual(
        entries.map((entry) => entry?.key),
        ['c', undefined, 'a', 'c'],
        'the keys answered',
      );
      checkEqual(await store.getMany([]), [], 'getMany of nothing');
    },
  },
  {
    name: 'a put replaces and a delete removes',
    test: async (store) => {
      await commit(store, put('k', 'old'));
      const revision = await commit(store, put('k', 'new'));
      const entry = await store.get('k');
      checkEqual(entry?.value, utf8('new'), 'the value after a second put');
      checkEqual(entry?.revision, revision, 'the revision after a second put');
      await commit(store, { del: 'k' });
      checkEqual(await store.get('k'), undefined, 'the entry after its delete');
      revisionOf(await store.write([{ del: 'k' }]), 'the delete of a missing key');
    },
  },
  {
    name: 'operations of one write apply in their order and share one revision',
    test: async (store) => {
      await commit(store, put('gone'), put('back', 'old'));
      const ops: Op[] = [put('gone', 'x'), { del: 'gone' }, { del: 'back' }, put('back', 'new')];
      const revision = await commit(store, ...ops, put('other'));
      checkEqual(await store.get('gone'), undefined, 'a key put, then deleted');
      const [back, other] = await store.getMany(['back', 'other']);
      checkEqual(back?.value, utf8('new'), 'a key deleted, then put');
      checkEqual([back?.revision, other?.revision], [revision, revision], 'the revisions');
    },
  },
  {
    name: 'revisions grow with every commit',
    test: async (store) => {
      const revisions: number[] = [];
      for (const op of [put('a'), put('b'), put('a'), { del: 'b' }]) {
        revisions.push(await commit(store, op));
      }
      const growing = revisions.every((one, i) => i === 0 || one > revisions[i - 1]!);
      check(growing, `revisions must grow, got ${revisions.join(', ')}`);
      await commit(store);
    },
  },
  {
    name: 'a write is all or nothing',
    test: async (store) => {
      const ops = [put('first'), put('second'), put('')];
      await checkRejects(store.write(ops), 'INVALID_ARGUMENT', 'a write with an empty key');
      const torn = await store.getMany(['first', 'second']);
      checkEqual(torn, [undefined, undefined], 'what a failed write left behind');
    },
  },
  {
    name: 'nobody changes an entry through a buffer',
    test: async (store) => {
      const mine = utf8('as written');
      const writing = store.write([{ put: 'k', value: mine }]);
      mine.fill(0);
      await writing;
      const read = await store.get('k');
      checkEqual(read?.value, utf8('as written'), "the value after the writer's buffer changed");
      read?.value.fill(0);
      for await (const entry of store.scan({})) entry.value.fill(0);
      const again = await store.get('k');
      checkEqual(again?.value, utf8('as written'), "the value after a reader's buffer changed");
      for (const follower of ['one follower', 'another follower']) {
        for await (const { value } of store.watch('', 0)) {
          checkEqual(value, utf8('as written'), `the value as told to ${follower}`);
          value?.fill(0);
          break;
        }
      }
    },
  },
  {
    name: 'empty values and values of 1 MiB survive',
    test: async (store) => {
      const big = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31) % 251);
      await commit(store, { put: 'big', value: big }, { put: 'empty', value: new Uint8Array(0) });
      checkEqual((await store.get('big'))?.value, big, 'a value of 1 MiB');
      checkEqual((await store.get('empty'))?.value, new Uint8Array(0), 'an empty value');
    },
  },
  { name: 'keys are 1 to 512 bytes of UTF-8', test: keyLimits },
  {
    name: 'every character may stand in a key',
    test: async (store) => {
      const keys = [
        '\0',
        'a\0',
        'a\0b',
        ' ',
        '%_*?',
        "'--",
        '/',
        'a//b',
        'ä',
        '日本',
        '\uffff',
        '🜁',
      ];
      await commit(store, ...keys.map((key) => put(key)));
      for (const key of keys) {
        const entry = await store.get(key);
        checkEqual(entry?.value, utf8(key), `the value of key ${JSON.stringify(key)}`);
      }
      checkEqual((await all(store.scan({}))).length, keys.length, 'the number of entries');
    },
  },
  {
    name: 'concurrent writes are all kept',
    test: async (store) => {
      const keys = Array.from({ length: 100 }, (_, i) => `k/${String(i)}`);
      await Promise.all(keys.map((key) => commit(store, put(key), put(`${key}/twin`))));
      checkEqual((await all(store.scan({ prefix: 'k/' }))).length, 200, 'the number of entries');
    },
  },
  { name: 'a write gets the durability it asks for or UNSUPPORTED', test: durability },
];

async function keyLimits(store: Store): Promise<void> {
  const longest = 'é'.repeat(256);
  await commit(store, put(longest, 'x'));
  checkEqual((await store.get(longest))?.key, longest, 'a key of 512 bytes');
  for (const [what, key] of [
    ['an empty key', ''],
    ['a key of 513 bytes', 'x'.repeat(513)],
    ['a key of 514 bytes in 257 characters', 'é'.repeat(257)],
    ['a key with half a surrogate pair', 'a\ud800'],
  ] as const) {
    await checkRejects(store.get(key), 'INVALID_ARGUMENT', `get of ${what}`);
    await checkRejects(store.getMany(['a', key]), 'INVALID_ARGUMENT', `getMany with ${what}`);
    await checkRejects(store.write([put(key, 'x')]), 'INVALID_ARGUMENT', `a put of ${what}`);
    await checkRejects(store.write([{ del: key }]), 'INVALID_ARGUMENT', `a delete of ${what}`);
  }
}

const levels: readonly Durability[] = ['none', 'process', 'power'];

async function durability(store: Store): Promise<void> {
  const has = levels.indexOf(store.features.durable);
  for (const [level, durable] of levels.entries()) {
    const writing = store.write([put(`k/${durable}`)], { durable });
    const mayRefuse = level > has;
    if (mayRefuse && store.features.durable === 'none') {
      await checkRejects(writing, 'UNSUPPORTED', `durability '${durable}' of a store with 'none'`);
    } else if (mayRefuse) {
      await writing.catch((error: unknown) =>
        checkRejects(Promise.reject(error as Error), 'UNSUPPORTED', 'a refusal'),
      );
    } else {
      revisionOf(await writing, `a write with durability '${durable}'`);
    }
  }
}
