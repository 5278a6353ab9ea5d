import { describe, expect, it } from 'vitest';
import { meanSybilShare } from '../../bench/threats/sybil-region.ts';
import { badService, gullible, type Threat, threats } from '../../bench/threats/threat-model.ts';

/** The experiments of `npm run bench -- trust-threats`, shorter: good peers fail in 5 % of their services. */
const short = { seed: 7, cycles: 10, queries: 30 };

function played(threat: Threat) {
  return { ...threats.find((each) => each.threat === threat)!, ...short };
}

describe('under threat', () => {
  it.each<[Threat, number]>([
    ['A', 0.07],
    ['B', 0.07],
    ['C', 0.07],
    ['D', 0.06],
    ['E', 0.15],
    ['W', 0.12],
  ])(
    '%s, good peers get little bad service',
    (threat, bound) => {
      expect(badService(played(threat))).toBeLessThan(bound);
    },
    60_000,
  );

  it('it is credibility that saves them from camouflage, from spies and from those who court the roots', () => {
    for (const threat of ['C', 'D', 'E'] as const) {
      expect(badService({ ...played(threat), constants: gullible })).toBeGreaterThan(0.4);
    }
  }, 60_000);

  it('Sybils have no more of the trust for being many', () => {
    const shares = [10, 100, 1_000].map((sybils) =>
      meanSybilShare({ sybils, attackEdges: 100, seed: 1 }, 2),
    );
    for (const share of shares) {
      expect(share).toBeLessThan(0.03);
      expect(share / shares[0]!).toBeCloseTo(1, 6);
    }
    expect(meanSybilShare({ sybils: 1_000, attackEdges: 0, seed: 1 }, 2)).toBe(0);
  });
});
