/**
 * Laws of scans: every entry of the range, once, in the order of the keys' bytes.
 * @module
 */
import { toHex, utf8 } from '../../../base/bytes.ts';
import { compareText } from '../../../base/ids.ts';
import type { Key, Range, Store } from '../../../ports/store.ts';
import { check, checkEqual, checkRejects } from '../../assert.ts';
import { seededRandom } from '../../seeded-random.ts';
import { all, commit, keysOf, put, type StoreLaw } from './store-law.ts';

/** What holds for every store. */
export const rangeLaws: readonly StoreLaw[] = [
  {
    name: 'keys are ordered by their UTF-8 bytes',
    test: async (store) => {
      // UTF-16 puts U+10000 and beyond before U+E000 to U+FFFF, a locale puts 'a' before 'B'.
      const keys = [
        'B',
        'a',
        'a\0',
        'a/',
        'a/b',
        'a0',
        'ä',
        '日',
        '\ue000',
        '\uffff',
        '\u{10000}',
        '🜁',
      ];
      await commit(store, ...keys.toReversed().map((key) => put(key)));
      checkEqual(await keysOf(store.scan({})), keys, 'the keys of a scan');
      const reversed = await keysOf(store.scan({ reverse: true }));
      checkEqual(reversed, keys.toReversed(), 'the keys of a reverse scan');
    },
  },
  {
    name: 'bounds are exact and hold together',
    test: async (store) => {
      await commit(store, ...['a', 'b', 'b/1', 'b/2', 'c', 'd'].map((key) => put(key)));
      const cases: [Range, Key[]][] = [
        [{ prefix: 'b' }, ['b', 'b/1', 'b/2']],
        [{ prefix: 'b/' }, ['b/1', 'b/2']],
        [{ gt: 'b' }, ['b/1', 'b/2', 'c', 'd']],
        [{ gte: 'b', lt: 'c' }, ['b', 'b/1', 'b/2']],
        [{ gt: 'b/1', lte: 'c' }, ['b/2', 'c']],
        [{ prefix: 'b', gt: 'a', lt: 'b/2' }, ['b', 'b/1']],
        [{ prefix: 'x' }, []],
        [{ gt: 'c', lt: 'b' }, []],
        [{ gte: 'b', limit: 2 }, ['b', 'b/1']],
        [{ lte: 'c', reverse: true, limit: 2 }, ['c', 'b/2']],
        [{ prefix: 'b', reverse: true }, ['b/2', 'b/1', 'b']],
        [{ limit: 0 }, []],
      ];
      for (const [range, keys] of cases) {
        checkEqual(await keysOf(store.scan(range)), keys, `the scan of ${JSON.stringify(range)}`);
      }
    },
  },
  { name: 'any range of any keys is what sorting and filtering gives', test: rangesAgreeWithModel },
  {
    name: 'a long scan yields every entry once',
    test: async (store) => {
      const keys = Array.from({ length: 1_000 }, (_, i) => `k/${String(i).padStart(4, '0')}`);
      await commit(store, ...keys.map((key) => put(key)));
      checkEqual(await keysOf(store.scan({ prefix: 'k/' })), keys, 'a scan');
      const reversed = await keysOf(store.scan({ reverse: true, limit: 700 }));
      checkEqual(reversed, keys.toReversed().slice(0, 700), 'a reverse scan of 700');
    },
  },
  {
    name: 'a scan bears writes while it runs',
    test: async (store) => {
      const keys = Array.from({ length: 600 }, (_, i) => `k/${String(i).padStart(4, '0')}`);
      await commit(store, ...keys.map((key) => put(key)));
      const seen: Key[] = [];
      for await (const { key } of store.scan({ prefix: 'k/' })) {
        if (seen.length % 100 === 0) await commit(store, { del: keys[0]! }, put(`j/${key}`));
        seen.push(key);
      }
      checkEqual(seen, keys, 'the entries nobody touched');
    },
  },
  {
    name: 'a scan may be left early',
    test: async (store) => {
      await commit(store, put('a'), put('b'));
      for await (const entry of store.scan({})) {
        checkEqual(entry.key, 'a', 'the first key');
        break;
      }
      await commit(store, put('c'));
      checkEqual(await keysOf(store.scan({})), ['a', 'b', 'c'], 'the keys afterwards');
    },
  },
  {
    name: 'scanned entries are whole',
    test: async (store) => {
      const revision = await commit(store, put('k', 'text'));
      const expected = [{ key: 'k', value: utf8('text'), revision }];
      checkEqual(await all(store.scan({})), expected, 'the entries');
    },
  },
  {
    name: 'a limit is a whole number from 0',
    test: async (store) => {
      for (const limit of [-1, 1.5, Number.NaN]) {
        const scan = all(store.scan({ limit }));
        await checkRejects(scan, 'INVALID_ARGUMENT', `a scan with limit ${String(limit)}`);
      }
    },
  },
];

const alphabet = [
  'a',
  'b',
  '/',
  '\0',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
];

async function rangesAgreeWithModel(store: Store): Promise<void> {
  const random = seededRandom('ranges');
  const text = (min: number): string =>
    Array.from(
      { length: min + Math.floor(random.next() * 3) },
      () => alphabet[Math.floor(random.next() * alphabet.length)],
    ).join('');
  const maybe = <T>(value: T): T | undefined => (random.next() < 0.4 ? value : undefined);
  const keys = [...new Set(Array.from({ length: 60 }, () => text(1)))];
  await commit(store, ...keys.map((key) => put(key)));
  for (let i = 0; i < 60; i += 1) {
    const entries = Object.entries({
      prefix: maybe(text(0)),
      gt: maybe(text(0)),
      gte: maybe(text(0)),
      lt: maybe(text(1)),
      lte: maybe(text(1)),
      reverse: maybe(true),
      limit: maybe(Math.floor(random.next() * 5)),
    });
    const range = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Range;
    const got = await keysOf(store.scan(range));
    checkEqual(got, modelScan(keys, range), `the scan of ${JSON.stringify(range)}`);
  }
  check(keys.length > 30, 'the model needs keys');
}

function modelScan(keys: readonly Key[], range: Range): Key[] {
  const hex = (key: Key): string => toHex(utf8(key));
  const { prefix = '', gt, gte, lt, lte } = range;
  const inside = keys.filter(
    (key) =>
      key.startsWith(prefix) &&
      (gt === undefined || hex(key) > hex(gt)) &&
      (gte === undefined || hex(key) >= hex(gte)) &&
      (lt === undefined || hex(key) < hex(lt)) &&
      (lte === undefined || hex(key) <= hex(lte)),
  );
  const sorted = inside.toSorted((a, b) => compareText(hex(a), hex(b)));
  return (range.reverse === true ? sorted.toReversed() : sorted).slice(0, range.limit);
}
