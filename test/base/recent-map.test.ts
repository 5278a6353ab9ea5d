import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from '../../src/base/recent-map.ts';

describe('a recent map', () => {
  it('keeps the entries used last, and never more than twice its limit', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(12)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (uses, limit) => {
        const map = new RecentMap<number, string>(limit);
        let used: number[] = [];
        for (const [reads, key] of uses) {
          const had = used.slice(0, limit).includes(key);
          const value = map.get(key);
          if (value !== undefined) expect(value).toBe(`v${key}`);
          if (had) expect(value).toBe(`v${key}`);
          if (!reads) map.set(key, `v${key}`);
          if (!reads || value !== undefined) used = [key, ...used.filter((one) => one !== key)];
          expect(map.size).toBeLessThanOrEqual(2 * limit);
        }
      }),
    );
  });

  it('forgets what it is told to, one or all', () => {
    const map = new RecentMap<string, string>(1);
    map.set('a', '1');
    map.set('b', '2');
    map.delete('a');
    expect([map.get('a'), map.get('b')]).toEqual([undefined, '2']);
    map.clear();
    expect([map.get('b'), map.size]).toEqual([undefined, 0]);
  });
});
