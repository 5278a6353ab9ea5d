import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byTrust,
  type Candidate,
  factorsOf,
  isNewcomer,
  rank,
  refusedBy,
  scoreOf,
} from '../../../src/core/discovery/ranking.ts';
import { toInstant } from '../../../src/schema/words.ts';
import { hour, party, record, start } from './rig.ts';

const people = Array.from({ length: 6 }, (_, i) => party(i));
const candidate = (more: Partial<Candidate> = {}): Candidate => ({
  record: record(people[0]!),
  relevance: 1,
  trust: 0.5,
  own: false,
  quarantined: false,
  certifications: [],
  zone: undefined,
  observation: undefined,
  ...more,
});

const share = fc.oneof(
  fc.constantFrom(0, 0.29, 0.3, 0.5, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const observation = fc.option(
  fc.record({ uptime: share, avgLatency: fc.double({ min: 0, max: 60_000, noNaN: true }) }),
  { nil: undefined },
);
const anyone = fc
  .record({
    owner: fc.nat(5),
    agent: fc.stringMatching(/^[a-z]{1,4}$/),
    ageHours: fc.integer({ min: -1, max: 1_000 }),
    relevance: share,
    trust: share,
    observation,
  })
  .map(({ owner, agent, ageHours, ...rest }) => {
    const issuedAt = toInstant(start - ageHours * hour);
    return candidate({ ...rest, record: record(people[owner]!, agent, { issuedAt }) });
  });
/** One trust for each publisher, as in life. */
const crowd = fc
  .tuple(
    fc.uniqueArray(anyone, {
      selector: ({ record: { id } }) => id,
      maxLength: 30,
      size: 'max',
    }),
    fc.array(share, { minLength: 6, maxLength: 6 }),
  )
  .map(([list, trusts]) =>
    list.map((one) => ({ ...one, trust: trusts[ownerOf(one)]!, own: ownerOf(one) === 5 })),
  );
const ownerOf = ({ record: { meshId } }: Candidate): number =>
  people.findIndex(({ did }) => did === meshId);
const idsOf = (list: readonly { candidate: Candidate }[]): string[] =>
  list.map((item) => item.candidate.record.id);

describe('the score', () => {
  it('follows from its factors and stays within 0 and 1', () => {
    fc.assert(
      fc.property(crowd, (candidates) => {
        for (const { score, factors } of rank(candidates, 100, start)) {
          expect(score).toBe(scoreOf(factors));
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('never falls when trust, relevance, uptime or freshness rise or latency falls', () => {
    const lifted = fc.tuple(anyone, anyone).map(([one, other]) => {
      const better = {
        ...one,
        trust: Math.max(one.trust, other.trust),
        relevance: Math.max(one.relevance, other.relevance),
        observation: one.observation && {
          uptime: Math.max(one.observation.uptime, other.observation?.uptime ?? 0),
          avgLatency: Math.min(one.observation.avgLatency, other.observation?.avgLatency ?? 1e9),
        },
      };
      return [one, better] as const;
    });
    fc.assert(
      fc.property(lifted, fc.nat(100), ([one, better], hours) => {
        const now = start + hours * hour;
        const before = scoreOf(factorsOf(one, now));
        expect(scoreOf(factorsOf(better, now))).toBeGreaterThanOrEqual(before);
        expect(scoreOf(factorsOf(better, start))).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  it('survives measurements that make no sense', () => {
    const observations = [
      { uptime: Number.NaN, avgLatency: Number.NaN },
      { uptime: 7, avgLatency: -5 },
    ];
    for (const measured of observations) {
      const { usefulness } = factorsOf(candidate({ observation: measured }), start);
      expect(usefulness >= 0 && usefulness <= 1).toBe(true);
    }
  });
});

describe('the ranking', () => {
  it('does not depend on the order in which candidates come', () => {
    fc.assert(
      fc.property(crowd, fc.integer({ min: 1, max: 30 }), (candidates, limit) => {
        const there = idsOf(rank(candidates, limit, start));
        const back = idsOf(rank([...candidates].reverse(), limit, start));
        expect(back).toEqual(there);
      }),
    );
  });

  it('loses nobody: what is put back follows later', () => {
    fc.assert(
      fc.property(crowd, (candidates) => {
        const all = idsOf(rank(candidates, 1_000, start));
        expect([...all].sort()).toEqual(candidates.map((one) => one.record.id).sort());
      }),
    );
  });

  it('gives a publisher two of the first ten places as long as others match', () => {
    fc.assert(
      fc.property(crowd, (candidates) => {
        const first = rank(candidates, 10, start);
        const left = candidates.filter((one) => !first.some((item) => item.candidate === one));
        const count = (owner: number) =>
          first.filter((item) => ownerOf(item.candidate) === owner).length;
        for (const owner of people.keys()) {
          if (count(owner) > 2) expect(left.every((one) => count(ownerOf(one)) >= 2)).toBe(true);
        }
      }),
    );
  });

  it('gives newcomers together two of the first ten places as long as ten others match', () => {
    const known = Array.from({ length: 10 }, (_, i) =>
      candidate({ record: record(party(i), 'known'), relevance: 0.1, trust: 0.9 }),
    );
    const sybils = Array.from({ length: 50 }, (_, i) =>
      candidate({ record: record(party(100 + i), 'new'), relevance: 1, trust: 0 }),
    );
    const first = rank([...known, ...sybils], 10, start);
    expect(first.filter((item) => isNewcomer(item.candidate))).toHaveLength(2);
  });

  it('shows a mesh of strangers in order of score', () => {
    const strangers = Array.from({ length: 6 }, (_, i) =>
      candidate({ record: record(party(i)), relevance: (i + 1) / 10, trust: 0 }),
    );
    const found = rank(strangers, 10, start).map((item) => item.factors.relevance);
    expect(found).toEqual([0.6, 0.5, 0.4, 0.3, 0.2, 0.1]);
  });

  it('never worsens the best place of a publisher who gains trust', () => {
    fc.assert(
      fc.property(crowd, fc.nat(4), share, (candidates, owner, more) => {
        const bestOf = (list: readonly Candidate[]) =>
          rank(list, 1_000, start).findIndex((item) => ownerOf(item.candidate) === owner);
        const raised = candidates.map((one) =>
          ownerOf(one) === owner ? { ...one, trust: Math.max(one.trust, more) } : one,
        );
        expect(bestOf(raised)).toBeLessThanOrEqual(bestOf(candidates));
      }),
    );
  });

  it('puts own agents first for a task, then those trusted most', () => {
    const own = candidate({ record: record(people[1]!), own: true, trust: 0 });
    const trusted = candidate({ record: record(people[2]!), trust: 0.9 });
    const fast = candidate({
      record: record(people[3]!),
      observation: { uptime: 1, avgLatency: 10 },
    });
    const plain = candidate({ record: record(people[4]!) });
    expect([plain, fast, trusted, own].sort(byTrust)).toEqual([own, trusted, fast, plain]);
  });
});

describe('a gate', () => {
  const certified = candidate({
    record: record(people[0]!, 'a', { certifications: ['ISO14001'], region: 'eu-west-1' }),
    certifications: ['ISO14001'],
    zone: 'EU',
    observation: { uptime: 1, avgLatency: 300 },
  });

  it.each([
    [{ trustScore: { min: 50 } }, undefined],
    [{ trustScore: { min: 51 } }, 'trust'],
    [{ trustScore: { min: Number.NaN } }, 'trust'],
    [{ certifications: ['ISO14001'] }, undefined],
    [{ certifications: ['ISO14001', 'SOC2'] }, 'certifications'],
    [{ maxLatency: 300 }, undefined],
    [{ maxLatency: 299 }, 'latency'],
    [{ region: 'eu-west-1' }, undefined],
    [{ region: 'eu-west-2' }, 'region'],
    [{ sovereignty: 'EU' }, undefined],
    [{ sovereignty: 'any' }, undefined],
    [{ sovereignty: 'no-US' }, undefined],
    [{ sovereignty: 'no-EU' }, 'sovereignty'],
    [{ sovereignty: 'US' }, 'sovereignty'],
    [{ capabilities: ['math.add'] }, undefined],
    [{ capabilities: ['math.add', 'math.divide'] }, 'capabilities'],
    [{ include: 'verified' as const }, undefined],
  ])('with filters %j says %s', (filters, expected) => {
    expect(refusedBy(certified, filters, start)).toBe(expected);
  });

  it('counts a certification only when it is both claimed and verified', () => {
    const filters = { certifications: ['ISO14001'] };
    const claimed = { ...certified, certifications: [] };
    const unclaimed = candidate({ certifications: ['ISO14001'] });
    expect(refusedBy(claimed, filters, start)).toBe('certifications');
    expect(refusedBy(unclaimed, filters, start)).toBe('certifications');
  });

  it('lets nobody through on a measurement or a zone that is not known', () => {
    expect(refusedBy(candidate(), { maxLatency: 10_000 }, start)).toBe('latency');
    expect(refusedBy(candidate(), { sovereignty: 'no-US' }, start)).toBe('sovereignty');
    expect(refusedBy(candidate({ own: true }), { maxLatency: 10 }, start)).toBeUndefined();
  });

  it('shuts out newcomers only where the verified are asked for, and never the own organisation', () => {
    const newcomer = candidate({ trust: 0.29 });
    expect(refusedBy(newcomer, {}, start)).toBeUndefined();
    expect(refusedBy(newcomer, { include: 'verified' }, start)).toBe('unverified');
    expect(refusedBy({ ...newcomer, own: true }, { include: 'verified' }, start)).toBeUndefined();
  });

  it('shuts out what is quarantined, withdrawn or expired whatever the filters', () => {
    const withdrawn = candidate({ record: record(people[0]!, 'a', { withdrawn: true }) });
    expect(refusedBy(withdrawn, {}, start)).toBe('withdrawn');
    expect(refusedBy(candidate({ quarantined: true }), {}, start)).toBe('quarantined');
    expect(refusedBy(candidate(), {}, start + 24 * hour)).toBeUndefined();
    expect(refusedBy(candidate(), {}, start + 24 * hour + 60_000)).toBe('expired');
  });

  it('fails only for reasons the filters or the candidate give', () => {
    fc.assert(
      fc.property(anyone, fc.double({ min: 0, max: 100, noNaN: true }), (one, min) => {
        const passes = refusedBy(one, { trustScore: { min } }, start) === undefined;
        expect(passes).toBe(one.trust * 100 >= min);
      }),
    );
  });
});
