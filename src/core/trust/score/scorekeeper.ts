/**
 * Keeps scores until their facts change, and tells when one does.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { RecentMap } from '../../../base/recent-map.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { Emit } from '../../../schema/mesh-event.ts';
import { jsonOf, putJson } from '../store-names.ts';
import type { Dossiers } from './dossier.ts';
import { type TrustConstants, type TrustScore, trustConstants, trustScore } from './score.ts';
import {
  changePlan,
  checkedWeights,
  sameWeights,
  type TrustWeights,
  type TrustWeightsChoice,
  type WeightPlan,
  weightPlanShape,
  weightsAt,
} from './weights.ts';

/** Options of {@link Scorekeeper}. */
export interface ScorekeeperOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly emit: Emit;
  readonly dossiers: Dossiers;
  /** Points per factor. Default: what the store holds, else the standard ones. */
  readonly weights: TrustWeightsChoice | undefined;
  /** Milliseconds over which weights change when other ones are given than before. */
  readonly weightsOverMs: number;
}

const hourMs = 3_600_000;
/** Scores remembered. */
const scoreLimit = 10_000;
const planKey = 'weights';

/** Scores of peers. */
export class Scorekeeper {
  readonly #options: ScorekeeperOptions;
  #scores = new RecentMap<Did, { readonly score: TrustScore; readonly until: number }>(scoreLimit);
  /** The score told last in an event. */
  readonly #told = new RecentMap<Did, number>(scoreLimit);
  #plan: WeightPlan;
  #constants: { readonly hour: number; readonly of: TrustConstants } | undefined;
  #started = false;

  constructor(options: ScorekeeperOptions) {
    this.#options = options;
    const weights = checkedWeights(options.weights ?? trustConstants.weights);
    this.#plan = { from: weights, to: weights, since: 0, overMs: 0 };
  }

  /** Reads the weights of an earlier run; where other ones are wanted now, they change from there. */
  async load(): Promise<void> {
    const { store, weights, weightsOverMs } = this.#options;
    const entry = await store.get(planKey);
    if (entry !== undefined) this.#plan = jsonOf(entry, weightPlanShape);
    else await this.#keep();
    if (weights !== undefined && !sameWeights(checkedWeights(weights), this.#plan.to)) {
      await this.setWeights(weights, weightsOverMs);
    }
  }

  /** From now on changes are told, beginning from how things stand. */
  start(peers: Iterable<Did>): void {
    for (const peer of peers) this.#told.set(peer, this.score(peer).score);
    this.#started = true;
  }

  /** The weights of this hour. */
  get weights(): TrustWeights {
    return this.#constantsAt(this.#options.clock.now()).weights;
  }

  /** Changes the weights in a straight line over `overMs`, from where they are now. */
  async setWeights(weights: TrustWeightsChoice, overMs: number): Promise<void> {
    const now = this.#options.clock.now();
    this.#plan = changePlan(this.#plan, checkedWeights(weights), now, overMs);
    this.#constants = undefined;
    this.forget();
    await this.#keep();
  }

  /** Trust in `peer` as of this hour. */
  score(peer: Did): TrustScore {
    const { clock, dossiers } = this.#options;
    const now = clock.now();
    const cached = this.#scores.get(peer);
    if (cached !== undefined && now < cached.until) return cached.score;
    const score = trustScore(dossiers.factsOf(peer, now), now, this.#constantsAt(now));
    const hourEnd = (Math.floor(now / hourMs) + 1) * hourMs;
    this.#scores.set(peer, { score, until: Math.min(hourEnd, dossiers.standsUntil(peer)) });
    return score;
  }

  /** Everything may be different now. */
  forget(): void {
    this.#scores = new RecentMap(scoreLimit);
  }

  /** Something about `peer` is different now. */
  changed(peer: Did, because: string): void {
    this.#scores.delete(peer);
    if (!this.#started) return;
    const { score } = this.score(peer);
    const before = this.#told.get(peer) ?? 0;
    this.#told.set(peer, score);
    if (score === before) return;
    this.#options.emit('trust.changed', { score, before, because }, { peer });
  }

  #constantsAt(now: number): TrustConstants {
    const hour = Math.floor(now / hourMs);
    if (this.#constants?.hour !== hour) {
      const weights = weightsAt(this.#plan, hour * hourMs);
      this.#constants = { hour, of: { ...trustConstants, weights } };
    }
    return this.#constants.of;
  }

  async #keep(): Promise<void> {
    const commit = await this.#options.store.write([putJson(planKey, this.#plan)]);
    if (!commit.ok) {
      throw new MeshError('STORE_FAILED', { store: 'trust', detail: 'the weights were not kept' });
    }
  }
}
