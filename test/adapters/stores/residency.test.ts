import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { sqliteStore } from '../../../src/adapters/stores/sqlite.ts';

const stores = {
  memory: (residency?: string) => memoryStore({ ...(residency !== undefined && { residency }) }),
  // Nothing is opened before the first use, so no folder is made.
  SQLite: (residency?: string) =>
    sqliteStore('never-opened', { ...(residency !== undefined && { residency }) }),
};

describe.each(Object.entries(stores))('the residency of a store: %s', (_, make) => {
  it('is the label it was given, in every view', async () => {
    await using store = make('eu-west-1');
    expect(store.sub('a').sub('b').features.residency).toBe('eu-west-1');
  });

  it('is not stated unless it was given', async () => {
    await using store = make();
    expect(store.features).not.toHaveProperty('residency');
  });

  it('must be a label', () => {
    for (const wrong of ['', ' x', 'a\n', 'x'.repeat(129), 7 as never]) {
      expect(() => make(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});
