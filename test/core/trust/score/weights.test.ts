import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrustWeights } from '../../../../src/core/trust/index.ts';
import {
  changePlan,
  checkedWeights,
  trustWeights,
  weightsAt,
} from '../../../../src/core/trust/score/weights.ts';
import { party, receiptOf, World } from '../rig.ts';

const day = 86_400_000;
const weights: fc.Arbitrary<TrustWeights> = fc
  .array(fc.nat({ max: 100 }), { minLength: 4, maxLength: 4 })
  .map((cuts) => {
    const [a, b, c, d] = [...cuts].sort((x, y) => x - y) as [number, number, number, number];
    return {
      credentials: a,
      history: b - a,
      attestations: c - b,
      compliance: d - c,
      uptime: 100 - d,
    };
  });
const total = (of: TrustWeights) => Object.values(of).reduce((sum, one) => sum + one, 0);

describe('weights', () => {
  it('come in named sets that add up to 100', () => {
    expect(trustWeights.standard).toEqual({
      credentials: 30,
      history: 25,
      attestations: 20,
      compliance: 15,
      uptime: 10,
    });
    expect(trustWeights.balanced).toEqual({
      credentials: 25,
      history: 30,
      attestations: 25,
      compliance: 15,
      uptime: 5,
    });
    for (const set of Object.values(trustWeights)) expect(checkedWeights(set)).toBe(set);
    expect(() => checkedWeights({ ...trustWeights.standard, uptime: 11 })).toThrow(/add up to 100/);
    for (const name of ['other', 'toString'] as never[]) {
      expect(() => checkedWeights(name)).toThrow(/standard, balanced/);
    }
    expect(() => checkedWeights({ ...trustWeights.standard, uptime: -10, history: 45 })).toThrow();
  });

  it('change without a jump, and a change of a change goes on from where it is', () => {
    const steps = fc.array(
      fc.record({
        to: weights,
        afterMs: fc.nat({ max: 20 * day }),
        overMs: fc.integer({ min: day, max: 30 * day }),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(weights, steps, (first, changes) => {
        let plan = { from: first, to: first, since: 0, overMs: 0 };
        let now = 0;
        const fastest = 100 / day;
        for (const { to, afterMs, overMs } of changes) {
          now += afterMs;
          const before = weightsAt(plan, now);
          plan = changePlan(plan, to, now, overMs);
          expect(weightsAt(plan, now)).toEqual(before);
          for (const ms of [1, 60_000, day, overMs / 2, overMs]) {
            const after = weightsAt(plan, now + ms);
            expect(Math.abs(total(after) - 100)).toBeLessThan(1e-9);
            for (const name of Object.keys(after) as (keyof TrustWeights)[]) {
              const moved = Math.abs(after[name] - before[name]);
              expect(moved).toBeLessThanOrEqual(fastest * ms + 1e-9);
            }
          }
          expect(weightsAt(plan, now + overMs)).toEqual(to);
        }
      }),
    );
  });

  it('given at a later start take effect over 14 days, and survive another restart on the way', async () => {
    const world = new World();
    const first = await world.org('org', { weights: trustWeights.standard });
    const worker = party('worker');
    for (let n = 0; n < 20; n += 1) {
      await first.trust.observe(await receiptOf(worker, first, String(n)), 'kept');
    }
    const before = first.trust.score(worker.did).score;
    await first.trust.close();
    const options = { weights: 'balanced' as const, store: first.store };
    let org = await world.org('org', options);
    expect(org.trust.weights).toEqual(trustWeights.standard);
    expect(org.trust.score(worker.did).score).toBe(before);
    await world.clock.advance('7d');
    await org.trust.close();
    org = await world.org('org', options);
    expect(org.trust.weights.history).toBeCloseTo(27.5, 1);
    await world.clock.advance('7d');
    expect(org.trust.weights).toEqual(trustWeights.balanced);
    const history = org.trust.score(worker.did).factors.find(({ name }) => name === 'history');
    expect(history?.weight).toBe(30);
  });

  it('can be changed by hand, over as long as one likes', async () => {
    const world = new World();
    const org = await world.org('org');
    await org.trust.setWeights(trustWeights.balanced, { over: '2d' });
    await world.clock.advance('1d');
    expect(org.trust.weights.credentials).toBeCloseTo(27.5, 6);
    await org.trust.setWeights(trustWeights.standard, { over: 0 });
    expect(org.trust.weights).toEqual(trustWeights.standard);
    const odd = { ...trustWeights.standard, uptime: 50 };
    await expect(org.trust.setWeights(odd)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('move a score by no more than the weights move in an hour', async () => {
    const world = new World();
    const org = await world.org('org');
    const worker = party('worker');
    await org.trust.attest({ about: worker.did, type: 'compliance/soc2' });
    await org.trust.setWeights(
      { credentials: 0, history: 0, attestations: 0, compliance: 100, uptime: 0 },
      { over: '10d' },
    );
    let before = org.trust.score(worker.did).score;
    for (let hour = 0; hour < 250; hour += 1) {
      await world.clock.advance('1h');
      const { score } = org.trust.score(worker.did);
      expect(score).toBeGreaterThanOrEqual(before);
      expect(score - before).toBeLessThan(0.5);
      before = score;
    }
    expect(before).toBe(50);
  });
});
