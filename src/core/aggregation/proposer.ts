/**
 * A leader's way from a result of its own to the result of the round.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Signed } from '../../schema/signed.ts';
import type { Acceptor } from './acceptor.ts';
import { type Accepted, type Ballot, compareBallots, decided, majority } from './ballot.ts';
import type { Outcome, Promised, Proposal, Vote, Voted } from './messages.ts';
import type { Keys } from './needs.ts';
import { verifyVote } from './outcome.ts';

// Calls under way at once; those that carry a vector are fewer, since each holds a copy of it.
const questionsAtOnce = 64;
const vectorsAtOnce = 8;

/** What a proposer works with. */
export interface ProposerOptions {
  readonly self: Did;
  /** This node's own vote counts like any other. */
  readonly acceptor: Acceptor;
  /** Who may vote unless the acceptor is bound to others. */
  readonly electorate: readonly Did[];
  /** Asks a peer for its promise; the answer is parsed. */
  readonly prepare: (peer: Did, ballot: Ballot, electorate: readonly Did[]) => Promise<Promised>;
  /** Asks a peer for its vote; the answer is parsed. */
  readonly propose: (peer: Did, ballot: Ballot, proposal: Proposal) => Promise<Voted>;
  /** Throws unless a proposal that somebody voted for proves itself. */
  readonly checkProposal: (proposal: Proposal) => Promise<void>;
  readonly keys: Keys;
  /** Makes this leader's own result; undefined when too few contributed. */
  readonly own: (electorate: readonly Did[]) => Promise<Proposal | undefined>;
}

/** How an attempt ended. */
export type Attempt =
  | { readonly state: 'completed'; readonly outcome: Outcome }
  /** `peer` has the result. */
  | { readonly state: 'elsewhere'; readonly peer: Did }
  /** No result exists and none can be made: too few contributed. */
  | { readonly state: 'nothing' }
  /** No majority answered, or a higher ballot is under way: another attempt may do better. */
  | { readonly state: 'again' };

/** One ballot: promises, then votes. Higher ballots seen on the way are remembered in `highest`. */
export async function attempt(
  options: ProposerOptions,
  highest: { attempt: number },
): Promise<Attempt> {
  const { self, acceptor, own, checkProposal } = options;
  highest.attempt = Math.max(highest.attempt, acceptor.promised?.attempt ?? 0) + 1;
  const ballot: Ballot = { attempt: highest.attempt, leader: self };
  const electorate = acceptor.electorate ?? options.electorate;

  const heard = await askForPromises(options, ballot, electorate, highest);
  if (heard.elsewhere !== undefined) return { state: 'elsewhere', peer: heard.elsewhere };
  const earlier = decided(heard.accepted);
  const enough = heard.promises >= majority(electorate.length);
  if (earlier === undefined) {
    const proposal = await own(electorate);
    if (proposal === undefined) return { state: 'nothing' };
    return enough ? askForVotes(options, ballot, proposal, highest) : { state: 'again' };
  }
  if (!enough) return { state: 'again' };
  await checkProposal(earlier);
  return askForVotes(options, ballot, earlier, highest);
}

interface Heard {
  promises: number;
  accepted: Accepted<Proposal>[];
  elsewhere: Did | undefined;
  /** A higher ballot is under way; to wait for more answers to this one would be in vain. */
  outbid: boolean;
}

async function askForPromises(
  { self, acceptor, prepare }: ProposerOptions,
  ballot: Ballot,
  electorate: readonly Did[],
  highest: { attempt: number },
): Promise<Heard> {
  const heard: Heard = { promises: 0, accepted: [], elsewhere: undefined, outbid: false };
  const enough = (): boolean =>
    heard.elsewhere !== undefined || heard.outbid || heard.promises >= majority(electorate.length);
  await gather(electorate, questionsAtOnce, enough, async (peer) => {
    const answer = await (peer === self
      ? acceptor.prepare(ballot, electorate)
      : prepare(peer, ballot, electorate));
    switch (answer.state) {
      case 'promised':
        heard.promises += 1;
        if (answer.accepted !== undefined) heard.accepted.push(answer.accepted);
        break;
      case 'refused':
        heard.outbid ||= isOutbid(ballot, answer.promised, highest);
        if (answer.electorate !== undefined) acceptor.adopt(answer.electorate);
        break;
      case 'completed':
        heard.elsewhere = peer;
    }
  });
  return heard;
}

async function askForVotes(
  { self, acceptor, electorate, propose, keys }: ProposerOptions,
  ballot: Ballot,
  proposal: Proposal,
  highest: { attempt: number },
): Promise<Attempt> {
  const votes: Signed<Vote>[] = [];
  const needed = majority(proposal.header.electorate.length);
  // This node votes before it asks, so that from here on it is bound to this electorate.
  const mine = await acceptor.propose(ballot, proposal);
  if (mine.state !== 'voted') return { state: 'again' };
  votes.push(mine.vote);
  let elsewhere: Did | undefined;
  let outbid = false;
  const others = (acceptor.electorate ?? electorate).filter((peer) => peer !== self);
  await gather(
    others,
    vectorsAtOnce,
    () => votes.length >= needed || elsewhere !== undefined || outbid,
    async (peer) => {
      const answer = await propose(peer, ballot, proposal);
      if (answer.state === 'voted') {
        await verifyVote(answer.vote, { voter: peer, ballot, header: proposal.header }, keys);
        votes.push(answer.vote);
      } else if (answer.state === 'completed') elsewhere = peer;
      else outbid ||= isOutbid(ballot, answer.promised, highest);
    },
  );
  if (elsewhere !== undefined) return { state: 'elsewhere', peer: elsewhere };
  if (votes.length < needed) return { state: 'again' };
  // Later votes may still come in; the outcome holds those that made it final.
  return { state: 'completed', outcome: { ...proposal, votes: votes.slice(0, needed) } };
}

/** Whether `promised` is above `ballot`; remembers its attempt, so that the next one here is higher. */
function isOutbid(
  ballot: Ballot,
  promised: Ballot | undefined,
  highest: { attempt: number },
): boolean {
  highest.attempt = Math.max(highest.attempt, promised?.attempt ?? 0);
  return promised !== undefined && compareBallots(promised, ballot) > 0;
}

/**
 * Asks `peers`, at most `width` at a time; resolves when `enough` holds or everyone has answered or failed. Those left
 * are still asked, so that everyone hears of the ballot. Each call has a bound of its own.
 */
function gather(
  peers: readonly Did[],
  width: number,
  enough: () => boolean,
  ask: (peer: Did) => Promise<void>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const waiting = [...peers];
  const work = async (): Promise<void> => {
    for (let peer = waiting.shift(); peer !== undefined; peer = waiting.shift()) {
      // Who cannot be reached has not voted; that is all there is to know about it here.
      await ask(peer).catch(() => undefined);
      if (enough()) resolve(undefined);
    }
  };
  const workers = Array.from({ length: width }, work);
  void Promise.all(workers).then(() => {
    resolve(undefined);
  });
  return promise;
}
