import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../../src/base/ids.ts';
import { reputationConstants } from '../../../../src/core/trust/reputation/constants.ts';
import {
  type EvidenceSet,
  EvidenceTable,
  type Report,
} from '../../../../src/core/trust/reputation/evidence-table.ts';
import { experienceGraph } from '../../../../src/core/trust/reputation/reach.ts';
import { opinionOf, Reputation } from '../../../../src/core/trust/reputation/reputation.ts';
import { standingOf } from '../../../../src/core/trust/reputation/standing.ts';

const now = 100 * 86_400_000;
const peer = (name: string | number): Did => `did:web:${String(name)}.example`;
const [me, seed, a, b, c] = ['me', 'seed', 'a', 'b', 'c'].map(peer) as [Did, Did, Did, Did, Did];

function report(rater: Did, subject: Did, kept: number, broken = 0, day = 100): Report {
  return { rater, subject, days: [{ day, kept, broken }] };
}

function set(reports: readonly Report[], more: Partial<EvidenceSet> = {}) {
  return { self: me, reports, seeds: [seed], now, ...more };
}

/** Meshes of a few peers, of which 0 is the observer, 1 a seed and 2 the subject. */
const reports = fc.array(
  fc
    .record({
      rater: fc.nat(5),
      subject: fc.nat(5),
      day: fc.constantFrom(60, 99, 100),
      // Feedback counts in hundredths.
      kept: fc.nat(3_000).map((hundredths) => hundredths / 100),
      broken: fc.nat(800).map((hundredths) => hundredths / 100),
    })
    .filter(({ rater, subject }) => rater !== subject)
    .map(({ rater, subject, kept, broken, day }) =>
      report(peer(rater), peer(subject), kept, broken, day),
    ),
  { maxLength: 60 },
);
const mesh = { self: peer(0), seeds: [peer(1)], now };
const subject = peer(2);

describe('an opinion', () => {
  it('is unknown, and nothing, of a stranger', () => {
    const opinion = opinionOf(a, set([]));
    expect(opinion).toMatchObject({ standing: 'unknown', good: 0, bad: 0, value: 0 });
    expect(opinion.contributions).toEqual([]);
    expect(opinion.evidence).toMatch(/^[0-9a-f]{64}$/);
  });

  it('goes by own experience before any word of others', () => {
    const praise = [report(seed, a, 500), report(b, a, 500), report(seed, b, 20)];
    expect(opinionOf(a, set(praise)).standing).toBe('good');
    const burnt = opinionOf(a, set([...praise, report(me, a, 0, 30)]));
    expect(burnt.standing).toBe('bad');
    expect(burnt.contributions[0]).toMatchObject({ rater: me, weight: 1, bad: 30 });
  });

  it('keeps what is unknown apart from what is known to be bad', () => {
    expect(standingOf({ good: 0, bad: 0.5 })).toBe('unknown');
    expect(standingOf({ good: 0, bad: 4 })).toBe('bad');
    expect(standingOf({ good: 2, bad: 0 })).toBe('unknown');
    expect(standingOf({ good: 8, bad: 0 })).toBe('good');
  });

  it('gives no weight to a rater without a path from a seed or from oneself', () => {
    const strangers = [report(b, a, 20), report(c, b, 20), report(b, c, 20)];
    expect(opinionOf(a, set(strangers)).contributions).toEqual([]);
    const reached = opinionOf(a, set([...strangers, report(seed, c, 20)]));
    expect(reached.contributions.map(({ rater }) => rater)).toEqual([b]);
    const acquainted = opinionOf(a, set([...strangers, report(me, b, 1)], { seeds: [] }));
    expect(acquainted.contributions.map(({ rater }) => rater)).toEqual([b]);
  });

  it('believes who agrees with what one has seen, and not who praises what one has seen fail', () => {
    const seen = ['p', 'q', 'r', 's'].map(peer);
    const honest = seen.map((each) => report(b, each, 1, 9));
    const liar = seen.map((each) => report(c, each, 20));
    const own = seen.map((each) => report(me, each, 0, 5));
    const reach = [report(seed, b, 20), report(seed, c, 20)];
    const words = [report(b, a, 0, 10), report(c, a, 20)];
    const opinion = opinionOf(a, set([...honest, ...liar, ...own, ...reach, ...words]));
    const [one, ...others] = opinion.contributions;
    expect(one).toMatchObject({ rater: b });
    expect(one!.credibility).toBeGreaterThan(0.5);
    expect(others).toEqual([]);
    expect(opinion.standing).toBe('bad');
  });

  it('measures nobody by less than three tasks of one’s own', () => {
    const heard = [report(seed, b, 20), report(b, a, 10), report(b, c, 10)];
    const weightOf = (own: number) => {
      const opinion = opinionOf(a, set([...heard, report(me, c, 0, own)]));
      return opinion.contributions.find(({ rater }) => rater === b)!.credibility;
    };
    expect(weightOf(2.99)).toBe(weightOf(0));
    expect(weightOf(6)).toBeLessThan(weightOf(0));
  });

  it('follows good experience only: whom a seed found bad more often than good is not in reach', () => {
    const found = [report(seed, b, 4, 5), report(seed, c, 20), report(b, a, 20)];
    expect(opinionOf(a, set(found)).contributions).toEqual([]);
    const table = new EvidenceTable(set(found), reputationConstants.halfLives);
    expect(experienceGraph(table, reputationConstants.pairCap).size).toBe(2);
  });

  it('takes no more than 20 tasks from one rater, nor from one organisation, and 10 from all others', () => {
    const one = opinionOf(a, set([report(seed, a, 1_000)]));
    expect(one.good).toBeCloseTo(10, 9);
    const members = Array.from({ length: 50 }, (_, i) => peer(`m${String(i)}`));
    const chorus = set(
      [report(seed, a, 3, 3), ...members.map((each) => report(each, a, 0, 20))],
      // Each of them would be heard in full.
      {
        seeds: [seed, ...members],
        organisationOf: (did) => (members.includes(did) ? 'chorus' : did),
      },
    );
    const sum = { good: 0, bad: 0 };
    for (const { rater, good, bad } of opinionOf(a, chorus).contributions) {
      if (rater === seed) sum.good += good;
      else sum.bad += bad;
    }
    // 20 tasks of the chorus against the 6 of the seed, whatever the number of its members.
    expect(sum.bad / sum.good).toBeLessThanOrEqual(20 / 3 + 1e-9);
    expect(sum.bad + 2 * sum.good).toBeLessThanOrEqual(10 + 1e-9);
  });

  it('hears raters of one weight alike, whatever they are called', () => {
    const names = ['aa', 'k', 'zz'].map(peer);
    const { contributions } = opinionOf(
      b,
      set(
        names.map((each) => report(each, b, 9, 9)),
        { seeds: names },
      ),
    );
    expect(new Set(contributions.map(({ good }) => good)).size).toBe(1);
  });

  it('does not hear an organisation about itself', () => {
    const organisationOf = (did: Did) => (did === a || did === b ? 'ab' : did);
    const family = set([report(seed, b, 20), report(me, b, 20), report(b, a, 20)], {
      organisationOf,
    });
    expect(opinionOf(a, family).contributions).toEqual([]);
    expect(opinionOf(a, { ...family, organisationOf: (did: Did) => did }).good).toBeGreaterThan(0);
  });

  it('is the same to the last bit whatever the order of the evidence', () => {
    fc.assert(
      fc.property(reports, fc.infiniteStream(fc.nat()), (all, keys) => {
        const order = new Map(all.map((each) => [each, keys.next().value as number]));
        const shuffled = [...all].sort((x, y) => order.get(x)! - order.get(y)!);
        expect(opinionOf(subject, { ...mesh, reports: shuffled })).toEqual(
          opinionOf(subject, { ...mesh, reports: all }),
        );
      }),
    );
  });

  it('adds up: evidence and points are the sums of the contributions', () => {
    fc.assert(
      fc.property(reports, (all) => {
        const opinion = opinionOf(subject, { ...mesh, reports: all });
        const sum = { good: 0, bad: 0, points: 0 };
        for (const { good, bad, points, weight } of opinion.contributions) {
          sum.good += good;
          sum.bad += bad;
          sum.points += points;
          expect(weight).toBeGreaterThanOrEqual(0);
          expect(weight).toBeLessThanOrEqual(1);
        }
        expect(sum.good).toBeCloseTo(opinion.good, 9);
        expect(sum.bad).toBeCloseTo(opinion.bad, 9);
        expect(sum.points).toBeCloseTo(opinion.value, 9);
        expect(opinion.value).toBeGreaterThanOrEqual(0);
        expect(opinion.value).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('never gets worse by more good evidence, nor better by more bad, from anybody', () => {
    fc.assert(
      fc.property(reports, fc.nat(5), fc.integer({ min: 1, max: 40 }), (all, rater, count) => {
        fc.pre(rater !== 2);
        const value = (more: readonly Report[]) =>
          opinionOf(subject, { ...mesh, reports: [...all, ...more] }).value;
        const before = value([]);
        expect(value([report(peer(rater), subject, count)])).toBeGreaterThanOrEqual(before - 1e-9);
        expect(value([report(peer(rater), subject, 0, count)])).toBeLessThanOrEqual(before + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('gives nobody a louder or a lower voice for what is said of the subject', () => {
    fc.assert(
      fc.property(reports, fc.nat(5), fc.nat(40), fc.nat(40), (all, rater, kept, broken) => {
        fc.pre(rater !== 2);
        const before = opinionOf(subject, { ...mesh, reports: all });
        const more = [...all, report(peer(rater), subject, kept, broken)];
        const voices = new Map(
          opinionOf(subject, { ...mesh, reports: more }).contributions.map((one) => [
            one.rater,
            one,
          ]),
        );
        for (const { rater: by, reach, credibility } of before.contributions) {
          expect(voices.get(by)!.reach).toBe(reach);
          expect(voices.get(by)!.credibility).toBeCloseTo(credibility, 12);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of a set for several observers and subjects is that of each by itself', () => {
    fc.assert(
      fc.property(reports, fc.nat(5), fc.nat(5), (all, observer, wanted) => {
        const whole = new Reputation({ ...mesh, reports: all });
        whole.opinion(peer(0), subject);
        const self = peer(observer);
        expect(whole.opinion(self, peer(wanted))).toEqual(
          opinionOf(peer(wanted), { ...mesh, self, reports: all }),
        );
      }),
    );
  });

  it('names its evidence: another count, day, seed or organisation is another hash', () => {
    const base = set([report(seed, a, 3)]);
    const hashes = [
      base,
      set([report(seed, a, 4)]),
      { ...base, now: now + 86_400_000 },
      { ...base, seeds: [seed, b] },
      { ...base, organisationOf: () => 'one' },
    ].map((each) => new Reputation(each).evidence);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(new Reputation({ ...base, now: now + 3_600_000 }).evidence).toBe(hashes[0]);
  });
});
