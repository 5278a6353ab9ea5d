import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import type { AggregationRound, RoundOptions } from '../../../src/core/aggregation/index.ts';
import {
  code,
  contributeAll,
  finish,
  mapStore,
  type Node,
  openAll,
  people,
  resultsOf,
  settle,
  Town,
} from './rig.ts';

const three: RoundOptions = { task: 'fraud', strategy: 'fedavg', minParticipants: 3 };

describe('a round', () => {
  it('gives three honest nodes the weighted mean, bit for bit the same', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const rounds = await openAll(nodes, three);
    const results = await finish(town, rounds, [
      [Float32Array.of(1, 0, -1), 100],
      [Float32Array.of(2, 0, -1), 100],
      [Float32Array.of(4, 8, -1), 200],
    ]);
    for (const result of results) {
      expect([...result.weights]).toEqual([2.75, 4, -1]);
      expect(result).toMatchObject({ participants: 3, dropped: [] });
      expect(result.privacySpent).toEqual({ epsilon: 0, delta: 0 });
    }
    expect(new Set(rounds.map(({ leader }) => leader)).size).toBe(1);
    for (const node of nodes) {
      expect(node.events.map(({ type }) => type)).toEqual(['round.opened', 'round.completed']);
    }
    expect(town.clock.monotonic()).toBeLessThan(3_000);
    await town.clock.pass(60_000);
    expect(town.clock.pending).toBe(0);
  });

  it('moves only differences when there is a base', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const base = Float32Array.of(10, 20);
    const rounds = await openAll(nodes, { ...three, base });
    const results = await finish(town, rounds, [
      [Float32Array.of(11, 20), 1],
      [Float32Array.of(12, 20), 1],
      [Float32Array.of(10, 23), 1],
    ]);
    expect([...(results[0]?.weights ?? [])]).toEqual([11, 21]);
    const sent = town.log.filter(({ method }) => method === 'round.contribute');
    expect(sent).toHaveLength(2);
    for (const { body } of sent) {
      const { vector } = (body as { update: { vector: Float32Array } }).update;
      expect(Math.max(...vector)).toBeLessThan(4);
    }
  });

  it('does without one that is missing at the deadline when there are enough', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const rounds = await openAll(nodes, { ...three, minParticipants: 2, deadline: '10s' });
    const [, , absent] = rounds;
    const results = await finish(town, rounds, [
      [Float32Array.of(1), 1],
      [Float32Array.of(3), 1],
    ]);
    expect(town.clock.monotonic()).toBeGreaterThanOrEqual(10_000);
    for (const result of results) {
      expect([...result.weights]).toEqual([2]);
      expect(result.dropped).toEqual([nodes[2]?.did]);
    }
    await expect(absent?.contribute({ weights: Float32Array.of(9), samples: 1 })).rejects.toThrow(
      code('ROUND_CLOSED'),
    );
  });

  it('fails for all at the deadline when too few contributed, naming who was missing', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const rounds = await openAll(nodes, { ...three, deadline: '10s' });
    const failures = rounds.map((round) => round.result().catch((error: unknown) => error));
    contributeAll(rounds.slice(0, 2), [
      [Float32Array.of(1), 1],
      [Float32Array.of(3), 1],
    ]);
    await town.clock.pass(30_000);
    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject({ code: 'ROUND_FAILED' });
      expect((failure as MeshError).params['missing']).toEqual([nodes[2]?.did]);
    }
    for (const node of nodes) expect(node.events.at(-1)?.type).toBe('round.failed');
    expect(town.clock.pending).toBe(0);
  });

  it('fails alone when nobody comes', async () => {
    const town = new Town();
    const [node] = settle(town, 1);
    const round = await node?.aggregator.createRound({ ...three, deadline: '5s' });
    const failure = round?.result().catch((error: unknown) => error);
    await town.clock.pass(5_001);
    expect(await failure).toMatchObject({ code: 'ROUND_FAILED' });
  });

  it('is found by nodes that open it, connect and contribute in their own time', async () => {
    const town = new Town();
    const rounds: AggregationRound[] = [];
    for (const [i, who] of people.slice(0, 3).entries()) {
      const node = town.settle(who);
      const round = await node.aggregator.createRound(three);
      rounds.push(round);
      contributeAll([round], [[Float32Array.of(i), 1]]);
      await town.clock.pass(4_000);
    }
    const results = await resultsOf(town, rounds);
    for (const { weights } of results) expect([...weights]).toEqual([1]);
  });

  it('is another one for each task: two rounds interleave', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const first = await openAll(nodes, three);
    const second = await openAll(nodes, { ...three, task: 'churn' });
    contributeAll(
      first,
      [1, 2, 3].map((x) => [Float32Array.of(x), 1]),
    );
    contributeAll(
      second,
      [1, 2, 6].map((x) => [Float32Array.of(x, x), 1]),
    );
    const results = await resultsOf(town, [...first, ...second]);
    for (const { weights } of results.slice(0, 3)) expect([...weights]).toEqual([2]);
    for (const { weights } of results.slice(3)) expect([...weights]).toEqual([3, 3]);
  });

  it('is numbered on, and the same one for who asks twice', async () => {
    const town = new Town();
    const nodes = settle(town, 3);
    const rounds = await openAll(nodes, three);
    const again = await openAll(nodes, three);
    expect(again).toEqual(rounds);
    await finish(town, rounds, same(3));
    const next = await openAll(nodes, three);
    expect(next.map(({ number }) => number)).toEqual([2, 2, 2]);
    await finish(town, next, same(3));
    const past = await nodes[0]?.aggregator.createRound({ ...three, number: 1 });
    expect((await past?.result())?.participants).toBe(3);
    expect((await nodes[0]?.aggregator.latest('fraud'))?.number).toBe(2);
  });

  it('refuses to be opened again on other terms', async () => {
    const town = new Town();
    const [node] = settle(town, 1);
    await node?.aggregator.createRound(three);
    await expect(node?.aggregator.createRound({ ...three, minParticipants: 2 })).rejects.toThrow(
      code('ALREADY_EXISTS'),
    );
  });

  it('tells who came with other terms', async () => {
    const town = new Town();
    const [a, b] = settle(town, 2) as [Node, Node];
    const two = { ...three, minParticipants: 2, deadline: '5s' as const };
    const round = await a.aggregator.createRound(two);
    await b.aggregator.createRound({ ...two, base: Float32Array.of(1) });
    const failure = round.result().catch((error: unknown) => error);
    await town.clock.pass(6_000);
    expect(((await failure) as MeshError).params['otherTerms']).toEqual([b.did]);
  });

  it('fails with the error of a store that cannot keep the result, and completes at the others', async () => {
    const town = new Town();
    const nodes = settle(town, 2);
    const store = mapStore();
    const full = new MeshError('STORE_FULL', { store: 'of the test' });
    const broken = town.settle(people[2]!, {
      store: {
        ...store,
        write: (ops) =>
          ops.some((op) => 'put' in op && op.put.startsWith('result'))
            ? Promise.reject(full)
            : store.write(ops),
      },
    });
    const rounds = await openAll([...nodes, broken], three);
    const failure = rounds[2]!.result().catch((error: unknown) => error);
    contributeAll(rounds, same(3));
    const results = await resultsOf(town, rounds.slice(0, 2));
    for (const { participants } of results) expect(participants).toBe(3);
    await town.clock.pass(5_000);
    expect(await failure).toBe(full);
    expect(broken.events.at(-1)?.type).toBe('round.failed');
    expect(await broken.aggregator.latest('fraud')).toBeUndefined();
  });

  it('ends with CLOSED when its node closes', async () => {
    const town = new Town();
    const [node] = settle(town, 1);
    const round = await node?.aggregator.createRound(three);
    const waiting = round?.result().catch((error: unknown) => error);
    const handing = round
      ?.contribute({ weights: Float32Array.of(1), samples: 1 })
      .catch((error: unknown) => error);
    await town.clock.pass(1);
    await node?.aggregator.close();
    await node?.aggregator.close();
    expect(await waiting).toMatchObject({ code: 'CLOSED' });
    expect(await handing).toMatchObject({ code: 'CLOSED' });
    expect(town.clock.pending).toBe(0);
    await expect(node?.aggregator.createRound(three)).rejects.toThrow(code('CLOSED'));
  });
});

describe('what the aggregator does not do', () => {
  it.each([
    ['scaffold', { strategy: 'scaffold' as 'fedavg' }],
    ['privacy', { privacy: { mechanism: 'gaussian', epsilon: 1, clip: 1 } }],
    ['secure aggregation', { secure: true }],
  ])('%s is refused loudly', async (_, options) => {
    const [node] = settle(new Town(), 1);
    await expect(node?.aggregator.createRound({ ...three, ...options })).rejects.toThrow(
      code('UNSUPPORTED'),
    );
  });

  it.each([
    [{ minParticipants: 0 }],
    [{ minParticipants: 4, participants: people.slice(0, 3).map(({ did }) => did) }],
    [{ participants: people.slice(1, 4).map(({ did }) => did) }],
    [{ base: new Float32Array(0) }],
  ])('%o is refused as an argument', async (options) => {
    const [node] = settle(new Town(), 1);
    await expect(node?.aggregator.createRound({ ...three, ...options })).rejects.toThrow(
      code('INVALID_ARGUMENT'),
    );
  });

  it('holds more than 64 rounds open', async () => {
    const [node] = settle(new Town(), 1);
    for (let i = 1; i <= 64; i += 1) await node?.aggregator.createRound({ ...three, number: i });
    await expect(node?.aggregator.createRound({ ...three, number: 65 })).rejects.toThrow(
      code('OVERLOADED'),
    );
  });
});

function same(count: number): [Float32Array, number][] {
  return Array.from({ length: count }, () => [Float32Array.of(1, 2), 5]);
}
