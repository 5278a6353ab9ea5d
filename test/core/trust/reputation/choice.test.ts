import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterNewcomer,
  chancesOf,
  drawn,
  newcomerShare,
  type Option,
} from '../../../../src/core/trust/reputation/choice.ts';
import { reputationConstants } from '../../../../src/core/trust/reputation/constants.ts';

const options = fc.array(
  fc.record<Option>({
    standing: fc.constantFrom('good', 'bad', 'unknown'),
    trust: fc.double({ min: 0, max: 1, noNaN: true }),
    rank: fc.nat(4),
  }),
  { minLength: 1, maxLength: 12 },
);
const worth = fc.record({
  good: fc.double({ min: 0, max: 20, noNaN: true }),
  bad: fc.double({ min: 0, max: 20, noNaN: true }),
});
const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const of = (list: readonly Option[], chances: readonly number[], standing: Option['standing']) =>
  sum(chances.filter((_, i) => list[i]!.standing === standing));

describe('whom to ask', () => {
  it('is always somebody: the chances add up to 1, and what is drawn has one', () => {
    fc.assert(
      fc.property(options, worth, fc.double({ min: 0, max: 1, noNaN: true }), (list, was, at) => {
        const chances = chancesOf(list, was);
        expect(sum(chances)).toBeCloseTo(1, 9);
        expect(chances[drawn(chances, at)]).toBeGreaterThan(0);
      }),
    );
  });

  it('is never the bad beside anybody else, nor newcomers beyond their share beside the good', () => {
    fc.assert(
      fc.property(options, worth, (list, was) => {
        const chances = chancesOf(list, was);
        const has = (standing: Option['standing']) =>
          list.some((option) => option.standing === standing);
        if (has('good') || has('unknown')) expect(of(list, chances, 'bad')).toBe(0);
        const share = has('good') ? newcomerShare(was) : 1;
        if (has('unknown')) expect(of(list, chances, 'unknown')).toBeCloseTo(share, 9);
      }),
    );
  });

  it('gives newcomers as little as they were worth, and no more for being many', () => {
    fc.assert(
      fc.property(worth, fc.integer({ min: 1, max: 50 }), (was, count) => {
        const good: Option = { standing: 'good', trust: 0.8, rank: 0 };
        const fresh: Option = { standing: 'unknown', trust: 0, rank: 1 };
        const list = [good, ...Array.from({ length: count }, () => fresh)];
        const { newcomerShare: most } = reputationConstants;
        expect(of(list, chancesOf(list, was), 'unknown')).toBeLessThanOrEqual(most);
      }),
    );
    let was = { good: 0, bad: 0 };
    const before = newcomerShare(was);
    for (let i = 0; i < 20; i += 1) was = afterNewcomer(was, 0);
    expect(newcomerShare(was)).toBeLessThan(before / 5);
    for (let i = 0; i < 100; i += 1) was = afterNewcomer(was, 1);
    expect(newcomerShare(was)).toBeGreaterThan(before);
  });

  it('is of the good rather the one who is trusted more', () => {
    const good = (trust: number): Option => ({ standing: 'good', trust, rank: 0 });
    const chances = chancesOf([good(0.4), good(0.2), good(0)], { good: 0, bad: 0 });
    expect(chances[0]! / chances[1]!).toBeCloseTo(2 ** reputationConstants.preferencePower, 6);
    expect(chances[2]).toBeGreaterThan(0);
  });

  it('is of newcomers the first by rank, and of equals each as much', () => {
    const fresh = (rank: number): Option => ({ standing: 'unknown', trust: 0, rank });
    expect(chancesOf([fresh(2), fresh(1), fresh(1)], { good: 0, bad: 0 })).toEqual([0, 0.5, 0.5]);
  });
});
