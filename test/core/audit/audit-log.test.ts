import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts';
import { canonicalJson } from '../../../src/base/canonical.ts';
import { MeshError } from '../../../src/base/errors.ts';
import {
  Audit,
  type AuditEntry,
  AuditLog,
  link,
  linkProblem,
  verifyLog,
} from '../../../src/core/audit/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Entry, Store } from '../../../src/ports/store.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { party, TestKeys } from '../trust/rig.ts';

const keeper = party('keeper');
const keys = new TestKeys();
const crypto = nodeCrypto;

function rig(options: { store?: Store; headEvery?: number } = {}) {
  const clock = virtualClock();
  const store = options.store ?? memoryStore({ clock });
  const { did, signer } = keeper;
  const { headEvery = 4 } = options;
  const random = seededRandom('audit');
  const log = new AuditLog({ did, signer, keys, store, clock, crypto, random, headEvery });
  return { clock, store, log };
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function rows(store: Store, prefix: string): Promise<readonly Entry[]> {
  return all(store.scan({ prefix }));
}

/** A log of `count` entries as it stands in its store. */
async function written(count: number, headEvery = 4): Promise<Store> {
  const { log, store } = rig({ headEvery });
  for (let i = 0; i < count; i += 1) await log.append(i % 2 === 0 ? 'task' : 'policy', { i });
  await log.close();
  return store;
}

const verdictOf = (store: Store) => verifyLog(store, { keeper: keeper.did }, { keys, crypto });
const keyOf = (index: number): string => `entry/${String(index).padStart(16, '0')}`;

describe('an audit log', () => {
  it('keeps entries in order, each bound to the one before', async () => {
    const { log } = rig();
    const first = await log.append('task', { task: 't1' });
    const second = await log.append('policy', { effect: 'deny' });
    expect(first.previous).toBeUndefined();
    expect(second).toMatchObject({ index: 1, kind: 'policy', previous: first.hash });
    expect(await all(log.entries())).toEqual([first, second]);
    expect(await log.verify()).toEqual({ intact: true, entries: 2, signed: 0 });
  });

  it('filters by kind, time and number', async () => {
    const { log, clock } = rig();
    for (let i = 0; i < 6; i += 1) {
      await log.append(i % 2 === 0 ? 'task' : 'policy', { i });
      await clock.advance('1m');
    }
    const indexes = async (filter: Parameters<AuditLog['entries']>[0]) =>
      (await all(log.entries(filter))).map(({ index }) => index);
    expect(await indexes({ kind: 'task' })).toEqual([0, 2, 4]);
    expect(await indexes({ kind: 'task', limit: 2 })).toEqual([0, 2]);
    expect(await indexes({ limit: 0 })).toEqual([]);
    const [from, to] = ['2030-01-01T00:02:00.000Z', '2030-01-01T00:04:00.000Z'];
    expect(await indexes({ from, to })).toEqual([2, 3]);
    await expect(indexes({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('continues after a restart', async () => {
    const store = await written(5);
    const { log } = rig({ store });
    expect((await log.append('trust', {})).index).toBe(5);
    expect(await log.verify()).toMatchObject({ intact: true, entries: 6 });
  });

  it('writes what comes together in one write', async () => {
    const store = memoryStore();
    let writes = 0;
    const counting: Store = Object.create(store, {
      write: {
        value: (...args: Parameters<Store['write']>) => {
          writes += 1;
          return store.write(...args);
        },
      },
    }) as Store;
    Object.defineProperty(counting, 'get', { value: store.get.bind(store) });
    Object.defineProperty(counting, 'scan', { value: store.scan.bind(store) });
    const { log } = rig({ store: counting, headEvery: 1_000 });
    for (let i = 0; i < 100; i += 1) log.appendSoon('task', { i });
    const last = await log.append('task', {});
    expect(last.index).toBe(100);
    expect(writes).toBe(1);
  });

  it('gives every one of many concurrent appends its own place', async () => {
    const { log } = rig();
    const entries = await Promise.all(
      Array.from({ length: 50 }, (_, i) => log.append('task', { i })),
    );
    expect(entries.map(({ index }) => index)).toEqual(entries.map((_, i) => i));
    expect(await log.verify()).toMatchObject({ intact: true, entries: 50 });
  });

  it('takes turns with another writer of the same store', async () => {
    const store = memoryStore();
    const [a, b] = [rig({ store }).log, rig({ store }).log];
    for (let i = 0; i < 5; i += 1) {
      await Promise.all([a.append('task', { a: i }), b.append('task', { b: i })]);
    }
    expect(await verdictOf(store)).toMatchObject({ intact: true, entries: 10 });
  });

  it('keeps a body as it was when it was added', async () => {
    const { log } = rig();
    const body = { secret: 'before' };
    const appended = log.append('task', body);
    body.secret = 'after';
    expect((await appended).body).toEqual({ secret: 'before' });
    expect(await log.verify()).toMatchObject({ intact: true });
  });

  it('refuses what is no JSON, too long, or of no kind', async () => {
    const { log } = rig();
    const refused = async (kind: string, body: unknown) => {
      const error: unknown = await log
        .append(kind, body as never)
        .catch((reason: unknown) => reason);
      return MeshError.is(error) ? error.code : 'none';
    };
    expect(await refused('task', Number.NaN)).toBe('SCHEMA_INVALID');
    expect(await refused('task', 'x'.repeat(65_536))).toBe('LIMIT_EXCEEDED');
    expect(await refused('Two words', {})).toBe('SCHEMA_INVALID');
    expect(await log.verify()).toEqual({ intact: true, entries: 0, signed: 0 });
  });

  it('tells who waits when the store fails, and keeps what nobody waits for until it works again', async () => {
    const store = memoryStore();
    let broken = true;
    const failing: Store = {
      features: store.features,
      get: (key) => store.get(key),
      getMany: (wanted) => store.getMany(wanted),
      scan: (range) => store.scan(range),
      watch: (prefix) => store.watch(prefix),
      sub: (prefix) => store.sub(prefix),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
      write: (ops, options) =>
        broken
          ? Promise.reject(new MeshError('STORE_FULL', { store: 'test' }))
          : store.write(ops, options),
    };
    const { log, clock } = rig({ store: failing });
    log.appendSoon('task', { soon: 1 });
    await expect(log.append('task', { waits: 1 })).rejects.toMatchObject({ code: 'STORE_FULL' });
    broken = false;
    await clock.advance('1s');
    expect((await all(log.entries())).map(({ body }) => body)).toEqual([{ soon: 1 }]);
    broken = true;
    log.appendSoon('task', { soon: 2 });
    await expect(log.close()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('refuses more than 10,000 waiting entries', () => {
    const { log } = rig();
    for (let i = 0; i < 10_000; i += 1) log.appendSoon('task', i);
    expect(() => {
      log.appendSoon('task', 10_000);
    }).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  });

  it('takes nothing after close, which may be called twice', async () => {
    const { log, clock } = rig();
    log.appendSoon('task', {});
    await log.close();
    await log.close();
    expect(() => {
      log.appendSoon('task', {});
    }).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expect(log.append('task', {})).rejects.toMatchObject({ code: 'CLOSED' });
    expect(clock.timers).toBe(0);
  });

  it('says so when its last entry is gone at the start', async () => {
    const store = await written(3);
    await store.write([{ del: keyOf(2) }]);
    await expect(rig({ store }).log.open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('is signed every few entries and at close', async () => {
    const { log, store } = rig({ headEvery: 4 });
    for (let i = 0; i < 10; i += 1) await log.append('task', { i });
    expect((await log.heads()).map(({ index }) => index)).toEqual([3, 7]);
    expect(await log.verify()).toEqual({ intact: true, entries: 10, signed: 8 });
    await log.close();
    expect(await verdictOf(store)).toEqual({ intact: true, entries: 10, signed: 10 });
  });
});

describe('tampering with a stored log', () => {
  const size = 12;

  it('flipping any bit of any entry is found, and the entry named', async () => {
    const store = await written(size);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: size - 1 }),
        fc.nat(),
        fc.nat({ max: 7 }),
        async (index, at, bit) => {
          const [entry] = [await store.get(keyOf(index))];
          const value = Uint8Array.from(entry!.value);
          value[at % value.length]! ^= 1 << bit;
          await store.write([{ put: keyOf(index), value }]);
          expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: index });
          await store.write([{ put: keyOf(index), value: entry!.value }]);
          expect(await verdictOf(store)).toMatchObject({ intact: true });
        },
      ),
    );
  });

  it('deleting any entry is found, and the entry named', async () => {
    for (let index = 0; index < size; index += 1) {
      const store = await written(size);
      await store.write([{ del: keyOf(index) }]);
      expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: index });
    }
  });

  it('swapping any two entries is found, and the first of them named', async () => {
    const store = await written(size);
    const two = fc.uniqueArray(fc.nat({ max: size - 1 }), { minLength: 2, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(two, async (pair) => {
        const [a, b] = pair as [number, number];
        const [one, other] = [await store.get(keyOf(a)), await store.get(keyOf(b))];
        await store.write([
          { put: keyOf(a), value: other!.value },
          { put: keyOf(b), value: one!.value },
        ]);
        const verdict = await verdictOf(store);
        expect(verdict).toMatchObject({ intact: false, firstBreak: Math.min(a, b) });
        await store.write([
          { put: keyOf(a), value: one!.value },
          { put: keyOf(b), value: other!.value },
        ]);
      }),
      { numRuns: 30 },
    );
  });

  it('inserting an entry is found, with all later ones moved up or without', async () => {
    for (let at = 0; at <= size; at += 1) {
      const store = await written(size);
      const values = (await rows(store, 'entry/')).map(({ value }) => value);
      const copy = values[Math.min(at, size - 1)]!;
      values.splice(at, 0, copy);
      await store.write(values.map((value, i) => ({ put: keyOf(i), value })));
      const verdict = await verdictOf(store);
      // A copy before the entry it copies is that entry; the one after it is the break.
      expect(verdict).toMatchObject({ intact: false, firstBreak: at === size ? size : at + 1 });
    }
    const store = await written(size);
    await store.write([{ put: `${keyOf(3)}x`, value: (await store.get(keyOf(3)))!.value }]);
    expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: 4 });
  });

  it('rewriting the chain from any entry on is found under the signed heads', async () => {
    for (let from = 0; from < size; from += 1) {
      const store = await written(size);
      const entries = (await rows(store, 'entry/')).map(
        ({ value }) => JSON.parse(fromUtf8(value)) as AuditEntry,
      );
      let end = from === 0 ? { length: 0 } : { length: from, hash: entries[from - 1]!.hash };
      const ops = entries.slice(from).map((entry) => {
        const forged = link(end, { ...entry, body: { forged: true } }, crypto);
        end = { length: forged.index + 1, hash: forged.hash };
        return { put: keyOf(forged.index), value: utf8(canonicalJson(forged)) };
      });
      await store.write([...ops, { put: 'end', value: utf8(canonicalJson(end)) }]);
      const verdict = await verdictOf(store);
      // Each head covers four entries: the rewriting shows at the first head after it begins.
      expect(verdict).toMatchObject({ intact: false, firstBreak: 4 * Math.floor(from / 4) + 3 });
    }
  });

  it('replacing one entry by another that is sound in itself is found at the one after it', async () => {
    const store = await written(size, 1_000);
    await store.write([{ del: `head/${String(size - 1).padStart(16, '0')}` }]);
    const entries = (await rows(store, 'entry/')).map(
      ({ value }) => JSON.parse(fromUtf8(value)) as AuditEntry,
    );
    for (let index = 0; index < size; index += 1) {
      const end = index === 0 ? { length: 0 } : { length: index, hash: entries[index - 1]!.hash };
      const forged = link(end, { ...entries[index]!, body: { forged: true } }, crypto);
      const key = keyOf(index);
      await store.write([{ put: key, value: utf8(canonicalJson(forged)) }]);
      expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: index + 1 });
      await store.write([{ put: key, value: utf8(canonicalJson(entries[index])) }]);
    }
  });

  it('an entry with another number, sound in itself, is found', () => {
    const first = link(
      { length: 0 },
      { at: '2030-01-01T00:00:00.000Z', kind: 'task', body: 1 },
      crypto,
    );
    const end = { length: 1, hash: first.hash };
    const third = link({ length: 2, hash: first.hash }, first, crypto);
    expect(linkProblem(end, third, crypto)).toMatch(/numbered 2/);
    expect(linkProblem(end, link(end, first, crypto), crypto)).toBeUndefined();
  });

  it('writing the same entry in another spelling is found', async () => {
    const store = await written(size);
    const { value } = (await store.get(keyOf(5)))!;
    await store.write([{ put: keyOf(5), value: utf8(` ${fromUtf8(value)}`) }]);
    expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: 5 });
  });

  it('cutting the end off, or changing where it is, is found', async () => {
    const store = await written(size);
    const last = JSON.parse(fromUtf8((await store.get(keyOf(size - 2)))!.value)) as AuditEntry;
    const end = { length: size - 1, hash: last.hash };
    await store.write([{ del: keyOf(size - 1) }, { put: 'end', value: utf8(canonicalJson(end)) }]);
    // The head signed at close still stands for the entry that was cut off.
    expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: size - 1 });
    const other = await written(size);
    await other.write([{ put: 'end', value: utf8('{}') }]);
    expect(await verdictOf(other)).toMatchObject({ intact: false, firstBreak: size });
  });

  it('a head that is changed, moved or signed by somebody else is found', async () => {
    const store = await written(size);
    const [head] = await rows(store, 'head/');
    const { key, value } = head!;
    const signed = JSON.parse(fromUtf8(value)) as { proof: { signature: string } };
    const forgeries = [
      utf8('not JSON'),
      utf8(canonicalJson({ ...signed, at: '2031-01-01T00:00:00.000Z' })),
      utf8(canonicalJson({ ...signed, index: 4 })),
      utf8(
        canonicalJson({ ...signed, proof: { ...signed.proof, keyId: party('x').signer.keyId } }),
      ),
    ];
    for (const forged of forgeries) {
      await store.write([{ put: key, value: forged }]);
      expect(await verdictOf(store)).toMatchObject({ intact: false, firstBreak: 3 });
    }
    await store.write([{ put: key, value }]);
    expect(await verdictOf(store)).toMatchObject({ intact: true });
  });
});

describe('the audit desk', () => {
  it('gives receipts and keeps the log', async () => {
    const { clock, store } = rig();
    const { did, signer } = keeper;
    const random = seededRandom(1);
    await using audit = new Audit({ did, signer, keys, store, clock, crypto, random });
    await audit.start();
    const asker = party('asker');
    const receipt = await audit.receipt({
      task: 't1',
      type: 'echo',
      agent: `${did}#node/echo`,
      for: asker.did,
      outcome: 'failed',
      input: 'hello',
      policyVersion: 'none',
    });
    expect(receipt).toMatchObject({ by: did, at: '2030-01-01T00:00:00.000Z', outcome: 'failed' });
    await expect(
      audit.verifyReceipt(receipt, { input: 'hello', for: asker.did }),
    ).resolves.toBeDefined();
    await audit.append('task', { receipt: receipt.id });
    audit.appendSoon('policy', { effect: 'allow' });
    expect(await all(audit.entries())).toHaveLength(2);
    expect(await audit.verify()).toMatchObject({ intact: true, entries: 2 });
    await audit.close();
    await expect(audit.start()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
