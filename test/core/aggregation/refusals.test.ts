import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/base/canonical.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { ranking } from '../../../src/core/aggregation/election.ts';
import type { AggregationRound, RoundOptions } from '../../../src/core/aggregation/index.ts';
import { vectorHash } from '../../../src/core/aggregation/vector-hash.ts';
import type { ModelUpdateHeader } from '../../../src/schema/model-update.ts';
import { type Signed, sign } from '../../../src/schema/signed.ts';
import {
  code,
  contributeAll,
  type Node,
  openAll,
  type Person,
  people,
  resultsOf,
  settle,
  Town,
} from './rig.ts';

const base = Float32Array.of(0, 0);
const three: RoundOptions = { task: 'fraud', strategy: 'fedavg', minParticipants: 3, base };

/** A leader that waits for contributions, and a participant that may send it anything. */
async function scene(options: RoundOptions = three): Promise<{
  readonly town: Town;
  readonly leader: Node;
  readonly rounds: readonly AggregationRound[];
  readonly sender: Node;
  readonly who: Person;
  readonly send: (update: unknown, number?: number) => Promise<unknown>;
}> {
  const town = new Town();
  const nodes = settle(town, 3);
  const order = ranking(
    'fraud#1',
    nodes.map(({ did }) => did),
  );
  const [leader, sender] = order.map((did) => town.nodes.get(did)!) as [Node, Node];
  const rounds = await openAll([leader, ...nodes.filter((node) => node !== leader)], options);
  await town.clock.pass(100);
  const send = async (update: unknown, number = 1): Promise<unknown> => {
    const answer = sender
      .call(leader.did, 'round.contribute', { task: 'fraud', number, update })
      .catch((error: unknown) => error);
    await town.clock.pass(50);
    const result = await answer;
    if (result instanceof Error) throw result;
    return result;
  };
  const who = people.find(({ did }) => did === sender.did)!;
  return { town, leader, rounds, sender, who, send };
}

async function updateBy(
  { did, signer }: Person,
  vector: Float32Array,
  changes: Partial<ModelUpdateHeader> = {},
): Promise<{ header: Signed<ModelUpdateHeader>; vector: Float32Array }> {
  const header = await sign<ModelUpdateHeader>(
    'model-update',
    {
      format: 1,
      round: 'fraud#1',
      participant: did,
      base: vectorHash(base),
      samples: 10,
      size: vector.length,
      vectorHash: vectorHash(vector),
      ...changes,
    },
    signer,
  );
  return { header, vector };
}

const fine = Float32Array.of(1, 2);

describe('a leader', () => {
  it('takes a contribution that is in order, and the same one again', async () => {
    const { send, who } = await scene();
    const update = await updateBy(who, fine);
    expect(await send(update)).toEqual({ accepted: true });
    expect(await send(update)).toEqual({ accepted: true });
  });

  it('refuses a second, different contribution of the same participant', async () => {
    const { send, who } = await scene();
    await send(await updateBy(who, fine));
    await expect(send(await updateBy(who, Float32Array.of(1, 3)))).rejects.toThrow(
      code('UPDATE_INVALID'),
    );
    await expect(send(await updateBy(who, fine, { samples: 11 }))).rejects.toThrow(
      code('UPDATE_INVALID'),
    );
  });

  it.each([
    ['NaN', Float32Array.of(1, Number.NaN), {}],
    ['an infinity', Float32Array.of(1, Number.POSITIVE_INFINITY), {}],
    ['a value over range', Float32Array.of(1, 5_000), {}],
    ['another size', Float32Array.of(1, 2, 3), {}],
    ['a size that is not the vector’s', fine, { size: 3 }],
    ['the hash of another vector', fine, { vectorHash: vectorHash(Float32Array.of(9, 9)) }],
    ['another round', fine, { round: 'fraud#2' }],
    ['another base', fine, { base: vectorHash(fine) }],
    ['no samples', fine, { samples: 0 }],
    ['too many samples', fine, { samples: 2e9 }],
    ['a participant who is not the sender', fine, { participant: people[4]!.did }],
  ])('refuses %s with UPDATE_INVALID', async (_, vector, changes) => {
    const { send, who } = await scene();
    await expect(send(await updateBy(who, vector, changes))).rejects.toThrow(
      code('UPDATE_INVALID'),
    );
  });

  it('refuses a forged signature and a signature of somebody else', async () => {
    const { send, who } = await scene();
    const { header, vector } = await updateBy(who, fine);
    await expect(send({ header: { ...header, samples: 1_000 }, vector })).rejects.toThrow(
      code('SIGNATURE_INVALID'),
    );
    const other = await updateBy({ ...people[4]!, did: who.did }, fine);
    await expect(send(other)).rejects.toThrow(code('SIGNATURE_INVALID'));
  });

  it('refuses whom policy keeps out, and never counts them', async () => {
    const town = new Town();
    const nodes = settle(town, 2);
    const order = ranking(
      'fraud#1',
      nodes.map(({ did }) => did),
    );
    const stranger = people[2]!;
    const outcast = town.settle(stranger);
    const [a, b] = nodes.map(({ did }) => {
      const who = people.find((person) => person.did === did)!;
      return town.settle(who, { mayJoin: (peer) => peer !== stranger.did });
    }) as [Node, Node];
    const rounds = await openAll([a, b, outcast], { ...three, minParticipants: 2 });
    const update = await updateBy(stranger, fine);
    const answer = outcast
      .call(order[0]!, 'round.contribute', { task: 'fraud', number: 1, update })
      .catch((error: unknown) => error);
    contributeAll(rounds, [
      [Float32Array.of(1, 1), 1],
      [Float32Array.of(3, 3), 1],
      [Float32Array.of(4_000, 0), 1],
    ]);
    const results = await resultsOf(town, rounds.slice(0, 2));
    expect(await answer).toMatchObject({ code: 'POLICY_DENIED' });
    for (const { weights } of results) expect([...weights]).toEqual([2, 2]);
    const spying = outcast
      .call(a.did, 'round.fetch', { task: 'fraud', number: 1 })
      .catch((error: unknown) => error);
    await town.clock.pass(50);
    expect(await spying).toMatchObject({ code: 'POLICY_DENIED' });
  });

  it('refuses whom it does not trust enough', async () => {
    const town = new Town();
    const trust = { score: () => ({ score: 40 }) };
    const picky = town.settle(people[0]!, { trust, trustFloor: 60 });
    const other = town.settle(people[1]!);
    const answer = other
      .call(picky.did, 'round.fetch', { task: 'fraud', number: 1 })
      .catch((error: unknown) => error);
    await town.clock.pass(50);
    expect(await answer).toMatchObject({ code: 'TRUST_TOO_LOW' });
  });

  it('refuses who is not among the agreed participants', async () => {
    const participants = people.slice(0, 3).map(({ did }) => did);
    const { town, leader } = await scene({ ...three, participants });
    const stranger = town.settle(people[3]!);
    const update = await updateBy(people[3]!, fine);
    const answer = stranger
      .call(leader.did, 'round.contribute', { task: 'fraud', number: 1, update })
      .catch((error: unknown) => error);
    await town.clock.pass(50);
    expect(await answer).toMatchObject({ code: 'UPDATE_INVALID' });
  });

  it('says ROUND_CLOSED when it is over, NOT_FOUND when it never was', async () => {
    const { town, rounds, send, who } = await scene();
    await expect(send(await updateBy(who, fine), 7)).rejects.toThrow(code('NOT_FOUND'));
    contributeAll(
      rounds,
      rounds.map(() => [fine, 1]),
    );
    await resultsOf(town, rounds);
    await expect(send(await updateBy(who, fine))).rejects.toThrow(code('ROUND_CLOSED'));
  });

  it('is not this node: then it names the leader', async () => {
    const { town, leader, sender, who } = await scene();
    const third = [...town.nodes.values()].find((node) => node !== leader && node !== sender)!;
    const update = await updateBy(who, fine);
    const answer = sender.call(third.did, 'round.contribute', { task: 'fraud', number: 1, update });
    await town.clock.pass(50);
    expect(await answer).toEqual({ leader: leader.did });
  });
});

describe('a participant', () => {
  it('is told by its own node what no leader would take', async () => {
    const { rounds } = await scene();
    const [, round] = rounds;
    const give = (weights: Float32Array, samples = 1) => round!.contribute({ weights, samples });
    await expect(give(Float32Array.of(1))).rejects.toThrow(code('UPDATE_INVALID'));
    await expect(give(Float32Array.of(1, Number.NaN))).rejects.toThrow(code('UPDATE_INVALID'));
    await expect(give([1, 2] as unknown as Float32Array)).rejects.toThrow(code('UPDATE_INVALID'));
    await expect(give(fine, 0)).rejects.toThrow(code('INVALID_ARGUMENT'));
    await expect(give(fine, 1.5)).rejects.toThrow(code('INVALID_ARGUMENT'));
  });

  it('cannot change its mind', async () => {
    const { town, rounds } = await scene();
    const [, round] = rounds;
    const first = round!.contribute({ weights: fine, samples: 1 });
    await expect(round!.contribute({ weights: Float32Array.of(2, 2), samples: 1 })).rejects.toThrow(
      code('UPDATE_INVALID'),
    );
    await town.clock.pass(3_000);
    await first;
    await round!.contribute({ weights: fine, samples: 1 });
  });

  it('stops waiting when its signal fires', async () => {
    const { rounds } = await scene();
    const signal = AbortSignal.abort();
    await expect(rounds[1]!.result({ signal })).rejects.toThrow(code('ABORTED'));
    await expect(rounds[1]!.contribute({ weights: fine, samples: 1 }, { signal })).rejects.toThrow(
      code('ABORTED'),
    );
  });

  it('gets weights that are its own to change', async () => {
    const { town, rounds, leader } = await scene();
    contributeAll(
      rounds,
      rounds.map(() => [fine, 1]),
    );
    const [result] = await resultsOf(town, rounds);
    result!.weights.fill(9);
    expect([...(await rounds[0]!.result()).weights]).toEqual([1, 2]);
    expect([...((await leader.aggregator.latest('fraud'))?.weights ?? [])]).toEqual([1, 2]);
  });

  it.each([
    ['weights that are not those it signed', (p: Proposal) => (p.weights[0]! += 1)],
    ['an electorate of its own choosing', (p: Proposal) => p.header.electorate.splice(0, 1)],
    ['a contribution left out', (p: Proposal) => p.header.contributions.splice(0, 1)],
    ['another’s samples changed', (p: Proposal) => (p.header.contributions[0]!.samples = 9)],
  ])('does not vote for a result with %s', async (_, spoil) => {
    const { town, rounds } = await scene({ ...three, deadline: '5s' });
    town.spoil = (method, body) => {
      if (method === 'round.propose') spoil((body as { proposal: Proposal }).proposal);
    };
    contributeAll(
      rounds,
      rounds.map((_, i) => [Float32Array.of(i, i), 1]),
    );
    await town.clock.pass(60_000);
    for (const round of rounds) {
      await expect(round.result()).rejects.toThrow(code('ROUND_FAILED'));
    }
  });
});

interface Proposal {
  readonly weights: Float32Array;
  readonly header: {
    readonly electorate: string[];
    readonly contributions: { samples: number }[];
  };
}

describe('the methods of the street', () => {
  const methods = ['announce', 'fetch', 'contribute', 'prepare', 'propose', 'result'];
  const body = fc.oneof(
    fc.anything(),
    fc.record({
      task: fc.constantFrom('fraud', '', 'x'.repeat(300)),
      number: fc.constantFrom(1, 2, -1, 1.5, 1e12, '1'),
      terms: fc.anything(),
      ballot: fc.oneof(
        fc.anything(),
        fc.record({ attempt: fc.nat(), leader: fc.constant(people[1]!.did) }),
      ),
      electorate: fc.oneof(fc.anything(), fc.constant(people.slice(0, 3).map(({ did }) => did))),
      proposal: fc.anything(),
      votes: fc.oneof(fc.anything(), fc.constant([])),
      update: fc.anything(),
    }),
  );

  it('answer anything with data or a MeshError, and the round goes on', async () => {
    const { town, leader, rounds } = await scene();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), body, async (method, value) => {
        try {
          const answer = await leader.answer(`round.${method}`, people[3]!.did, value);
          expect(typeof canonicalJson(answer)).toBe('string');
        } catch (error) {
          expect(MeshError.is(error) && error.code !== 'INTERNAL').toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
    contributeAll(
      rounds,
      rounds.map(() => [fine, 1]),
    );
    for (const { participants } of await resultsOf(town, rounds)) expect(participants).toBe(3);
  });
});
