/**
 * The door of the room: opens rounds and answers the street for them.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import { compareText, type Did, isDid } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { cidOfJson } from '../../base/multiformat.ts';
import { object, unknown } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { largestOf, sizeLimit } from './fedavg.ts';
import {
  type Announced,
  announceShape,
  participantLimit,
  prepareShape,
  proposeShape,
  type RoundName,
  resultShape,
  roundNameMembers,
  roundNameShape,
  type Status,
  type Strategy,
  type Terms,
} from './messages.ts';
import type { IncomingCall, Keys, MayJoin, Street, TrustView } from './needs.ts';
import { Round } from './round.ts';
import { type RoundPlan, type RoundSetting, roundId } from './round-plan.ts';
import { type AggregationRound, type RoundResult, resultOf } from './round-result.ts';
import { Shelf } from './shelf.ts';
import { vectorHash } from './vector-hash.ts';

/** What an {@link Aggregator} is handed. */
export interface AggregatorOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys;
  /** Hashes vectors; a portable implementation is used without it. */
  readonly crypto?: Pick<CryptoProvider, 'hash'>;
  readonly clock: Clock;
  readonly random: Random;
  /** This room's own part of the store. */
  readonly store: Pick<Store, 'get' | 'write'>;
  readonly street: Street;
  readonly emit: Emit;
  /** Whom policy lets take part: `round.join` on the task. */
  readonly mayJoin: MayJoin;
  /** Asked when {@link trustFloor} is set. */
  readonly trust?: TrustView;
  /** The least trust, 0 to 100, that participants need. Default 0. */
  readonly trustFloor?: number;
  /** How long a leader may be silent before the next rank takes over. Default 3 s. */
  readonly lease?: Duration;
  /** How long one vector may be under way to a peer. Default 60 s. */
  readonly transfer?: Duration;
}

/** How a round is opened; all its participants must say the same, except for `deadline`. */
export interface RoundOptions {
  /** What is learned, e.g. `fraud-v3`. */
  readonly task: string;
  /** Default: the one after the last that was completed here. */
  readonly number?: number;
  /** `fedprox` combines like `fedavg`; it tells participants to train with a proximal term. */
  readonly strategy: Strategy;
  /** The least number of contributions that make a result. */
  readonly minParticipants: number;
  /** How long contributions are waited for. Default 60 s. */
  readonly deadline?: Duration;
  /** The weights that participants start from. Theirs must be the same; only differences from them are exchanged. */
  readonly base?: Float32Array;
  /**
   * All who may take part, this node included. Default: every connected peer that opens the same round and that
   * policy lets in.
   */
  readonly participants?: readonly Did[];
  /** Not built yet: throws `UNSUPPORTED`. */
  readonly privacy?: unknown;
  /** Not built yet: `true` throws `UNSUPPORTED`. */
  readonly secure?: boolean;
}

/** The last result of a task. */
export interface LatestResult extends RoundResult {
  readonly number: number;
}

// Bounds: rounds open at once; failures remembered, so that late askers learn of them.
const openLimit = 64;
const failureLimit = 256;

const contributeShape = object({ ...roundNameMembers, update: unknown });

/** Rounds of learning together, without a server and without anybody's data leaving its node. */
export class Aggregator implements AsyncDisposable {
  readonly #options: AggregatorOptions;
  readonly #lifetime = new Lifetime('the aggregator');
  readonly #shelf: Shelf;
  readonly #rounds = new Map<string, Round>();
  readonly #opening = new Map<string, Promise<AggregationRound>>();
  readonly #failures = new Map<string, Status & { readonly state: 'failed' }>();
  #started = false;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#shelf = new Shelf(options.store);
  }

  /** Begins to answer peers. Idempotent. */
  start(): void {
    this.#lifetime.assertOpen();
    if (this.#started) return;
    this.#started = true;
    const { street } = this.#options;
    street.handle('round.announce', (call) => this.#onAnnounce(call));
    street.handle('round.fetch', (call) => this.#onFetch(call));
    street.handle('round.contribute', (call) => this.#onContribute(call));
    street.handle('round.prepare', (call) => this.#onPrepare(call));
    street.handle('round.propose', (call) => this.#onPropose(call));
    street.handle('round.result', (call) => this.#onResult(call));
    this.#lifetime.own(
      street.onPeer((peer) => {
        for (const round of this.#rounds.values()) round.met(peer);
      }),
    );
    this.#lifetime.own(() => {
      const error = new MeshError('CLOSED', { what: 'the aggregator' });
      for (const round of [...this.#rounds.values()]) round.fail(error);
    });
  }

  /**
   * Opens a round, or the one that is open already: the same task and number name the same round at every
   * participant. A round that was completed before comes back with its result.
   * Throws `UNSUPPORTED` for strategies and protections that do not exist yet, `INVALID_ARGUMENT`, `ALREADY_EXISTS`
   * when the round is open on other terms, `OVERLOADED` when 64 rounds are open.
   */
  async createRound(options: RoundOptions): Promise<AggregationRound> {
    this.#lifetime.assertOpen();
    if (!this.#started) throw new MeshError('NOT_STARTED', { what: 'the aggregator' });
    refuseUnsupported(options);
    const last = await this.#shelf.latest(options.task);
    const plan = planOf(options, options.number ?? last + 1, this.#options);
    const opening = this.#opening.get(plan.id) ?? this.#open(plan, last);
    this.#opening.set(plan.id, opening);
    try {
      const round = await opening;
      if (round instanceof Round) this.#assertSame(round, plan);
      return round;
    } finally {
      this.#opening.delete(plan.id);
    }
  }

  /** The last result of `task` at this node, also after a restart; undefined before the first. */
  async latest(task: string): Promise<LatestResult | undefined> {
    const number = await this.#shelf.latest(task);
    const outcome = await this.#shelf.outcome({ task, number });
    return outcome && { number, ...resultOf(outcome) };
  }

  /** Ends all rounds with `CLOSED`. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(plan: RoundPlan, last: number): Promise<AggregationRound> {
    const existing = this.#rounds.get(plan.id);
    if (existing !== undefined) return existing;
    if (plan.name.number <= last) return this.#completedRound(plan);
    if (this.#rounds.size >= openLimit) {
      throw new MeshError('OVERLOADED', { what: 'the list of open rounds', limit: openLimit });
    }
    const vow = await this.#shelf.vow(plan.name);
    this.#lifetime.assertOpen();
    const round = new Round(this.#setting(), plan, vow, {
      completed: () => this.#rounds.delete(plan.id),
      failed: (error) => {
        this.#rounds.delete(plan.id);
        this.#noteFailure(plan.id, error);
      },
    });
    this.#failures.delete(plan.id);
    this.#rounds.set(plan.id, round);
    round.open();
    return round;
  }

  async #completedRound({ id, name }: RoundPlan): Promise<AggregationRound> {
    const outcome = await this.#shelf.outcome(name);
    if (outcome === undefined) throw new MeshError('ROUND_CLOSED', { round: id });
    return {
      id,
      number: name.number,
      leader: outcome.header.leader,
      contribute: () => Promise.reject(new MeshError('ROUND_CLOSED', { round: id })),
      result: () => Promise.resolve(resultOf(outcome)),
    };
  }

  #assertSame(round: Round, plan: RoundPlan): void {
    if (cidOfJson(round.terms) === cidOfJson(plan.terms)) return;
    throw new MeshError('ALREADY_EXISTS', { what: 'a round on other terms', id: plan.id });
  }

  #setting(): RoundSetting {
    const { lease = '3s', transfer = '60s', crypto, ...rest } = this.#options;
    return {
      ...rest,
      crypto,
      shelf: this.#shelf,
      admit: (peer, task) => this.#admit(peer, task),
      leaseMs: toMs(lease, 'lease'),
      transferMs: toMs(transfer, 'transfer'),
      signal: this.#lifetime.signal,
    };
  }

  #noteFailure(id: string, error: MeshError): void {
    const oldest = this.#failures.keys().next();
    if (this.#failures.size >= failureLimit && oldest.done !== true) {
      this.#failures.delete(oldest.value);
    }
    const { detail = error.message, missing = [] } = error.params as {
      readonly detail?: string;
      readonly missing?: readonly Did[];
    };
    this.#failures.set(id, { state: 'failed', detail, missing });
  }

  async #admit(peer: Did, task: string): Promise<void> {
    const { mayJoin, trust, trustFloor = 0 } = this.#options;
    if (!(await mayJoin(peer, task))) {
      const params = { action: 'round.join', resource: task, determining: peer };
      throw new MeshError('POLICY_DENIED', params);
    }
    if (trust === undefined || trustFloor <= 0) return;
    const { score } = trust.score(peer);
    if (score >= trustFloor) return;
    const because = 'rounds have a floor of their own';
    throw new MeshError('TRUST_TOO_LOW', { peer, score, needed: trustFloor, because });
  }

  async #onAnnounce({ from, body }: IncomingCall): Promise<Announced> {
    const { terms, ...round } = announceShape(body, 'body');
    await this.#admit(from, round.task);
    const open = this.#rounds.get(roundId(round));
    if (open !== undefined) return open.announced(from, terms);
    return { completed: round.number <= (await this.#shelf.latest(round.task)) };
  }

  async #onFetch({ from, body }: IncomingCall): Promise<Status> {
    const round = roundNameShape(body, 'body');
    await this.#admit(from, round.task);
    const open = this.#rounds.get(roundId(round));
    if (open !== undefined) return open.status(from);
    const outcome = await this.#shelf.outcome(round);
    if (outcome !== undefined) return { state: 'completed', outcome };
    const failure = this.#failures.get(roundId(round));
    if (failure !== undefined) return failure;
    const latest = await this.#shelf.latest(round.task);
    return { state: 'unknown', ...(latest > 0 && { latest }) };
  }

  async #onContribute({ from, body }: IncomingCall): Promise<unknown> {
    const { update, ...round } = contributeShape(body, 'body');
    const open = await this.#openRound(from, round);
    return open.receive(from, update);
  }

  async #onPrepare({ from, body }: IncomingCall): Promise<unknown> {
    const { ballot, electorate, ...round } = prepareShape(body, 'body');
    if (await this.#isCompleted(from, round)) return { state: 'completed' };
    const open = await this.#openRound(from, round);
    return open.prepare(from, ballot, electorate);
  }

  async #onPropose({ from, body }: IncomingCall): Promise<unknown> {
    const { ballot, proposal, ...round } = proposeShape(body, 'body');
    if (await this.#isCompleted(from, round)) return { state: 'completed' };
    const open = await this.#openRound(from, round);
    return open.propose(from, ballot, proposal);
  }

  async #onResult({ from, body }: IncomingCall): Promise<unknown> {
    const { votes, ...round } = resultShape(body, 'body');
    await this.#admit(from, round.task);
    await this.#rounds.get(roundId(round))?.decided(from, votes);
    return {};
  }

  async #isCompleted(from: Did, round: RoundName): Promise<boolean> {
    await this.#admit(from, round.task);
    return round.number <= (await this.#shelf.latest(round.task));
  }

  async #openRound(from: Did, round: RoundName): Promise<Round> {
    await this.#admit(from, round.task);
    const id = roundId(round);
    const open = this.#rounds.get(id);
    if (open !== undefined) return open;
    if (round.number <= (await this.#shelf.latest(round.task)) || this.#failures.has(id)) {
      throw new MeshError('ROUND_CLOSED', { round: id });
    }
    throw new MeshError('NOT_FOUND', { what: 'round', id });
  }
}

function refuseUnsupported({ strategy, privacy, secure }: RoundOptions): void {
  const by = 'the aggregator';
  if (!['fedavg', 'fedprox'].includes(strategy)) {
    throw new MeshError('UNSUPPORTED', { feature: `strategy '${strategy}'`, by });
  }
  if (privacy !== undefined) throw new MeshError('UNSUPPORTED', { feature: 'privacy', by });
  if (secure === true) throw new MeshError('UNSUPPORTED', { feature: 'secure aggregation', by });
}

function planOf(
  options: RoundOptions,
  number: number,
  { did, crypto }: Pick<AggregatorOptions, 'did' | 'crypto'>,
): RoundPlan {
  const { strategy, minParticipants, base, deadline = '60s' } = options;
  const round = roundNameShape({ task: options.task, number }, 'options');
  const participants = options.participants && sortedParticipants(options.participants, did);
  const most = participants?.length ?? participantLimit;
  if (!Number.isSafeInteger(minParticipants) || minParticipants < 1 || minParticipants > most) {
    throw wrong('minParticipants', `an integer from 1 to ${String(most)}`, minParticipants);
  }
  const terms: Terms = {
    strategy,
    minParticipants,
    ...(participants && { participants: cidOfJson(participants) }),
    ...(base && { base: baseHash(base, crypto) }),
  };
  const copy = base && Float32Array.from(base);
  const deadlineMs = toMs(deadline, 'deadline');
  return { name: round, id: roundId(round), terms, participants, base: copy, deadlineMs };
}

function sortedParticipants(participants: readonly Did[], self: Did): readonly Did[] {
  const sorted = [...new Set(participants)].sort(compareText);
  const fits = sorted.every(isDid) && sorted.includes(self) && sorted.length <= participantLimit;
  if (!fits) throw wrong('participants', 'at most 1,000 DIDs, this one included', participants);
  return sorted;
}

function baseHash(base: Float32Array, crypto: Pick<CryptoProvider, 'hash'> | undefined): string {
  if (base.length < 1 || base.length > sizeLimit) {
    throw wrong('base', `1 to ${String(sizeLimit)} numbers`, base.length);
  }
  largestOf(base, 'base');
  return vectorHash(base, crypto);
}

function wrong(argument: string, expected: string, got: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
