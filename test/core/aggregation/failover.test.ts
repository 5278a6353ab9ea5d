import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../src/base/ids.ts';
import { ranking } from '../../../src/core/aggregation/election.ts';
import type { RoundOptions, RoundResult } from '../../../src/core/aggregation/index.ts';
import { contributeAll, meet, type Node, openAll, people, resultsOf, settle, Town } from './rig.ts';

const two: RoundOptions = {
  task: 'fraud',
  strategy: 'fedavg',
  minParticipants: 2,
  deadline: '60s',
};
const gifts: readonly (readonly [Float32Array, number])[] = [
  [Float32Array.of(1, 0), 1],
  [Float32Array.of(2, 0), 1],
  [Float32Array.of(6, 3), 1],
];

// Schedules tried in each run of the tests.
const runs = 100;

/** Three nodes in the order of their rank. */
function ranked(town: Town): [Node, Node, Node] {
  const nodes = settle(town, 3);
  const order = ranking(
    'fraud#1',
    nodes.map(({ did }) => did),
  );
  return order.map((did) => town.nodes.get(did)!) as [Node, Node, Node];
}

describe('when the leader is killed', () => {
  it('before it takes anything, the next rank finishes without it', async () => {
    const town = new Town();
    const [first, ...others] = ranked(town);
    const rounds = await openAll([first, ...others], two);
    await town.clock.pass(100);
    expect(rounds[1]?.leader).toBe(first.did);
    first.kill();
    contributeAll(rounds.slice(1), gifts.slice(0, 2));
    const results = await resultsOf(town, rounds.slice(1));
    for (const result of results) {
      expect([...result.weights]).toEqual([1.5, 0]);
      expect(result.dropped).toEqual([first.did]);
    }
    // One that is known to be lost is not waited for until the deadline.
    expect(town.clock.monotonic()).toBeLessThan(20_000);
  });

  it('after it acknowledged, the others hand the next rank what they kept', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], two);
    await town.clock.pass(10);
    const handed = [1, 2].map((i) => {
      const [weights, samples] = gifts[i]!;
      return rounds[i]!.contribute({ weights, samples });
    });
    await town.clock.pass(2_000);
    // The leader needs a contribution of its own to know the size, so it takes theirs only now.
    void rounds[0]?.contribute({ weights: gifts[0]![0], samples: 1 }).catch(() => undefined);
    town.weather = (_, __, method) => {
      // Its acknowledgements are under way when it dies.
      if (method === 'round.prepare') {
        town.clock.after(2, () => {
          first.kill();
        });
      }
      return method === 'round.prepare' ? 'lost' : 1;
    };
    await town.clock.pass(2_000);
    await Promise.all(handed);
    expect(first.alive).toBe(false);
    town.weather = () => 1;
    const results = await resultsOf(town, rounds.slice(1));
    for (const { weights } of results) expect([...weights]).toEqual([4, 1.5]);
  });

  it('after one other has voted, the survivors finish the result that was voted for', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], two);
    town.weather = (from, to, method) => {
      if (method === 'round.propose' && to === third.did && from === first.did) return 'lost';
      if (method === 'round.propose answered' && to === first.did) {
        first.kill();
        return 'lost';
      }
      return 1;
    };
    contributeAll(rounds, gifts);
    const results = await resultsOf(town, rounds.slice(1));
    // With the leader's contribution, though the leader is gone: it had been voted for.
    for (const { weights } of results) expect([...weights]).toEqual([3, 1]);
  });

  it('after it alone knew the result, the survivors come to the same', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], two);
    town.weather = (from, _, method) => {
      if (from === first.did && method === 'round.result') first.kill();
      return method === 'round.result' ? 'lost' : 1;
    };
    contributeAll(rounds, gifts);
    const results = await resultsOf(town, rounds);
    expect(first.alive).toBe(false);
    for (const { weights } of results) expect([...weights]).toEqual([3, 1]);
  });

  it('after it told one, the other asks that one', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], two);
    town.weather = (from, to, method) => {
      if (to === third.did && method === 'round.propose') return 'lost';
      if (method !== 'round.result') return 1;
      if (to === second.did && from === first.did) {
        setImmediate(() => {
          first.kill();
        });
      }
      return to === third.did ? 'lost' : 1;
    };
    contributeAll(rounds, gifts);
    await town.clock.pass(50);
    town.weather = () => 1;
    const results = await resultsOf(town, rounds.slice(1));
    for (const { weights } of results) expect([...weights]).toEqual([3, 1]);
    expect(second.events.at(-1)?.type).toBe('round.completed');
  });

  it('and a voter was restarted meanwhile, the voter stands by its vote', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], two);
    // Only the first and the second hear of the ballot; then both stop, and only the second comes back.
    town.weather = (from, to, method) => {
      if (method === 'round.result') return 'lost';
      return to === third.did && from === first.did && method === 'round.propose' ? 'lost' : 1;
    };
    contributeAll(rounds, gifts);
    const [decided] = await resultsOf(town, rounds.slice(0, 1));
    first.kill();
    second.kill();
    town.weather = () => 1;
    const back = town.settle(personOf(second), { store: second.store });
    const again = await back.aggregator.createRound(two);
    contributeAll([again], [[Float32Array.of(100, 100), 1]]);
    const results = await resultsOf(town, [again, rounds[2]!]);
    for (const { weights } of results) expect(weights).toEqual(decided?.weights);
  });

  it('and comes back without memory of the round, it takes part again', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const three = { ...two, minParticipants: 3 };
    const rounds = await openAll([first, second, third], three);
    contributeAll(rounds.slice(1), gifts.slice(1));
    await town.clock.pass(5_000);
    first.kill();
    await town.clock.pass(1_000);
    const back = town.settle(personOf(first), { store: first.store });
    const again = await back.aggregator.createRound(three);
    contributeAll([again], gifts);
    const results = await resultsOf(town, [again, ...rounds.slice(1)]);
    for (const { weights } of results) expect([...weights]).toEqual([3, 1]);
  });
});

describe('when nodes cannot reach each other', () => {
  const agreed = { ...two, participants: people.slice(0, 3).map(({ did }) => did) };

  it('the majority finishes, and the leader that was cut off gets their result on its return', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], agreed);
    await town.clock.pass(100);
    town.weather = (from, to) => (from === first.did || to === first.did ? 'lost' : 1);
    contributeAll(rounds, gifts);
    const early = await resultsOf(town, rounds.slice(1));
    for (const { weights } of early) expect([...weights]).toEqual([4, 1.5]);
    town.weather = () => 1;
    meet(first, second);
    const [late] = await resultsOf(town, rounds.slice(0, 1));
    expect([...(late?.weights ?? [])]).toEqual([4, 1.5]);
  });

  it('two leaders that each think the other dead come to one result or none', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], agreed);
    await town.clock.pass(100);
    // First and second do not hear each other; the third hears both.
    const apart = new Set([first.did, second.did]);
    town.weather = (from, to) => (apart.has(from) && apart.has(to) ? 'lost' : 1);
    contributeAll(rounds, gifts);
    await town.clock.pass(300_000);
    const results = await Promise.allSettled(rounds.map((round) => round.result()));
    expect(distinct(results).size).toBe(1);
  });

  it('a round without a majority fails loudly on every node', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    const rounds = await openAll([first, second, third], agreed);
    await town.clock.pass(100);
    town.weather = () => 'lost';
    contributeAll(rounds, gifts);
    await town.clock.pass(600_000);
    for (const round of rounds) {
      await expect(round.result()).rejects.toMatchObject({ code: 'ROUND_FAILED' });
    }
    expect(town.clock.pending).toBe(0);
  });
});

describe('after a restart', () => {
  it('a node continues where it was, with the last three results', async () => {
    const town = new Town();
    let nodes = settle(town, 3);
    for (let number = 1; number <= 4; number += 1) {
      const rounds = await openAll(nodes, { ...two, minParticipants: 3 });
      expect(rounds[0]?.number).toBe(number);
      contributeAll(
        rounds,
        gifts.map(([v]) => [v.map((x) => x * number), 1]),
      );
      await resultsOf(town, rounds);
    }
    const [gone, ...others] = nodes as [Node, Node, Node];
    gone.kill();
    expect([...gone.store.entries.keys()].filter((key) => key.startsWith('result'))).toHaveLength(
      3,
    );
    expect([...gone.store.entries.keys()].filter((key) => key.startsWith('vow'))).toHaveLength(0);
    const back = town.settle(personOf(gone), { store: gone.store });
    const latest = await back.aggregator.latest('fraud');
    expect(latest).toMatchObject({ number: 4, participants: 3 });
    expect([...(latest?.weights ?? [])]).toEqual([12, 4]);
    nodes = [back, ...others];
    const rounds = await openAll(nodes, { ...two, minParticipants: 3 });
    expect(rounds.map(({ number }) => number)).toEqual([5, 5, 5]);
    contributeAll(rounds, gifts);
    for (const { weights } of await resultsOf(town, rounds)) expect([...weights]).toEqual([3, 1]);
  });

  it('keeps no contribution in its store, whatever happens', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const rounds = await openAll(nodes, two);
    contributeAll(rounds.slice(0, 2), [
      [Float32Array.of(7.125, 7.125), 1],
      [Float32Array.of(7.25, 7.25), 1],
    ]);
    await resultsOf(town, rounds);
    const [own, other] = [Float32Array.of(7.125), Float32Array.of(7.25)].map(textOf);
    for (const { store } of nodes) {
      for (const value of store.entries.values()) {
        const text = Buffer.from(value).toString('hex');
        expect(text.includes(own!) || text.includes(other!)).toBe(false);
      }
    }
  });

  it('a node that missed a round gets its result by opening it', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    third.kill();
    await finishRound(town, [first, second]);
    const back = town.settle(personOf(third), { store: third.store });
    const round = await back.aggregator.createRound(two);
    expect(round.number).toBe(1);
    const [result] = await resultsOf(town, [round]);
    expect([...(result?.weights ?? [])]).toEqual([1.5, 0]);
    await expect(round.contribute({ weights: Float32Array.of(1, 1), samples: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'ROUND_CLOSED' }),
    );
  });

  it('a node that missed more than the others keep takes over their last and goes on', async () => {
    const town = new Town();
    const [first, second, third] = ranked(town);
    third.kill();
    for (let i = 0; i < 5; i += 1) await finishRound(town, [first, second]);
    const back = town.settle(personOf(third), { store: third.store });
    const round = await back.aggregator.createRound(two);
    const failure = round.result().catch((error: unknown) => error);
    await town.clock.pass(5_000);
    expect(await failure).toMatchObject({ code: 'ROUND_FAILED' });
    expect(await back.aggregator.latest('fraud')).toMatchObject({ number: 5 });
    expect((await back.aggregator.createRound(two)).number).toBe(6);
  });
});

describe('over random schedules', () => {
  it('of delivery, all nodes have the bytes of the exact mean', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 5 }), fc.integer(), async (count, seed) => {
        const town = new Town(seed);
        town.weather = () => 1 + town.below(900);
        const nodes = settle(town, count);
        const rounds = await openAll(nodes, { ...two, minParticipants: count });
        contributeAll(
          rounds,
          rounds.map((_, i) => [Float32Array.of(i / 3, -i), i + 1]),
        );
        const results = await resultsOf(town, rounds);
        const exact = results[0]!.weights;
        const total = (count * (count + 1)) / 2;
        const mean = rounds.reduce((sum, _, i) => sum + ((i + 1) * -i) / total, 0);
        expect(exact[1]).toBeCloseTo(mean, 5);
        expect(distinctWeights(results).size).toBe(1);
      }),
      { numRuns: 40 },
    );
  });

  it('of loss, partition, death and return, nodes never end with different weights', async () => {
    let completed = 0;
    const schedule = fc.record({
      count: fc.integer({ min: 3, max: 5 }),
      seed: fc.integer(),
      loss: fc.integer({ min: 0, max: 50 }),
      // Who dies at which of its messages about ballots, and when it is back.
      deaths: fc.array(
        fc.record({ who: fc.nat(4), at: fc.nat(12), back: fc.option(fc.nat(9_000)) }),
        { maxLength: 3 },
      ),
      // Who is on one side, from when, for how long.
      cuts: fc.array(fc.record({ side: fc.nat(31), from: fc.nat(8_000), ms: fc.nat(30_000) }), {
        maxLength: 3,
      }),
    });
    await fc.assert(
      fc.asyncProperty(schedule, async ({ count, seed, loss, deaths, cuts }) => {
        const town = new Town(seed);
        const members = people.slice(0, count).map(({ did }) => did);
        const options: RoundOptions = { ...two, number: 1, participants: members, deadline: '15s' };
        const results: RoundResult[] = [];
        const takePart = async (node: Node, i: number): Promise<void> => {
          const round = await node.aggregator.createRound({ ...options, minParticipants: 2 });
          // Never the same twice, so that two leaders cannot come to the same result by chance.
          contributeAll([round], [[Float32Array.of(i / 7, town.below(4_000)), i + 1]]);
          await round.result().then(
            (result) => results.push(result),
            () => undefined,
          );
        };
        const said = new Map<Did, number>();
        town.weather = (from, to, method) => {
          const now = town.clock.monotonic();
          const [a, b] = [members.indexOf(from), members.indexOf(to)];
          for (const { side, from: start, ms } of cuts) {
            const apart = ((side >> a) & 1) !== ((side >> b) & 1);
            if (apart && now >= start && now < start + ms) return 'lost';
          }
          if (/prepare|propose|result/.test(method)) {
            const n = (said.get(from) ?? 0) + 1;
            said.set(from, n);
            for (const { who, at, back } of deaths) {
              if (who % count === a && at + 1 === n) kill(town.nodes.get(from)!, a, back);
            }
          }
          return town.below(100) < loss ? 'lost' : 1 + town.below(700);
        };
        const kill = (node: Node, i: number, back: number | null): void => {
          node.kill();
          if (back === null) return;
          town.clock.after(1 + back, () => {
            void takePart(town.settle(personOf(node), { store: node.store, transfer: '3s' }), i);
          });
        };
        for (const [i, who] of people.slice(0, count).entries()) {
          void takePart(town.settle(who, { transfer: '3s' }), i);
        }
        await town.clock.pass(120_000);
        const stored = await Promise.all(
          [...town.nodes.values()].map(({ aggregator }) => aggregator.latest('fraud')),
        );
        const all = [...results, ...stored.filter((result) => result !== undefined)];
        expect(distinctWeights(all).size).toBeLessThanOrEqual(1);
        if (all.length > 0) completed += 1;
      }),
      { numRuns: runs },
    );
    // The law would hold emptily if no schedule ever came to a result.
    expect(completed).toBeGreaterThan(runs / 3);
  });
});

function personOf({ did }: { readonly did: Did }): (typeof people)[number] {
  return people.find((who) => who.did === did)!;
}

async function finishRound(town: Town, nodes: readonly Node[]): Promise<void> {
  const rounds = await openAll(nodes, two);
  contributeAll(rounds, gifts);
  await resultsOf(town, rounds);
}

function distinct(results: readonly PromiseSettledResult<RoundResult>[]): Set<string> {
  return distinctWeights(results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : [])));
}

function distinctWeights(results: readonly RoundResult[]): Set<string> {
  return new Set(results.map(({ weights }) => textOf(weights)));
}

function textOf(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('hex');
}
