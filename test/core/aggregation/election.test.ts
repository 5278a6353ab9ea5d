import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../src/base/ids.ts';
import { ranking } from '../../../src/core/aggregation/election.ts';

const dids = fc.uniqueArray(
  fc.integer({ min: 0, max: 1e6 }).map((n): Did => `did:key:z${String(n)}`),
  { minLength: 1, maxLength: 30 },
);

describe('the ranking of a round', () => {
  it('is the same whatever the order and repetition of the names', () => {
    fc.assert(
      fc.property(
        dids.chain((given) =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
        ),
        ([given, shuffled]) => {
          expect(ranking('r#1', [...shuffled, ...given])).toEqual(ranking('r#1', given));
          expect([...ranking('r#1', given)].sort()).toEqual([...given].sort());
        },
      ),
    );
  });

  it('keeps the order of the others when one leaves', () => {
    fc.assert(
      fc.property(dids, fc.nat(), (given, n) => {
        const gone = given[n % given.length];
        const rest = given.filter((did) => did !== gone);
        expect(ranking('r#1', rest)).toEqual(ranking('r#1', given).filter((did) => did !== gone));
      }),
    );
  });

  it('gives each participant its turn over many rounds', () => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((name): Did => `did:key:${name}`);
    const led = new Map<Did | undefined, number>();
    for (let i = 0; i < 1_000; i += 1) {
      const [first] = ranking(`fraud#${String(i)}`, five);
      led.set(first, (led.get(first) ?? 0) + 1);
    }
    // 200 each in the mean with a standard deviation of 12.6.
    for (const did of five) expect(led.get(did)).toBeGreaterThan(140);
  });
});
