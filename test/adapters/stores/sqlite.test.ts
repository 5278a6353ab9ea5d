import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type SqliteStoreOptions, sqliteStore } from '../../../src/adapters/stores/sqlite.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import type { Store } from '../../../src/ports/store.ts';
import { storeConformance } from '../../../src/testing/index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-store-'));
let count = 0;
const freshFolder = (): string => join(root, String((count += 1)));
const put = (key: string, bytes = 1) => ({ put: key, value: new Uint8Array(bytes) });

afterAll(() => {
  rmSync(root, { recursive: true });
});

describe.each([{}, { durable: 'process' }] as SqliteStoreOptions[])(
  'sqlite store %o',
  (options) => {
    const folders = new WeakMap<Store, string>();
    const make = (): Store => {
      const folder = freshFolder();
      const store = sqliteStore(folder, options);
      folders.set(store, folder);
      return store;
    };
    const another = (store: Store): Store => sqliteStore(folders.get(store)!);
    for (const { name, run } of storeConformance(make, { another })) it(name, run);
  },
);

describe('the file of a sqlite store', () => {
  it('is made with the first use, for the eyes of its owner only', async () => {
    const folder = join(freshFolder(), 'deep', 'down');
    await using store = sqliteStore(folder);
    expect(existsSync(folder)).toBe(false);
    await store.write([put('a')]);
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'mesh.sqlite')).mode & 0o077).toBe(0);
  });

  it('is not made by a store that is closed unused', async () => {
    const folder = freshFolder();
    await sqliteStore(folder).close();
    expect(existsSync(folder)).toBe(false);
  });

  it.each(['', ':memory:', 'a\0b'])('has a path that is a folder, not %j', (path) => {
    expect(() => sqliteStore(path)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        params: expect.objectContaining({ argument: 'path' }) as object,
      }),
    );
  });

  it('fails with STORE_FAILED where the folder is a file', async () => {
    const path = freshFolder();
    writeFileSync(path, 'here already');
    await using store = sqliteStore(path);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.write([put('a')])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('fails with STORE_CORRUPT when it is no database, and is left as it was', async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'mesh.sqlite'),
      'this is no database at all, but long enough. '.repeat(50),
    );
    await using store = sqliteStore(folder);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(statSync(join(folder, 'mesh.sqlite')).size).toBe(45 * 50);
  });

  it('fails with STORE_CORRUPT when it is the database of another program', async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    withDatabase(folder, (database) => {
      database.exec('CREATE TABLE bills (id); PRAGMA user_version = 1');
    });
    await using store = sqliteStore(folder);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    withDatabase(folder, (database) => {
      expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    });
  });

  it('fails with STORE_CORRUPT when pages in its midst are damaged', async () => {
    const folder = freshFolder();
    const store = sqliteStore(folder);
    await store.write(Array.from({ length: 200 }, (_, i) => put(`k/${String(i)}`, 1_000)));
    await store.close();
    const file = join(folder, 'mesh.sqlite');
    const size = statSync(file).size;
    writeFileSync(file, Buffer.alloc(size - 4_096, 0xaa), { flag: 'r+' });
    await using damaged = sqliteStore(folder);
    await expect(damaged.get('k/1')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('fails with STORE_VERSION when a later release wrote it', async () => {
    const folder = freshFolder();
    const store = sqliteStore(folder);
    await store.write([put('a')]);
    await store.close();
    withDatabase(folder, (database) => {
      database.exec('PRAGMA user_version = 7');
    });
    await using later = sqliteStore(folder);
    const params = { store: folder, found: 7, supported: 1 };
    await expect(later.get('a')).rejects.toMatchObject({ code: 'STORE_VERSION', params });
  });
});

describe('a full sqlite store', () => {
  it('refuses with STORE_FULL, has written nothing of it, and has room again after deletes', async () => {
    await using store = sqliteStore(freshFolder(), { maxBytes: 512 * 1024 });
    let fitting = 0;
    const fill = async (): Promise<void> => {
      for (; fitting < 1_000; fitting += 1) {
        const name = String(fitting);
        await store.write([put(`a/${name}`, 10_000), put(`b/${name}`, 10_000)]);
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true });
    expect(fitting).toBeGreaterThan(5);
    const torn = await store.getMany([`a/${String(fitting)}`, `b/${String(fitting)}`]);
    expect(torn).toEqual([undefined, undefined]);
    for (let i = 0; i < fitting; i += 1) await store.write([{ del: `a/${String(i)}` }]);
    await store.write([put('again', 10_000)]);
  });

  it('still commits the others of a group in which one has no room', async () => {
    await using store = sqliteStore(freshFolder(), { maxBytes: 256 * 1024 });
    const outcomes = await Promise.allSettled([
      store.write([put('small/1')]),
      store.write([put('big/a'), put('big/b', 1_000_000)]),
      store.write([put('small/2')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const keys = [];
    for await (const { key } of store.scan({})) keys.push(key);
    expect(keys).toEqual(['small/1', 'small/2']);
  });
});

describe('group commit', () => {
  it('commits the writes of one turn in one transaction', async () => {
    await using store = sqliteStore(freshFolder());
    await store.get('open');
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec');
    const writes = Array.from({ length: 50 }, (_, i) => store.write([put(String(i))]));
    const commits = await Promise.all(writes);
    const statements = exec.mock.calls.map(([sql]) => sql);
    exec.mockRestore();
    expect(statements).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
    expect(new Set(commits.map((commit) => commit.ok && commit.revision)).size).toBe(50);
  });

  it('flushes to the disk exactly when one of the group asks for it', async () => {
    await using store = sqliteStore(freshFolder());
    await store.get('open');
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec');
    await store.write([put('a')], { durable: 'process' });
    await Promise.all([store.write([put('b')], { durable: 'process' }), store.write([put('c')])]);
    const pragmas = exec.mock.calls.map(([sql]) => sql).filter((sql) => sql.startsWith('PRAGMA'));
    exec.mockRestore();
    expect(pragmas).toEqual(['PRAGMA synchronous = NORMAL', 'PRAGMA synchronous = FULL']);
  });
});

describe('a sqlite store shared by processes', () => {
  it('waits for a lock without blocking, then commits', async () => {
    const folder = freshFolder();
    await using store = sqliteStore(folder);
    await store.write([put('a')]);
    const other = new DatabaseSync(join(folder, 'mesh.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const writing = store.write([put('b')]);
    await new Promise((resolve) => setTimeout(resolve, 120));
    other.exec('ROLLBACK');
    other.close();
    expect((await writing).ok).toBe(true);
  });

  it('gives up a lock after lockMs with an error that can be retried', async () => {
    const folder = freshFolder();
    await using store = sqliteStore(folder, { lockMs: 100 });
    await store.write([put('a')]);
    const other = new DatabaseSync(join(folder, 'mesh.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const failure = { code: 'STORE_FAILED', retryable: true };
    await expect(store.write([put('b')])).rejects.toMatchObject(failure);
    other.exec('ROLLBACK');
    other.close();
    expect(await store.get('b')).toBeUndefined();
    expect((await store.write([put('b')])).ok).toBe(true);
  });

  /** How often `word` stands in the files of a store. */
  const countIn = (folder: string, word: string): number =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1').split(word).length - 1)
      .reduce((a, b) => a + b, 0);

  it('holds no byte of what was purged, replaced, deleted or has expired, once something was purged', async () => {
    const step = fc.record({
      key: fc.nat(12).map((n) => `k/${String(n)}`),
      length: fc.oneof(fc.nat(40), fc.integer({ min: 1_000, max: 12_000 })),
      kind: fc.constantFrom('put', 'put', 'brief', 'del'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 5, maxLength: 40 }),
        async (batches) => {
          const folder = freshFolder();
          let now = 0;
          await using store = sqliteStore(folder, { clock: { now: () => now } });
          const secret = (length: number) => utf8('-SECRET-'.repeat(1 + length / 8));
          for (const batch of batches) {
            now += 1;
            await store.write(
              batch.map(({ key, length, kind }) => {
                if (kind === 'del') return { del: key };
                return { put: key, value: secret(length), ...(kind === 'brief' && { ttlMs: 5 }) };
              }),
            );
          }
          const all = Array.from({ length: 13 }, (_, n) => `k/${String(n)}`);
          const { 'k/0': first, ...rest } = Object.fromEntries(all.map((key) => [key, key]));
          now += 10;
          // What stands in the end is no secret, and stays.
          await store.write(Object.keys(rest).map((key) => ({ put: key, value: utf8('open') })));
          await store.write([{ del: first!, purge: true }]);
          expect(countIn(folder, 'SECRET')).toBe(0);
          expect((await store.getMany(all)).filter(Boolean)).toHaveLength(12);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is emptied of what was purged when the reader that stood in the way is gone', async () => {
    const folder = freshFolder();
    await using store = sqliteStore(folder);
    await store.write([{ put: 'a', value: utf8('SECRET') }]);
    const snapshot = await store.snapshot!();
    await store.write([{ del: 'a', purge: true }]);
    expect(countIn(folder, 'SECRET')).toBeGreaterThan(0);
    await snapshot.close();
    await store.write([put('b')]);
    expect(countIn(folder, 'SECRET')).toBe(0);
  });

  it('takes the writes of two processes at once, and shows each to the watcher once', async () => {
    const folder = freshFolder();
    await using store = sqliteStore(folder, { durable: 'process' });
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      const watch = store.watch('batch/', undefined, { signal: stop.signal });
      for await (const { key } of watch) seen.push(key);
    })();
    const children = [0, 1_000_000].map((first) => writer(folder, 'process', first));
    const acknowledged = (await Promise.all(children.map((child) => killAfter(child, 60)))).flat();
    for (let i = 0; i < 20; i += 1) await store.write([put(`batch/own/${String(i)}`)]);
    await vi.waitFor(() => {
      expect(seen.filter((key) => key.startsWith('batch/own/'))).toHaveLength(20);
    }, 3_000);
    stop.abort();
    await watching;
    expect(new Set(seen).size).toBe(seen.length);
    for (const batch of acknowledged) expect(seen).toContain(`batch/${batch}/9`);
  }, 15_000);
});

describe.each(['power', 'process'] as const)('kill -9 while writing (durable %s)', (durable) => {
  it('tears no batch and loses nothing acknowledged', async () => {
    const folder = freshFolder();
    for (let kill = 0; kill < 3; kill += 1) {
      const acknowledged = await killAfter(
        writer(folder, durable, kill * 1_000_000),
        20 + 15 * kill,
      );
      const found = await batchesIn(folder);
      for (const batch of acknowledged) expect(found.get(batch)).toBe(10);
      expect([...found.values()].filter((size) => size !== 10)).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(0);
    }
  }, 20_000);
});

function withDatabase(folder: string, use: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(join(folder, 'mesh.sqlite'));
  use(database);
  database.close();
}

function writer(folder: string, durable: string, first: number): ChildProcess {
  const script = fileURLToPath(new URL('batch-writer.ts', import.meta.url));
  return spawn(process.execPath, [script, folder, durable, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The batches a child acknowledged before it was killed, at least `enough` of them. */
async function killAfter(child: ChildProcess, enough: number): Promise<string[]> {
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    acknowledged.push(line);
    if (acknowledged.length === enough) child.kill('SIGKILL');
  }
  return acknowledged;
}

async function batchesIn(folder: string): Promise<Map<string, number>> {
  await using store = sqliteStore(folder);
  const found = new Map<string, number>();
  for await (const { key, value } of store.scan({ prefix: 'batch/' })) {
    const batch = key.split('/')[1]!;
    expect(value).toEqual(utf8(`${batch} `.repeat(20)));
    found.set(batch, (found.get(batch) ?? 0) + 1);
  }
  return found;
}
