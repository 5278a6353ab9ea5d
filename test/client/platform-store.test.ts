import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { type Store, sqliteStore } from '../../src/index.ts';
import { storeConformance } from '../../src/testing/index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-late-store-'));
let count = 0;

afterAll(() => {
  rmSync(root, { recursive: true });
});

describe('the store of a folder, opened with its first use', () => {
  const folders = new WeakMap<Store, string>();
  const make = (): Store => {
    const folder = join(root, String((count += 1)));
    const store = sqliteStore(folder);
    folders.set(store, folder);
    return store;
  };
  const another = (store: Store): Store => sqliteStore(folders.get(store)!);
  for (const { name, run } of storeConformance(make, { another })) it(name, run);
});
