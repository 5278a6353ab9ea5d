import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../../src/base/ids.ts';
import {
  addEvidence,
  beliefAt,
  dayOf,
  type EvidenceDay,
  lowerBound,
  upperBound,
  type Verdict,
} from '../../../../src/core/trust/evidence/belief.ts';
import { addPresence, presenceBelief } from '../../../../src/core/trust/evidence/uptime.ts';
import {
  type TrustFacts,
  trustConstants,
  trustScore,
} from '../../../../src/core/trust/score/score.ts';

const now = Date.UTC(2030, 0, 1, 12);
const today = dayOf(now);
const hour = 3_600_000;

interface Event {
  readonly day: number;
  readonly verdict: Verdict;
}

const event: fc.Arbitrary<Event> = fc.record({
  day: fc.integer({ min: today - 1_500, max: today }),
  verdict: fc.constantFrom<Verdict>('kept', 'broken'),
});
const events = fc.array(event, { maxLength: 60 });
const daysOf = (list: readonly Event[]): readonly EvidenceDay[] =>
  list.reduce<readonly EvidenceDay[]>(
    (days, { day, verdict }) => addEvidence(days, day, verdict),
    [],
  );
const credentials = fc
  .uniqueArray(fc.nat({ max: 9 }), { maxLength: 5 })
  .map((list) =>
    list.map((n) => ({ issuer: `did:web:i${String(n)}` as Did, type: `T${String(n)}` })),
  );
const presence = fc
  .array(fc.record({ hours: fc.integer({ min: 1, max: 200 }), connected: fc.boolean() }), {
    maxLength: 8,
  })
  .map((spans) => {
    let from = now - spans.reduce((sum, { hours }) => sum + hours * hour, 0);
    return spans.reduce<ReturnType<typeof addPresence>>((days, { hours, connected }) => {
      const span = { from, to: from + hours * hour, connected };
      from = span.to;
      return addPresence(days, span);
    }, []);
  });
const raterOf = (n: number) => `did:web:r${String(n)}` as Did;
const part = fc.integer({ min: 0, max: 100 }).map((n) => n / 100);
const numbers = fc.uniqueArray(fc.nat({ max: 9 }), { maxLength: 6 });
const others = numbers.chain((list) =>
  fc.tuple(...list.map((n) => fc.tuple(fc.constant(n), fc.nat({ max: 20 }), part))).map((all) =>
    all.map(([n, units, good]) => {
      const rater = raterOf(n);
      return { rater, receipts: units, good: units * good, bad: units * (1 - good) };
    }),
  ),
);
const attestations = numbers.chain((list) =>
  fc
    .tuple(...list.map((n) => fc.tuple(fc.constant(n), part, part)))
    .map((all) =>
      all.map(([n, value, weight]) => ({ rater: raterOf(n), type: 'reliable', value, weight })),
    ),
);
const compliance = numbers.chain((list) =>
  fc
    .tuple(...list.map((n) => fc.tuple(fc.constant(n), part)))
    .map((all) =>
      all.map(([n, value]) => ({ issuer: raterOf(n), type: `compliance/${String(n)}`, value })),
    ),
);
const slashings = numbers.map((list) =>
  list.map((n) => ({ by: raterOf(n), id: `v${String(n)}`, weight: n + 1 })),
);
const facts: fc.Arbitrary<TrustFacts> = fc.record(
  {
    evidence: events.map(daysOf),
    others,
    credentials,
    attestations,
    compliance,
    slashings,
    presence,
    standing: fc.constantFrom<'quarantined' | 'probation'>('quarantined', 'probation'),
  },
  { requiredKeys: ['evidence', 'credentials', 'presence'] },
);
const stranger: TrustFacts = { evidence: [], credentials: [], presence: [] };

describe('the bounds', () => {
  it('are those of Wilson: 8 of 10 lies between 0.541 and 0.931 with 95 % on each side', () => {
    // Computed from p = (c ± z sqrt(...)) / (1 + z²/n) by hand, z = 1.6449.
    expect(lowerBound({ good: 8, bad: 2 })).toBeCloseTo(0.5408, 3);
    expect(upperBound({ good: 8, bad: 2 })).toBeCloseTo(0.9314, 3);
  });

  it('say nothing about nothing', () => {
    expect(lowerBound({ good: 0, bad: 0 })).toBe(0);
    expect(upperBound({ good: 0, bad: 0 })).toBe(1);
  });

  it('rise with good and fall with bad evidence, in fractions too', () => {
    const weight = fc.double({ min: 0, max: 1_000, noNaN: true });
    const more = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(weight, weight, more, (good, bad, extra) => {
        const bound = lowerBound({ good, bad });
        expect(lowerBound({ good: good + extra, bad })).toBeGreaterThanOrEqual(bound - 1e-12);
        expect(lowerBound({ good, bad: bad + extra })).toBeLessThanOrEqual(bound + 1e-12);
        expect(bound).toBeLessThanOrEqual(upperBound({ good, bad }));
      }),
    );
  });
});

describe('evidence', () => {
  it('weighs half after its half-life: good after 30 days, bad after 90', () => {
    const days = [
      { day: today - 30, kept: 4, broken: 0 },
      { day: today - 90, kept: 0, broken: 4 },
    ];
    expect(beliefAt(days, now, trustConstants.halfLives)).toEqual({ good: 2, bad: 2 });
  });

  it('is the same in any order', () => {
    fc.assert(
      fc.property(
        events.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          expect(daysOf(shuffled)).toEqual(daysOf(list));
        },
      ),
    );
  });

  it('takes bounded room', () => {
    let days: readonly EvidenceDay[] = [];
    for (let day = 0; day < 3_000; day += 1) days = addEvidence(days, day, 'kept');
    expect(days.length).toBe(1_096);
  });
});

describe('a trust score', () => {
  it('of a stranger is 0, unknown, and says what would raise it', () => {
    const score = trustScore(stranger, now);
    expect(score).toMatchObject({ score: 0, state: 'unknown', confidence: 0, evidence: 0 });
    expect(score.raise.join()).toMatch(/10 more tasks kept.*one more credential from an anchor/);
  });

  it('of one who was only connected stays 0', () => {
    const days = addPresence([], { from: now - 500 * hour, to: now, connected: true });
    expect(trustScore({ ...stranger, presence: days }, now)).toMatchObject({
      score: 0,
      state: 'unknown',
    });
  });

  it('lies in 0..100 and is the sum of its contributions', () => {
    fc.assert(
      fc.property(facts, (known) => {
        const { score, factors, confidence } = trustScore(known, now);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
        const sum = factors.reduce((total, { contribution }) => total + contribution, 0);
        expect(Math.abs(sum - score)).toBeLessThanOrEqual(0.01);
        for (const { weight, value, contribution, parts } of factors) {
          expect(Math.abs(contribution - weight * value)).toBeLessThanOrEqual(0.001);
          const points = parts.reduce((total, one) => total + one.points, 0);
          expect(Math.abs(points - contribution)).toBeLessThanOrEqual(0.001);
        }
      }),
    );
  });

  it('never falls through good evidence and never rises through bad', () => {
    const day = fc.integer({ min: today - 365, max: today });
    fc.assert(
      fc.property(facts, day, (known, on) => {
        const before = trustScore(known, now).score;
        const better = { ...known, evidence: addEvidence(known.evidence, on, 'kept') };
        expect(trustScore(better, now).score).toBeGreaterThanOrEqual(before);
        const { evidence } = known;
        fc.pre(evidence.length > 0);
        const worse = { ...known, evidence: addEvidence(evidence, on, 'broken') };
        expect(trustScore(worse, now).score).toBeLessThanOrEqual(before);
      }),
    );
  });

  it('never falls through good words of others and never rises through bad ones or slashings', () => {
    const more = fc.double({ min: 0.01, max: 5, noNaN: true });
    fc.assert(
      fc.property(facts, more, (known, units) => {
        const { score } = trustScore(known, now);
        const rater = raterOf(99);
        const heard = known.others ?? [];
        const said = known.attestations ?? [];
        const found = known.compliance ?? [];
        const type = 'compliance/new';
        const good = [
          { ...known, others: [...heard, { rater, receipts: 1, good: units, bad: 0 }] },
          { ...known, attestations: [...said, { rater, type: 'reliable', value: 1, weight: 1 }] },
          { ...known, compliance: [...found, { issuer: rater, type, value: 1 }] },
        ];
        for (const better of good)
          expect(trustScore(better, now).score).toBeGreaterThanOrEqual(score);
        // Nothing is known of a stranger, and hours of connection count from the first thing that is known.
        fc.pre(trustScore(known, now).evidence > 0);
        const bad = [
          { ...known, others: [...heard, { rater, receipts: 1, good: 0, bad: units }] },
          { ...known, attestations: [...said, { rater, type: 'reliable', value: 0, weight: 1 }] },
          { ...known, compliance: [...found, { issuer: rater, type, value: 0 }] },
          { ...known, slashings: [...(known.slashings ?? []), { by: rater, id: 'x', weight: 5 }] },
        ];
        for (const worse of bad) expect(trustScore(worse, now).score).toBeLessThanOrEqual(score);
      }),
    );
  });

  it('never falls through a further good word of a rater, whatever that word weighs, and never rises through a bad one', () => {
    const word = fc.record({ value: part, weight: part.map((n) => Math.max(0.01, n)) });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), word, (said, more) => {
        const rater = raterOf(1);
        const scoreOf = (words: readonly { value: number; weight: number }[]) =>
          trustScore(
            {
              ...stranger,
              // The further word stands before the others by its type.
              attestations: words.map((one, i) => ({ ...one, rater, type: `t${String(9 - i)}` })),
            },
            now,
          ).score;
        const before = scoreOf(said);
        expect(scoreOf([...said, { ...more, value: 1 }])).toBeGreaterThanOrEqual(before);
        expect(scoreOf([...said, { ...more, value: 0 }])).toBeLessThanOrEqual(before);
      }),
    );
  });

  it('never opens the gate of a quarantine, however high it is, and is not lowered by it', () => {
    fc.assert(
      fc.property(facts, ({ standing: _, ...known }) => {
        const shut = trustScore({ ...known, standing: 'quarantined' }, now);
        expect(shut.state).toBe('quarantined');
        expect(shut.score).toBe(trustScore(known, now).score);
      }),
    );
  });

  it('of one on probation is not trusted, and bad stays bad', () => {
    fc.assert(
      fc.property(facts, ({ standing: _, ...known }) => {
        const { state } = trustScore({ ...known, standing: 'probation' }, now);
        const before = trustScore(known, now).state;
        expect(state).toBe(before === 'degraded' ? 'degraded' : 'probation');
      }),
    );
  });

  it('is the same bytes, and has the same name, for the same facts in any order', () => {
    const reversed = (known: TrustFacts): TrustFacts => ({
      ...known,
      credentials: known.credentials.toReversed(),
      ...(known.others && { others: known.others.toReversed() }),
      ...(known.attestations && { attestations: known.attestations.toReversed() }),
      ...(known.compliance && { compliance: known.compliance.toReversed() }),
      ...(known.slashings && { slashings: known.slashings.toReversed() }),
    });
    fc.assert(
      fc.property(facts, (known) => {
        const score = trustScore(known, now);
        expect(JSON.stringify(trustScore(reversed(known), now))).toBe(JSON.stringify(score));
        const more = { ...known, evidence: addEvidence(known.evidence, today, 'kept') };
        expect(trustScore(more, now).inputs).not.toBe(score.inputs);
      }),
    );
  });

  it('says for each factor what would raise it', () => {
    const { raise } = trustScore(stranger, now);
    expect(raise).toHaveLength(5);
    for (const word of ['credential', 'tasks', 'rater', 'compliance', 'connected']) {
      expect(raise.some((line) => line.includes(word))).toBe(true);
    }
    const found = [{ issuer: raterOf(1), type: 'compliance/x', value: 0 }];
    const good = [{ issuer: raterOf(2), type: 'compliance/y', value: 1 }];
    const known = { ...stranger, compliance: [...found, ...good] };
    expect(trustScore(known, now).raise.join()).toContain('findings against it that lapse');
  });

  it('is the same bytes for the same evidence in any order', () => {
    const both = events.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(both, credentials, presence, ([list, shuffled], held, seen) => {
        const score = (order: readonly Event[]): string =>
          JSON.stringify(
            trustScore({ evidence: daysOf(order), credentials: held, presence: seen }, now),
          );
        expect(score(shuffled)).toBe(score(list));
      }),
    );
  });

  it('gives half of what is missing for each good finding, and takes three quarters for each bad one', () => {
    const found = (good: number, bad: number) =>
      Array.from({ length: good + bad }, (_, i) => {
        return { issuer: raterOf(i), type: 'compliance/x', value: i < good ? 1 : 0 };
      });
    const points = (good: number, bad: number) =>
      trustScore({ ...stranger, compliance: found(good, bad) }, now).factors.find(
        ({ name }) => name === 'compliance',
      )!.contribution;
    const seen = [points(1, 0), points(2, 0), points(1, 1), points(2, 2), points(0, 1)];
    expect(seen).toEqual([7.5, 11.25, 1.875, 0.7031, 0]);
  });

  it('stays as it is within the hour', () => {
    const known = { ...stranger, evidence: [{ day: today - 40, kept: 9, broken: 1 }] };
    expect(trustScore(known, now + hour - 1)).toEqual(trustScore(known, now));
  });

  it('goes from probation to trusted by work, and to degraded by broken promises', () => {
    const after = (kept: number, broken: number, types = 0) => {
      const held = Array.from({ length: types }, (_, i) => ({
        issuer: `did:web:i${String(i)}` as Did,
        type: 'T',
      }));
      const evidence = [{ day: today, kept, broken }];
      return trustScore({ ...stranger, evidence, credentials: held }, now);
    };
    expect(after(1, 0).state).toBe('probation');
    expect(after(1, 1).state).toBe('probation');
    expect(after(8, 0, 1).state).toBe('trusted');
    expect(after(10, 10, 2).state).toBe('degraded');
    expect(after(0, 2).state).toBe('degraded');
  });

  it('says of attestations and compliance that none were seen', () => {
    const known = { ...stranger, evidence: [{ day: today, kept: 9, broken: 0 }] };
    for (const name of ['attestations', 'compliance']) {
      const factor = trustScore(known, now).factors.find((one) => one.name === name);
      expect(factor).toMatchObject({ value: 0, contribution: 0, because: 'none seen' });
    }
  });

  it('goes by the weights it is given', () => {
    const weights = { credentials: 0, history: 100, attestations: 0, compliance: 0, uptime: 0 };
    const known = { ...stranger, evidence: [{ day: today, kept: 8, broken: 2 }] };
    expect(trustScore(known, now, { ...trustConstants, weights }).score).toBeCloseTo(54.08, 1);
  });
});

describe('presence', () => {
  it('is counted by the hour, over the days it falls on', () => {
    const midnight = Date.UTC(2030, 0, 1);
    const up = addPresence([], { from: midnight - 2 * hour, to: midnight + hour, connected: true });
    expect(up.map(({ upMs }) => upMs / hour)).toEqual([2, 1]);
    const all = addPresence(up, {
      from: midnight + hour,
      to: midnight + 5 * hour,
      connected: false,
    });
    expect(presenceBelief(all, midnight + 5 * hour)).toEqual({ good: 3, bad: 4 });
  });

  it('is forgotten after 30 days, and takes bounded room', () => {
    const long = addPresence([], { from: now - 9_000 * hour, to: now, connected: true });
    expect(long.length).toBe(30);
    expect(presenceBelief(long, now + 31 * 24 * hour)).toEqual({ good: 0, bad: 0 });
  });
});
