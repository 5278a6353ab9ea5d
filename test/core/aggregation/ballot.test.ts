import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../src/base/ids.ts';
import {
  type Accepted,
  compareBallots,
  decided,
  majority,
  promise,
  type Vow,
  vote,
} from '../../../src/core/aggregation/ballot.ts';

const ballot = fc.record({
  attempt: fc.integer({ min: 1, max: 5 }),
  leader: fc.constantFrom<Did>('did:key:a', 'did:key:b', 'did:key:c'),
});

describe('ballots', () => {
  it('have a total order', () => {
    fc.assert(
      fc.property(ballot, ballot, ballot, (a, b, c) => {
        expect(Math.sign(compareBallots(a, b))).toBe(-Math.sign(compareBallots(b, a)) + 0);
        if (compareBallots(a, b) <= 0 && compareBallots(b, c) <= 0) {
          expect(compareBallots(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  it('a promise refuses every lower ballot and keeps what was voted for', () => {
    fc.assert(
      fc.property(ballot, ballot, (first, second) => {
        const vow = vote<string>({}, first, 'x')!;
        const after = promise(vow, second);
        if (compareBallots(second, first) < 0) expect(after).toBeUndefined();
        else expect(after).toEqual({ promised: second, accepted: { ballot: first, value: 'x' } });
      }),
    );
  });

  it('what a majority voted for is what every later leader proposes', () => {
    // Five members, leaders one after the other, each reaching whom chance lets it reach.
    const turn = fc.record({
      hear: fc.subarray([0, 1, 2, 3, 4]),
      vote: fc.subarray([0, 1, 2, 3, 4]),
      ballot,
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
        const vows: Vow<number>[] = [{}, {}, {}, {}, {}];
        const cast = new Map<string, Set<number>>();
        const chosen = new Set<number>();
        const used = new Set<string>();
        for (const [own, { hear, vote: voters, ballot }] of turns.entries()) {
          const name = `${ballot.attempt} ${ballot.leader}`;
          // A leader uses each of its ballots once.
          if (used.has(name)) continue;
          used.add(name);
          const heard: (Accepted<number> | undefined)[] = [];
          for (const member of hear) {
            const vow = promise(vows[member]!, ballot);
            if (vow === undefined) continue;
            vows[member] = vow;
            heard.push(vow.accepted);
          }
          if (heard.length < majority(5)) continue;
          const value = decided(heard) ?? own;
          for (const member of voters) {
            const vow = vote(vows[member]!, ballot, value);
            if (vow === undefined) continue;
            vows[member] = vow;
            cast.set(name, (cast.get(name) ?? new Set()).add(member));
          }
          if ((cast.get(name)?.size ?? 0) >= majority(5)) chosen.add(value);
        }
        expect(chosen.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3_000 },
    );
  });

  it('a majority is more than half', () => {
    expect([1, 2, 3, 4, 5, 1_000].map(majority)).toEqual([1, 2, 2, 3, 3, 501]);
  });
});
