/**
 * One node's vote in a round: a vow is on the shelf before anybody hears of it.
 * @module
 */
import { canonicalJson } from '../../base/canonical.ts';
import type { Did } from '../../base/ids.ts';
import type { Signer } from '../../ports/signer.ts';
import { type Signed, sign } from '../../schema/signed.ts';
import { type Ballot, compareBallots, promise, type Vow, vote } from './ballot.ts';
import type { Promised, Proposal, RoundName, Vote, Voted } from './messages.ts';
import type { Shelf } from './shelf.ts';

/** What an acceptor works with. */
export interface AcceptorOptions {
  readonly round: string;
  readonly name: RoundName;
  readonly self: Did;
  readonly signer: Signer;
  readonly shelf: Shelf;
}

/** Answers ballots by the rules of ballot.ts. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  #vow: Vow<Proposal>;
  #electorate: readonly Did[] | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: AcceptorOptions, vow: Vow<Proposal>) {
    this.#options = options;
    this.#vow = vow;
    this.#electorate = vow.accepted?.value.header.electorate;
  }

  /** The highest ballot promised. */
  get promised(): Ballot | undefined {
    return this.#vow.promised;
  }

  /** What was voted for last. */
  get accepted(): Proposal | undefined {
    return this.#vow.accepted?.value;
  }

  /** Who may vote, as far as this node is bound to it: majorities of one electorate share a member, of two they may not. */
  get electorate(): readonly Did[] | undefined {
    return this.#electorate;
  }

  /** Binds this node to another node's electorate, unless it has voted. */
  adopt(electorate: readonly Did[]): void {
    const mine = electorate.includes(this.#options.self);
    if (mine && this.#vow.accepted === undefined) this.#electorate = electorate;
  }

  /** Answers `round.prepare`. */
  async prepare(ballot: Ballot, electorate: readonly Did[]): Promise<Promised> {
    if (!electorate.includes(this.#options.self)) return this.#refusal();
    if (this.#electorate !== undefined && !same(this.#electorate, electorate)) {
      return this.#refusal();
    }
    const vow = promise(this.#vow, ballot);
    if (vow === undefined) return this.#refusal();
    this.#electorate = electorate;
    await this.#bind(vow);
    const { accepted } = vow;
    return { state: 'promised', ...(accepted && { accepted }) };
  }

  /** Answers `round.propose`; the caller has checked that the proposal proves itself. */
  async propose(ballot: Ballot, proposal: Proposal): Promise<Voted> {
    const { electorate, weightsHash } = proposal.header;
    const vow = this.#mayVote(ballot, proposal) ? vote(this.#vow, ballot, proposal) : undefined;
    if (vow === undefined) {
      const { promised } = this.#vow;
      return { state: 'refused', ...(promised && { promised }) };
    }
    this.#electorate = electorate;
    await this.#bind(vow);
    return { state: 'voted', vote: await this.#signed(ballot, weightsHash) };
  }

  #mayVote(ballot: Ballot, { header }: Proposal): boolean {
    if (!header.electorate.includes(this.#options.self)) return false;
    if (this.#electorate !== undefined && !same(this.#electorate, header.electorate)) return false;
    const { accepted } = this.#vow;
    if (accepted === undefined || compareBallots(accepted.ballot, ballot) !== 0) return true;
    // A leader that proposes two results in one ballot gets one vote.
    return accepted.value.header.weightsHash === header.weightsHash;
  }

  #refusal(): Promised {
    const { promised } = this.#vow;
    const electorate = this.#electorate;
    return { state: 'refused', ...(promised && { promised }), ...(electorate && { electorate }) };
  }

  #bind(vow: Vow<Proposal>): Promise<void> {
    this.#vow = vow;
    const { shelf, name } = this.#options;
    this.#saving = this.#saving.catch(() => undefined).then(() => shelf.keepVow(name, vow));
    return this.#saving;
  }

  #signed(ballot: Ballot, weightsHash: string): Promise<Signed<Vote>> {
    const { round, self, signer } = this.#options;
    return sign<Vote>(
      'round',
      { format: 1, type: 'vote', round, ballot, voter: self, weightsHash },
      signer,
    );
  }
}

function same(a: readonly Did[], b: readonly Did[]): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
