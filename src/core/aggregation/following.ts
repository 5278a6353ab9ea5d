/**
 * A node's time as a follower: it asks how the round stands and hands its contribution to whoever leads.
 * @module
 */
import { MeshError, type MeshErrorCode } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { ModelUpdate } from '../../schema/model-update.ts';
import { type Outcome, receiptShape, type Status, statusShape } from './messages.ts';
import { verifyOutcome } from './outcome.ts';
import { checkOf, type RoundPlan, type RoundSetting, roundId } from './round-plan.ts';

/** What a look at the leader has brought. */
export type Sight =
  /** No sign of life; `given up` once that lasted for a lease. */
  | { readonly state: 'silent' | 'given up' }
  | { readonly state: 'failed'; readonly detail: string; readonly missing: readonly Did[] }
  | { readonly state: 'completed'; readonly peer: Did; readonly outcome: Outcome }
  | {
      readonly state: 'open';
      readonly leftMs: number;
      /** Whether a leader has this node's contribution. */
      readonly taken: boolean;
      /** Why a leader will never take it. */
      readonly refusal?: MeshError;
    };

type Open = Status & { readonly state: 'open' };

// Refusals that the same contribution would meet again; everything else is tried again at the next look.
const finalRefusals: readonly MeshErrorCode[] = [
  'UPDATE_INVALID',
  'SIGNATURE_INVALID',
  'SCHEMA_INVALID',
  'POLICY_DENIED',
  'TRUST_TOO_LOW',
  'ROUND_CLOSED',
  'LIMIT_EXCEEDED',
];

/** Follows the leaders of one round. */
export class Following {
  readonly #setting: RoundSetting;
  readonly #plan: RoundPlan;
  #leader: Did | undefined;
  #heardAt = 0;

  constructor(setting: RoundSetting, plan: RoundPlan) {
    this.#setting = setting;
    this.#plan = plan;
  }

  /** Looks at `leader` and hands it `mine` when it has not got it. */
  async look(leader: Did, mine: ModelUpdate | undefined): Promise<Sight> {
    const { clock, leaseMs } = this.#setting;
    if (this.#leader !== leader) {
      this.#leader = leader;
      this.#heardAt = clock.monotonic();
    }
    const status = await this.ask(leader);
    // A leader that does not know the round was restarted, or has not opened it: it leads nothing.
    if (status === undefined || status.state === 'unknown') {
      const silent = clock.monotonic() - this.#heardAt < leaseMs;
      return { state: silent ? 'silent' : 'given up' };
    }
    this.#heardAt = clock.monotonic();
    if (status.state === 'failed') return status;
    if (status.state === 'completed') return { ...status, peer: leader };
    return this.#handOver(leader, status, mine);
  }

  /** How the round stands at `peer`; undefined when it does not say. */
  async ask(peer: Did, name = this.#plan.name): Promise<Status | undefined> {
    const { street, leaseMs, signal } = this.#setting;
    const options = { timeoutMs: leaseMs, signal };
    try {
      return statusShape(await street.call(peer, 'round.fetch', name, options), 'status');
    } catch {
      return undefined;
    }
  }

  /** Takes over the result of round `number`, to which `peer` went on without this node; false when it has none. */
  async catchUp(peer: Did, number: number): Promise<boolean> {
    const name = { task: this.#plan.name.task, number };
    const status = await this.ask(peer, name);
    if (status?.state !== 'completed') return false;
    // All terms must be ours but the base, which is the result of a round this node has not seen.
    const { base } = status.outcome.header.terms;
    const { base: _, ...ours } = this.#plan.terms;
    const terms = base === undefined ? ours : { ...ours, base };
    const check = { ...checkOf(this.#setting, this.#plan), round: roundId(name), terms };
    await verifyOutcome(status.outcome, check);
    await this.#setting.shelf.keep(name, status.outcome);
    return true;
  }

  async #handOver(leader: Did, status: Open, mine: ModelUpdate | undefined): Promise<Sight> {
    const { leftMs } = status;
    const other = status.leader;
    if (other === leader) return this.#contribute(leader, status, mine);
    // It knows somebody this node does not, or reaches whom this node gave up.
    const there = other === undefined || other === this.#setting.did ? undefined : other;
    const theirs = there && (await this.ask(there));
    if (there !== undefined && theirs?.state === 'completed') return { ...theirs, peer: there };
    if (there !== undefined && theirs?.state === 'open' && theirs.leader === there) {
      return this.#contribute(there, theirs, mine);
    }
    return { state: 'open', leftMs, taken: false };
  }

  async #contribute(leader: Did, status: Open, mine: ModelUpdate | undefined): Promise<Sight> {
    const { leftMs, ready, has } = status;
    const open = { state: 'open', leftMs } as const;
    if (mine === undefined || has || !ready) return { ...open, taken: has };
    const { street, transferMs, signal } = this.#setting;
    const body = { ...this.#plan.name, update: mine };
    const options = { timeoutMs: transferMs, signal };
    try {
      const answer = await street.call(leader, 'round.contribute', body, options);
      return { ...open, taken: 'accepted' in receiptShape(answer, 'the receipt') };
    } catch (error) {
      const refused = MeshError.is(error, ...finalRefusals);
      return { ...open, taken: false, ...(refused && { refusal: error }) };
    }
  }
}
