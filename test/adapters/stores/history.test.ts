import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { sqliteStore } from '../../../src/adapters/stores/sqlite.ts';
import type { Change, Op, Store } from '../../../src/ports/store.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-history-'));
let count = 0;
let now = 1_000_000;
const clock = { now: () => now };
const put = (key: string, size = 100): Op => ({ put: key, value: new Uint8Array(size) });

afterAll(() => {
  rmSync(root, { recursive: true });
});

const makers = {
  memory: (historyBytes: number) => memoryStore({ historyBytes, clock }),
  sqlite: (historyBytes: number) =>
    sqliteStore(join(root, String((count += 1))), { historyBytes, clock, durable: 'process' }),
};

describe.each(Object.entries(makers))('the change log of the %s store', (_, make) => {
  it('tells a follower that was away too long, instead of leaving out a delete', async () => {
    await using store = make(2_000);
    const left = await write(store, put('a'), put('b'));
    await write(store, { del: 'a' });
    for (let i = 0; i < 30; i += 1) await write(store, put('b'));
    await expect(changes(store, left)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('takes back a follower that missed nothing forgotten', async () => {
    await using store = make(2_000);
    for (let i = 0; i < 30; i += 1) await write(store, put('b'));
    const left = await write(store, put('c'));
    const last = await write(store, { del: 'b' });
    const seen = await changes(store, left);
    expect(seen).toMatchObject([{ key: 'b', revision: last, deleted: true }]);
    expect(await changes(store, last)).toEqual([]);
  });

  it('keeps the records of live entries however old they are', async () => {
    await using store = make(2_000);
    await write(store, put('old'));
    for (let i = 0; i < 200; i += 1) await write(store, put(`k/${String(i % 3)}`));
    const seen = await changes(store, 0);
    expect(seen.slice(0, 1)).toMatchObject([{ key: 'old', revision: 1 }]);
    expect(new Set(seen.map(({ key }) => key))).toEqual(new Set(['old', 'k/0', 'k/1', 'k/2']));
    expect(seen.length).toBeLessThan(20);
  });

  it('forgets an old record when it dies late, and does not thereby forget what it forgot', async () => {
    await using store = make(2_000);
    const left = await write(store, put('old'));
    for (let i = 0; i < 60; i += 1) await write(store, put('k'));
    for (let i = 0; i < 20; i += 1) await write(store, put(`live/${String(i)}`));
    const last = await write(store, put('old'));
    const revisions = (await changes(store, 0)).map(({ revision }) => revision);
    expect(revisions).not.toContain(left);
    expect(revisions.at(-1)).toBe(last);
    await expect(changes(store, left + 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('fails a follower that is overtaken while it listens', async () => {
    await using store = make(2_000);
    const watch = store.watch('')[Symbol.asyncIterator]();
    await write(store, put('a'));
    await watch.next();
    for (let i = 0; i < 400; i += 1) await write(store, put('a'));
    const following = (async () => {
      for (;;) await watch.next();
    })();
    await expect(following).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('fails a new follower whose catching up is overtaken', async () => {
    await using store = make(2_000);
    for (let i = 0; i < 300; i += 1) await write(store, put(`k/${String(i)}`));
    const watch = store.watch('', 0)[Symbol.asyncIterator]();
    await watch.next();
    await write(store, { del: 'k/0' });
    for (let i = 0; i < 30; i += 1) await write(store, put('z'));
    const following = (async () => {
      for (;;) await watch.next();
    })();
    await expect(following).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tells the end of an expired entry as a delete, with the next commit that clears up', async () => {
    await using store = make(100_000);
    const left = await write(store, { ...put('brief'), ttlMs: 10 });
    now += 5_000;
    await write(store, put('other'));
    const told = (await changes(store, left)).filter(({ key }) => key === 'brief');
    expect(told).toMatchObject([{ key: 'brief', deleted: true }]);
  });
});

async function write(store: Store, ...ops: Op[]): Promise<number> {
  const commit = await store.write(ops);
  return commit.ok ? commit.revision : Number.NaN;
}

/** The changes after `from` up to now. */
async function changes(store: Store, from: number): Promise<Change[]> {
  const stop = new AbortController();
  const seen: Change[] = [];
  const timer = setTimeout(() => {
    stop.abort();
  }, 20);
  for await (const change of store.watch('', from, { signal: stop.signal })) seen.push(change);
  clearTimeout(timer);
  return seen;
}
