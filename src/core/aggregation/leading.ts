/**
 * A node's time as the leader of a round: it collects, combines and puts its result to the vote.
 * @module
 */
import { canonicalJson } from '../../base/canonical.ts';
import type { Did } from '../../base/ids.ts';
import type { ModelUpdate } from '../../schema/model-update.ts';
import { sign } from '../../schema/signed.ts';
import type { Acceptor } from './acceptor.ts';
import type { Ballot } from './ballot.ts';
import { Intake } from './intake.ts';
import {
  type Outcome,
  type Promised,
  type Proposal,
  promisedShape,
  type ResultHeader,
  type Voted,
  votedShape,
} from './messages.ts';
import { verifyProposal } from './outcome.ts';
import { type Attempt, attempt } from './proposer.ts';
import type { RoundPlan, RoundSetting } from './round-plan.ts';
import { checkOf } from './round-plan.ts';
import { vectorHash } from './vector-hash.ts';

/** Leads one round from one node. */
export class Leading {
  readonly #setting: RoundSetting;
  readonly #plan: RoundPlan;
  readonly #acceptor: Acceptor;
  readonly #highest = { attempt: 0 };
  #intake: Intake | undefined;
  #own: Proposal | undefined;
  /** When this node began to lead, on the monotonic clock. */
  readonly since: number;

  constructor(setting: RoundSetting, plan: RoundPlan, acceptor: Acceptor) {
    this.#setting = setting;
    this.#plan = plan;
    this.#acceptor = acceptor;
    this.since = setting.clock.monotonic();
    if (plan.base !== undefined) this.#open(plan.base.length);
  }

  /** Whether contributions can be taken: without a base, what the leader itself contributes sets the size. */
  get ready(): boolean {
    return this.#intake !== undefined;
  }

  /** How many have contributed. */
  get count(): number {
    return this.#intake?.count ?? 0;
  }

  /** Whether `participant` has contributed. */
  has(participant: Did): boolean {
    return this.#intake?.has(participant) ?? false;
  }

  /** Takes this node's own contribution. */
  addOwn(update: ModelUpdate): void {
    (this.#intake ?? this.#open(update.vector.length)).add(update);
  }

  /** Takes a contribution whose signature was checked; false when not {@link ready}. See {@link Intake.add}. */
  add(update: ModelUpdate): boolean {
    if (this.#intake === undefined) return false;
    this.#intake.add(update);
    return true;
  }

  /** One attempt to bring the round to its result; from the first on, nothing more is taken. */
  attempt(members: readonly Did[]): Promise<Attempt> {
    const { did: self, keys } = this.#setting;
    const check = checkOf(this.#setting, this.#plan);
    return attempt(
      {
        self,
        keys,
        acceptor: this.#acceptor,
        electorate: members,
        prepare: (peer, ballot, electorate) => this.#prepare(peer, ballot, electorate),
        propose: (peer, ballot, proposal) => this.#propose(peer, ballot, proposal),
        checkProposal: (proposal) => verifyProposal(proposal, check),
        own: (electorate) => this.#proposal(electorate),
      },
      this.#highest,
    );
  }

  /** Tells all who could vote that `outcome` is final; whoever misses it asks at its next look. */
  publish({ header, votes }: Outcome): void {
    const { street, did, leaseMs, signal } = this.#setting;
    const body = { ...this.#plan.name, votes };
    for (const member of header.electorate) {
      if (member === did) continue;
      const options = { timeoutMs: leaseMs, signal };
      street.call(member, 'round.result', body, options).catch(() => undefined);
    }
  }

  #open(size: number): Intake {
    const { id: round, terms } = this.#plan;
    this.#intake = new Intake({ round, size, base: terms.base, crypto: this.#setting.crypto });
    return this.#intake;
  }

  async #proposal(electorate: readonly Did[]): Promise<Proposal | undefined> {
    const intake = this.#intake;
    intake?.close();
    const { id: round, terms, base } = this.#plan;
    if (intake === undefined || intake.count < terms.minParticipants) return undefined;
    const before = this.#own;
    if (before !== undefined && isSame(before.header.electorate, electorate)) return before;
    const contributions = intake.headers();
    // The mean cannot be taken apart again: a contribution from outside the electorate spoils it.
    if (!contributions.every(({ participant }) => electorate.includes(participant))) {
      return undefined;
    }
    const { did: leader, crypto, signer } = this.#setting;
    const weights = before?.weights ?? intake.combine(base);
    const header = await sign<ResultHeader>(
      'round',
      {
        format: 1,
        type: 'result',
        round,
        leader,
        terms,
        electorate,
        contributions,
        size: weights.length,
        weightsHash: vectorHash(weights, crypto),
      },
      signer,
    );
    this.#own = { header, weights };
    return this.#own;
  }

  async #prepare(peer: Did, ballot: Ballot, electorate: readonly Did[]): Promise<Promised> {
    const { street, leaseMs, signal } = this.#setting;
    const body = { ...this.#plan.name, ballot, electorate };
    const options = { timeoutMs: leaseMs, signal };
    return promisedShape(await street.call(peer, 'round.prepare', body, options), 'the promise');
  }

  async #propose(peer: Did, ballot: Ballot, proposal: Proposal): Promise<Voted> {
    const { street, transferMs, signal } = this.#setting;
    const body = { ...this.#plan.name, ballot, proposal };
    const options = { timeoutMs: transferMs, signal };
    return votedShape(await street.call(peer, 'round.propose', body, options), 'the vote');
  }
}

function isSame(a: readonly Did[], b: readonly Did[]): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
