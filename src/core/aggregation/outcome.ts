/**
 * What makes a result believable: whoever hands it over, it proves itself by the signatures it carries.
 * @module
 */
import { canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { compareText, type Did } from '../../base/ids.ts';
import { cidOfJson } from '../../base/multiformat.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type Signed, verifySigned } from '../../schema/signed.ts';
import { type Ballot, compareBallots, majority } from './ballot.ts';
import type { Outcome, Proposal, ResultHeader, Terms, Vote } from './messages.ts';
import type { Keys } from './needs.ts';
import { vectorHash } from './vector-hash.ts';

/** What a result is measured against. */
export interface OutcomeCheck {
  readonly round: string;
  readonly terms: Terms;
  readonly keys: Keys;
  readonly crypto: Pick<CryptoProvider, 'hash'> | undefined;
  /** Rejects for those whose contribution is not welcome here. */
  readonly admit: (participant: Did) => Promise<void>;
}

/** Throws unless `proposal` is a signed result of this round, on our terms, made of enough welcome contributions. */
export async function verifyProposal(proposal: Proposal, check: OutcomeCheck): Promise<void> {
  const { header, weights } = proposal;
  const { round, terms, crypto } = check;
  if (header.round !== round) throw broken(round, `it is of round '${header.round}'`);
  if (canonicalJson(header.terms) !== canonicalJson(terms)) throw broken(round, 'other terms');
  if (header.size !== weights.length || vectorHash(weights, crypto) !== header.weightsHash) {
    throw broken(round, 'the weights are not those that were signed');
  }
  checkElectorate(header, round);
  checkContributions(header, round);
  await verifySigned('round', header, header.leader, check.keys.verify);
  for (const contribution of header.contributions) {
    const { participant } = contribution;
    await check.admit(participant);
    await verifySigned('model-update', contribution, participant, check.keys.verify);
  }
}

/** Throws unless `vote` is cast by `voter` for this result in `ballot`. */
export async function verifyVote(
  vote: Signed<Vote>,
  expected: { readonly voter: Did; readonly ballot: Ballot; readonly header: ResultHeader },
  keys: Keys,
): Promise<void> {
  const { voter, ballot, header } = expected;
  const fits = vote.round === header.round && vote.weightsHash === header.weightsHash;
  const member = vote.voter === voter && header.electorate.includes(voter);
  if (!fits || !member || compareBallots(vote.ballot, ballot) !== 0) {
    throw broken(header.round, `a vote of ${vote.voter} that does not belong to it`);
  }
  await verifySigned('round', vote, voter, keys.verify);
}

/** Throws unless `votes` make the result under `header` final: more than half of the electorate in one ballot. */
export async function verifyVotes(
  header: ResultHeader,
  votes: readonly Signed<Vote>[],
  keys: Keys,
): Promise<void> {
  const voters = new Set<Did>();
  for (const vote of votes) {
    const { ballot } = votes[0] ?? vote;
    await verifyVote(vote, { voter: vote.voter, ballot, header }, keys);
    voters.add(vote.voter);
  }
  const { length } = header.electorate;
  if (voters.size < majority(length)) {
    throw broken(header.round, `the votes of ${String(voters.size)} of ${String(length)} only`);
  }
}

/** Throws unless `outcome` is a final result of this round. */
export async function verifyOutcome(outcome: Outcome, check: OutcomeCheck): Promise<void> {
  await verifyProposal(outcome, check);
  await verifyVotes(outcome.header, outcome.votes, check.keys);
}

/** Who of the electorate gave nothing. */
export function droppedFrom({ electorate, contributions }: ResultHeader): readonly Did[] {
  const gave = new Set(contributions.map(({ participant }) => participant));
  return electorate.filter((member) => !gave.has(member));
}

function checkElectorate({ electorate, terms, leader }: ResultHeader, round: string): void {
  const ordered = electorate.every((member, i) => {
    const before = electorate[i - 1];
    return before === undefined || compareText(before, member) < 0;
  });
  if (!ordered || !electorate.includes(leader)) throw broken(round, 'a malformed electorate');
  if (terms.participants !== undefined && terms.participants !== cidOfJson(electorate)) {
    throw broken(round, 'an electorate other than the agreed participants');
  }
}

function checkContributions(header: ResultHeader, round: string): void {
  const { contributions, electorate, terms, size } = header;
  const gave = new Set<Did>();
  for (const contribution of contributions) {
    const { participant, base } = contribution;
    const fits = contribution.round === round && contribution.size === size && base === terms.base;
    if (!fits || gave.has(participant) || !electorate.includes(participant)) {
      throw broken(round, `the contribution of ${participant} does not belong to it`);
    }
    gave.add(participant);
  }
  if (gave.size < terms.minParticipants) {
    throw broken(round, `${String(gave.size)} of ${String(terms.minParticipants)} contributions`);
  }
}

function broken(round: string, detail: string): MeshError {
  return new MeshError('PROTOCOL_ERROR', { detail: `a result of round '${round}' with ${detail}` });
}
