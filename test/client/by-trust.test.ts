import { describe, expect, it } from 'vitest';
import type { Did } from '../../src/base/ids.ts';
import { ByTrust } from '../../src/client/by-trust.ts';
import type { Candidate, CandidateTrust } from '../../src/ports/placement.ts';
import type { TaskRequest } from '../../src/schema/task.ts';
import { seededRandom } from '../../src/testing/index.ts';

const task = (id: string | number, idempotencyKey?: string): TaskRequest => {
  const key = idempotencyKey !== undefined && { idempotencyKey };
  return { id: `task-${String(id)}`, type: 'x', data: null, ...key };
};
const agent = (org: string, trust?: CandidateTrust, rank = 0, name = 'a'): Candidate => {
  return { meshId: `did:key:z${org}` as Did, node: 'main', name, rank, ...(trust && { trust }) };
};
const good = { score: 40, standing: 'good' } as const;
const fresh = { score: 0, standing: 'unknown' } as const;
const bad = { score: 35, standing: 'bad' } as const;

const own = agent('own');
const [liked, known] = [agent('liked', good, 1), agent('known', { ...good, score: 39 }, 2)];
const [stranger, other] = [agent('stranger', fresh, 4), agent('other', fresh, 4)];
const foe = agent('foe', bad, 3);

describe('placement by trust', () => {
  it('puts own agents first, and the bad last, however many points they have', () => {
    const placement = new ByTrust(seededRandom(1));
    const given = [own, liked, known, foe, stranger];
    for (let i = 0; i < 200; i += 1) {
      const placed = placement.choose(task(i), given);
      expect(placed[0]).toBe(own);
      expect(placed.at(-1)).toBe(foe);
      expect(new Set(placed)).toEqual(new Set(given));
    }
  });

  it('draws once for a task, and never for work under a key', () => {
    const placement = new ByTrust(seededRandom(1));
    const given = [liked, known, stranger, other];
    const firsts = new Set<Candidate>();
    for (let i = 0; i < 300; i += 1) {
      const placed = placement.choose(task(i), given);
      expect(placement.choose(task(i), given)).toEqual(placed);
      firsts.add(placed[0]!);
      expect(placement.choose(task(i, `key ${String(i)}`), given)[0]).toBe(liked);
    }
    expect(firsts).toEqual(new Set(given));
  });

  it('is the same from the same seed, and another from another', () => {
    const run = (seed: number) => {
      const placement = new ByTrust(seededRandom(seed));
      return Array.from({ length: 50 }, (_, i) => placement.choose(task(i), [liked, known])[0]);
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('gives no more chance to who has more agents, and keeps them together', () => {
    const placement = new ByTrust(seededRandom(3));
    const many = Array.from({ length: 20 }, (_, i) => agent('many', fresh, 0, `a${String(i)}`));
    let first = 0;
    for (let i = 0; i < 400; i += 1) {
      const placed = placement.choose(task(i), [...many, agent('one', fresh)]);
      if (placed[0]!.meshId === many[0]!.meshId) {
        first += 1;
        expect(placed.slice(0, 20)).toEqual(many);
      }
    }
    expect(first).toBeGreaterThan(150);
    expect(first).toBeLessThan(250);
  });

  it('gives newcomers less when they do badly, and it is the last word on a task that counts', () => {
    const placement = new ByTrust(seededRandom(4));
    const chance = () => placement.explain(task(0), [liked, stranger])[1]!.chance;
    const before = chance();
    expect(before).toBeCloseTo(0.05, 9);
    for (let i = 0; i < 10; i += 1) placement.judged(stranger, `task-${String(i)}`, 1);
    expect(chance()).toBeGreaterThan(0.08);
    for (let i = 0; i < 10; i += 1) placement.judged(stranger, `task-${String(i)}`, 0);
    expect(chance()).toBeLessThan(0.02);
    for (let i = 0; i < 10; i += 1) placement.judged(liked, `task-l${String(i)}`, 1);
    expect(chance()).toBeLessThan(0.02);
  });

  it('says of each candidate how likely it was, and why', () => {
    const placement = new ByTrust(seededRandom(5));
    const placed = placement.choose(task(1), [own, liked, stranger, foe]);
    const reasons = placement.explain(task(1), placed);
    expect(reasons.map(({ chance }) => chance).reduce((all, one) => all + one)).toBeCloseTo(1, 9);
    const of = (candidate: Candidate) => reasons[placed.indexOf(candidate)]!;
    expect(of(own).because).toMatch(/own/);
    expect(of(liked).because).toMatch(/trust 40 of 100; good work/);
    expect(of(stranger).because).toMatch(/newcomers get 5\.0 %/);
    expect(of(foe).chance).toBe(0);
    expect(of(foe).because).toMatch(/bad work/);
  });
});
