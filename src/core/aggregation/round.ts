/**
 * One round at one node, from its opening to its result.
 *
 * Everything a node does follows from what it sees at the moment (`#step`): lead when it is first in rank, else ask the
 * leader how the round stands and hand over what is missing there. A message lost is therefore said again at the next
 * look, and a leader that stays silent for a lease is given up.
 * @module
 */
import { abortable } from '../../base/abort.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { type ModelUpdate, modelUpdateShape } from '../../schema/model-update.ts';
import { type Signed, verifySigned } from '../../schema/signed.ts';
import { Acceptor } from './acceptor.ts';
import { Announcer } from './announcer.ts';
import type { Ballot, Vow } from './ballot.ts';
import { type Contribution, updateOf } from './contribution.ts';
import { Following, type Sight } from './following.ts';
import { Leading } from './leading.ts';
import type {
  Announced,
  Outcome,
  Promised,
  Proposal,
  Receipt,
  Status,
  Terms,
  Vote,
  Voted,
} from './messages.ts';
import { verifyOutcome, verifyProposal, verifyVotes } from './outcome.ts';
import { Roster } from './roster.ts';
import { checkOf, type RoundPlan, type RoundSetting } from './round-plan.ts';
import { type AggregationRound, type RoundResult, resultOf } from './round-result.ts';

/** What the aggregator does when a round ends. */
export interface RoundEnd {
  readonly completed: () => void;
  readonly failed: (error: MeshError) => void;
}

/** The machine behind {@link AggregationRound}; its other methods answer the street. */
export class Round implements AggregationRound {
  readonly id: string;
  readonly number: number;
  readonly terms: Terms;
  readonly #setting: RoundSetting;
  readonly #plan: RoundPlan;
  readonly #end: RoundEnd;
  readonly #roster: Roster;
  readonly #announcer: Announcer;
  readonly #acceptor: Acceptor;
  readonly #following: Following;
  readonly #contributed = Promise.withResolvers<undefined>();
  readonly #result = Promise.withResolvers<Outcome>();
  readonly #deadlineAt: number;
  /** When the round gives up altogether. */
  #endsAt: number;
  #mine: ModelUpdate | undefined;
  #refused = false;
  #leading: Leading | undefined;
  /** A peer that says it has the result. */
  #source: Did | undefined;
  /** Why a result was not believed; the cause if none comes. */
  #doubt: unknown;
  #opened = false;
  #outcome: Outcome | undefined;
  #over = false;
  #looking = false;
  #lookAgain = false;
  #stopDeadline: (() => void) | undefined;
  #stopNextLook: (() => void) | undefined;

  constructor(setting: RoundSetting, plan: RoundPlan, vow: Vow<Proposal>, end: RoundEnd) {
    const { did: self, signer, shelf, clock } = setting;
    const { id: round, name, terms, participants } = plan;
    this.id = round;
    this.number = name.number;
    this.terms = terms;
    this.#setting = setting;
    this.#plan = plan;
    this.#end = end;
    this.#roster = new Roster({
      round,
      self,
      participants,
      minParticipants: terms.minParticipants,
    });
    this.#announcer = new Announcer(setting, plan, this.#roster);
    this.#acceptor = new Acceptor({ round, name, self, signer, shelf }, vow);
    this.#following = new Following(setting, plan);
    this.#deadlineAt = clock.monotonic() + plan.deadlineMs;
    this.#endsAt = this.#deadlineAt + this.#settleMs;
    // Nobody need be listening when a round ends.
    this.#contributed.promise.catch(() => undefined);
    this.#result.promise.catch(() => undefined);
  }

  get leader(): Did | undefined {
    return this.#roster.leader;
  }

  async contribute(
    contribution: Contribution,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const update = await updateOf(contribution, this.#plan, this.#setting);
    this.#assertOpen();
    const { header } = (this.#mine ??= update);
    const { samples, vectorHash } = update.header;
    if (header.vectorHash !== vectorHash || header.samples !== samples) {
      throw this.#invalid('a different contribution was made before');
    }
    this.look();
    await abortable(this.#contributed.promise, options.signal, 'the contribution');
  }

  async result(options: { readonly signal?: AbortSignal } = {}): Promise<RoundResult> {
    const what = 'the wait for a result';
    return resultOf(await abortable(this.#result.promise, options.signal, what));
  }

  /** Begins. */
  open(): void {
    this.#stopDeadline = this.#setting.clock.after(this.#plan.deadlineMs, () => {
      this.look();
    });
    this.#lookLater();
    this.look();
  }

  /** Ends with `error`, unless it is over. */
  fail(error: MeshError): void {
    if (this.#over) return;
    this.#finish();
    this.#giveUp(error);
  }

  /** A session with `peer` is up: it may be new, or may have forgotten. */
  met(peer: Did): void {
    this.#announcer.forget(peer);
    this.look();
  }

  /** Answers `round.announce`. */
  announced(from: Did, terms: Terms): Announced {
    this.#announcer.meet(from, terms);
    this.look();
    return { terms: this.terms, completed: this.#outcome !== undefined };
  }

  /** Answers `round.fetch`. */
  status(from: Did): Status {
    if (this.#outcome !== undefined) return { state: 'completed', outcome: this.#outcome };
    const { leader } = this.#roster;
    const leading = leader === this.#setting.did ? this.#lead() : undefined;
    return {
      state: 'open',
      ...(leader !== undefined && { leader }),
      ready: leading?.ready ?? false,
      has: leading?.has(from) ?? false,
      leftMs: Math.max(0, Math.round(this.#deadlineAt - this.#setting.clock.monotonic())),
    };
  }

  /** Answers `round.contribute`. */
  async receive(from: Did, body: unknown): Promise<Receipt> {
    this.#assertOpen();
    if (!this.#roster.accepts(from)) throw this.#invalid(`${from} is not a participant`);
    const { leader } = this.#roster;
    if (leader !== this.#setting.did) return leader === undefined ? {} : { leader };
    const update = this.#parseUpdate(body);
    if (update.header.participant !== from) throw this.#invalid('the sender is not who signed it');
    await verifySigned('model-update', update.header, from, this.#setting.keys.verify);
    this.#assertOpen();
    // Who has not announced itself has not agreed to the terms; it will send again once it has.
    if (!this.#roster.has(from) || !this.#lead().add(update)) return {};
    this.look();
    return { accepted: true };
  }

  /** Answers `round.prepare`. */
  async prepare(from: Did, ballot: Ballot, electorate: readonly Did[]): Promise<Promised> {
    if (this.#outcome !== undefined) return { state: 'completed' };
    this.#checkOwner(from, ballot);
    return this.#acceptor.prepare(ballot, electorate);
  }

  /** Answers `round.propose`. */
  async propose(from: Did, ballot: Ballot, proposal: Proposal): Promise<Voted> {
    if (this.#outcome !== undefined) return { state: 'completed' };
    this.#checkOwner(from, ballot);
    await verifyProposal(proposal, checkOf(this.#setting, this.#plan));
    return this.#acceptor.propose(ballot, proposal);
  }

  /** Hears from `from` that the round is decided. */
  async decided(from: Did, votes: readonly Signed<Vote>[]): Promise<void> {
    const { accepted } = this.#acceptor;
    if (accepted !== undefined && votes[0]?.weightsHash === accepted.header.weightsHash) {
      await verifyVotes(accepted.header, votes, this.#setting.keys);
      await this.#complete({ ...accepted, votes });
      return;
    }
    this.#source = from;
    this.look();
  }

  /** Looks at the round and does what is to be done: now, or once more when a look is under way. */
  look(): void {
    this.#lookAgain = true;
    if (!this.#looking) void this.#lookUntilQuiet();
  }

  async #lookUntilQuiet(): Promise<void> {
    this.#looking = true;
    while (this.#lookAgain && !this.#over) {
      this.#lookAgain = false;
      try {
        await this.#step();
      } catch (error) {
        this.fail(toMeshError(error, `round '${this.id}'`));
      }
    }
    this.#looking = false;
  }

  #lookLater(): void {
    const { clock, random, leaseMs } = this.#setting;
    // Spread, so that a thousand participants do not ask in the same instant.
    const wait = (leaseMs / 3) * (0.8 + 0.4 * random.next());
    this.#stopNextLook = clock.after(wait, () => {
      this.#lookLater();
      this.look();
    });
  }

  async #step(): Promise<void> {
    this.#announcer.announce((peer, { terms, completed }) => {
      if (completed) this.#source = peer;
      if (terms !== undefined) this.#announcer.meet(peer, terms);
      if (completed || terms !== undefined) this.look();
    });
    const source = this.#source;
    this.#source = undefined;
    if (source !== undefined) await this.#takeFrom(source);
    const { leader } = this.#roster;
    if (leader === undefined) {
      if (this.#isPast(this.#deadlineAt)) this.#failForLack(this.#roster.size, this.#roster.absent);
      return;
    }
    this.#tellOpened(leader);
    if (leader === this.#setting.did) await this.#stepAsLeader();
    else await this.#stepAsFollower(leader);
    if (this.#isPast(this.#endsAt)) this.#failWith('no majority confirmed a result');
  }

  #tellOpened(leader: Did): void {
    if (this.#opened || this.#over) return;
    this.#opened = true;
    this.#setting.emit('round.opened', { round: this.id, leader });
  }

  #lead(): Leading {
    this.#leading ??= new Leading(this.#setting, this.#plan, this.#acceptor);
    return this.#leading;
  }

  async #stepAsLeader(): Promise<void> {
    if (this.#over) return;
    const leading = this.#lead();
    this.#addMine(leading);
    const expected = this.#roster.members.filter((member) => !this.#roster.suspects(member));
    const all =
      expected.length >= this.terms.minParticipants &&
      expected.every((member) => leading.has(member));
    // A successor waits until the others have had time to miss the leader before.
    const patience = this.#roster.shaken ? leading.since + 2 * this.#setting.leaseMs : 0;
    if (all || this.#isPast(Math.max(this.#deadlineAt, patience))) await this.#settle(leading);
  }

  #addMine(leading: Leading): void {
    if (this.#mine === undefined || leading.has(this.#setting.did)) return;
    const wasReady = leading.ready;
    leading.addOwn(this.#mine);
    this.#contributed.resolve(undefined);
    // Those who found this leader not ready look again when they hear of it.
    if (!wasReady) this.#announcer.forget();
    this.look();
  }

  async #settle(leading: Leading): Promise<void> {
    const attempt = await leading.attempt(this.#roster.members);
    switch (attempt.state) {
      case 'completed':
        await this.#complete(attempt.outcome);
        // Also when it could not be kept here: it is final all the same.
        leading.publish(attempt.outcome);
        break;
      case 'elsewhere':
        await this.#takeFrom(attempt.peer);
        break;
      case 'nothing': {
        const missing = this.#roster.members.filter((member) => !leading.has(member));
        this.#failForLack(leading.count, missing);
        break;
      }
      case 'again':
    }
  }

  async #stepAsFollower(leader: Did): Promise<void> {
    if (this.#over) return;
    this.#leading = undefined;
    const sight = await this.#following.look(leader, this.#refused ? undefined : this.#mine);
    switch (sight.state) {
      case 'silent':
        break;
      case 'given up':
        this.#roster.suspect(leader);
        this.look();
        break;
      case 'failed':
        this.#failWith(sight.detail, sight.missing);
        break;
      case 'completed':
        await this.#take(sight.peer, sight.outcome);
        break;
      case 'open':
        this.#note(sight);
    }
  }

  #note({ leftMs, taken, refusal }: Sight & { readonly state: 'open' }): void {
    // A leader whose deadline is later than this node's is waited for, but not longer than a second deadline.
    const theirs = this.#setting.clock.monotonic() + leftMs;
    const longest = this.#deadlineAt + this.#plan.deadlineMs;
    this.#endsAt = Math.max(this.#endsAt, Math.min(theirs, longest) + this.#settleMs);
    if (taken) this.#contributed.resolve(undefined);
    if (refusal === undefined) return;
    this.#refused = true;
    this.#contributed.reject(refusal);
  }

  async #takeFrom(peer: Did): Promise<void> {
    const status = await this.#following.ask(peer);
    if (status?.state === 'completed') await this.#take(peer, status.outcome);
    else if (status?.state === 'unknown') await this.#catchUp(peer, status.latest ?? 0);
  }

  async #catchUp(peer: Did, latest: number): Promise<void> {
    if (latest <= this.number) return;
    const taken = await this.#following.catchUp(peer, latest).catch((error: unknown) => {
      this.#doubt = error;
      return false;
    });
    if (taken) this.#failWith(`the others are at round ${String(latest)} already`);
  }

  async #take(peer: Did, outcome: Outcome): Promise<void> {
    try {
      await verifyOutcome(outcome, checkOf(this.#setting, this.#plan));
    } catch (error) {
      // Whoever hands out what does not prove itself leads no more.
      this.#doubt = error;
      this.#roster.suspect(peer);
      return;
    }
    await this.#complete(outcome);
  }

  async #complete(outcome: Outcome): Promise<void> {
    if (this.#over) return;
    const { did, shelf, emit } = this.#setting;
    this.#outcome = outcome;
    this.#finish();
    try {
      await shelf.keep(this.#plan.name, outcome);
    } catch (error) {
      // A result that a restart would forget is none; the others keep it for when the store works again.
      this.#outcome = undefined;
      this.#giveUp(toMeshError(error, `round '${this.id}'`));
      return;
    }
    this.#end.completed();
    const { contributions } = outcome.header;
    const took = contributions.some(({ participant }) => participant === did);
    if (took) this.#contributed.resolve(undefined);
    else this.#contributed.reject(this.#closed());
    this.#result.resolve(outcome);
    emit('round.completed', { round: this.id, participants: contributions.length });
  }

  #giveUp(error: MeshError): void {
    this.#contributed.reject(error);
    this.#result.reject(error);
    this.#end.failed(error);
    const { code, params } = error;
    this.#setting.emit('round.failed', { round: this.id, code, params });
  }

  #finish(): void {
    this.#over = true;
    this.#stopDeadline?.();
    this.#stopNextLook?.();
    // Contributions are kept as long as they may be needed, not longer.
    this.#mine = undefined;
    this.#leading = undefined;
  }

  #failForLack(came: number, missing: readonly Did[]): void {
    const needed = String(this.terms.minParticipants);
    this.#failWith(`${String(came)} of at least ${needed} took part`, missing);
  }

  #failWith(detail: string, missing: readonly Did[] = []): void {
    const { otherTerms } = this.#announcer;
    const params = { round: this.id, detail, missing, otherTerms };
    const cause = this.#doubt;
    this.fail(new MeshError('ROUND_FAILED', params, cause === undefined ? {} : { cause }));
  }

  // Time for one leader to be given up and another to finish, with some to spare.
  get #settleMs(): number {
    return 5 * this.#setting.leaseMs;
  }

  #isPast(instant: number): boolean {
    return this.#setting.clock.monotonic() >= instant;
  }

  #assertOpen(): void {
    if (this.#over) throw this.#closed();
  }

  #checkOwner(from: Did, ballot: Ballot): void {
    if (ballot.leader === from && this.#roster.has(from)) return;
    throw new MeshError('PROTOCOL_ERROR', { detail: `${from} has no part in this ballot` });
  }

  #parseUpdate(body: unknown): ModelUpdate {
    try {
      return modelUpdateShape(body, 'update');
    } catch (cause) {
      const detail = MeshError.is(cause) ? cause.message : 'malformed';
      throw new MeshError('UPDATE_INVALID', { round: this.id, detail }, { cause });
    }
  }

  #closed(): MeshError {
    return new MeshError('ROUND_CLOSED', { round: this.id });
  }

  #invalid(detail: string): MeshError {
    return new MeshError('UPDATE_INVALID', { round: this.id, detail });
  }
}
