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

  it('counts entries by their weight, if told how', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(8)), { maxLength: 40, size: 'max' });
    const weightOf = (key: number) => 1 + (key % 5);
    fc.assert(
      fc.property(steps, fc.integer({ min: 5, max: 12 }), (uses, limit) => {
        const map = new RecentMap<number, string>(limit, (value) => weightOf(Number(value)));
        /** The last used first. */
        let used: number[] = [];
        for (const [reads, key] of uses) {
          if (!reads) map.set(key, String(key));
          const others = used.filter((one) => one !== key);
          used = map.get(key) === undefined ? others : [key, ...others];
        }
        let sum = 0;
        const due = used.filter((key) => (sum += weightOf(key)) <= limit);
        // From the eldest on, so that looking leaves their order as it was.
        for (const key of due.toReversed()) expect(map.get(key)).toBe(String(key));
        const held = used.filter((key) => map.get(key) !== undefined).map(weightOf);
        expect(held.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(2 * limit);
      }),
      { numRuns: 1_000 },
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
