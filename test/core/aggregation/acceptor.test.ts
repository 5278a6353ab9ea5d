import { describe, expect, it } from 'vitest';
import { compareText } from '../../../src/base/ids.ts';
import { Acceptor } from '../../../src/core/aggregation/acceptor.ts';
import type { Ballot, Vow } from '../../../src/core/aggregation/ballot.ts';
import type { Proposal } from '../../../src/core/aggregation/messages.ts';
import { Shelf } from '../../../src/core/aggregation/shelf.ts';
import { mapStore, people } from './rig.ts';

const [self, ...others] = people;
const dids = people.map(({ did }) => did);
const all = [...dids].sort(compareText);
const three = [self!.did, others[0]!.did, others[1]!.did].sort(compareText);
const name = { task: 'fraud', number: 1 };
const leader = others[0]!.did;

function acceptor(vow: Vow<Proposal> = {}, shelf = new Shelf(mapStore())): Acceptor {
  const { did, signer } = self!;
  return new Acceptor({ round: 'fraud#1', name, self: did, signer, shelf }, vow);
}

function ballot(attempt: number): Ballot {
  return { attempt, leader };
}

/** As much of a proposal as voting looks at; that it proves itself is checked before. */
function proposal(weightsHash: string, electorate = three): Proposal {
  const header = { electorate, weightsHash } as unknown as Proposal['header'];
  return { header, weights: Float32Array.of(1) };
}

describe('a voter', () => {
  it('gives one vote a ballot, even to a leader with two results', async () => {
    const voter = acceptor();
    await voter.prepare(ballot(1), three);
    expect(await voter.propose(ballot(1), proposal('x'))).toMatchObject({
      state: 'voted',
      vote: { voter: self!.did, weightsHash: 'x' },
    });
    expect(await voter.propose(ballot(1), proposal('y'))).toMatchObject({ state: 'refused' });
    expect(await voter.propose(ballot(1), proposal('x'))).toMatchObject({ state: 'voted' });
    expect(await voter.propose(ballot(2), proposal('y'))).toMatchObject({ state: 'voted' });
  });

  it('refuses ballots below its promise, naming it', async () => {
    const voter = acceptor();
    await voter.prepare(ballot(3), three);
    const refusal = { state: 'refused', promised: ballot(3) };
    expect(await voter.prepare(ballot(2), three)).toMatchObject(refusal);
    expect(await voter.propose(ballot(2), proposal('x'))).toMatchObject(refusal);
  });

  it('is bound to the first electorate, until its own leader adopts another before voting', async () => {
    const voter = acceptor();
    await voter.prepare(ballot(1), three);
    expect(await voter.prepare(ballot(2), all)).toMatchObject({
      state: 'refused',
      electorate: three,
    });
    expect(await voter.propose(ballot(2), proposal('x', all))).toMatchObject({ state: 'refused' });
    voter.adopt(all);
    expect(await voter.prepare(ballot(2), all)).toMatchObject({ state: 'promised' });
    await voter.propose(ballot(2), proposal('x', all));
    voter.adopt(three);
    expect(voter.electorate).toEqual(all);
  });

  it('has no part in an electorate without it', async () => {
    const voter = acceptor();
    const without = others.map(({ did }) => did).sort(compareText);
    voter.adopt(without);
    expect(voter.electorate).toBeUndefined();
    expect(await voter.prepare(ballot(1), without)).toMatchObject({ state: 'refused' });
    expect(await voter.propose(ballot(1), proposal('x', without))).toMatchObject({
      state: 'refused',
    });
  });

  it('has its vow on the shelf before it answers', async () => {
    const store = mapStore();
    const shelf = new Shelf({
      get: store.get,
      write: () => Promise.reject(new Error('no room')),
    });
    await expect(acceptor({}, shelf).prepare(ballot(1), three)).rejects.toThrow('no room');
  });
});
