/**
 * How far a rater's word can be taken: by how it agrees with what the observer saw itself, or, where it saw nothing,
 * with what the roots of trust say (after TRAVOS, Teacy and others 2006, and PeerTrust, Xiong and Liu 2004). Serving well
 * is not rating well: a spy that works well and praises its friends disagrees with all who dealt with them.
 * @module
 */
import type { Belief } from '../belief.ts';
import type { ReputationConstants } from './constants.ts';
import type { EvidenceTable } from './evidence-table.ts';

/** Yardsticks of one observer, and what raters' words on other subjects make of the raters. */
export class Credibility {
  readonly #table: EvidenceTable;
  readonly #constants: ReputationConstants;
  /** What a subject is measured by: share of good outcomes, its variance, and how much it counts. */
  readonly #share: Float64Array;
  readonly #variance: Float64Array;
  readonly #counts: Float64Array;
  /** Over all common subjects of a rater: weights, and disagreement times weight. */
  readonly #weights: Float64Array;
  readonly #disagreement: Float64Array;
  readonly #presumed: Float64Array;

  /** `observer` is undefined for somebody who has seen nothing. */
  constructor(table: EvidenceTable, observer: number | undefined, constants: ReputationConstants) {
    const count = table.dids.length;
    this.#table = table;
    this.#constants = constants;
    this.#share = new Float64Array(count);
    this.#variance = new Float64Array(count);
    this.#counts = new Float64Array(count);
    this.#weights = new Float64Array(count);
    this.#disagreement = new Float64Array(count);
    this.#presumed = new Float64Array(count).fill(presumedOf(constants));
    for (const seed of table.seeds) this.#presumed[seed] = 0;
    this.#takeRoots();
    if (observer !== undefined) this.#takeOwn(observer);
    for (let rater = 0; rater < count; rater += 1) this.#measure(rater);
  }

  /**
   * Credibility of `rater` when it speaks of `subject`, 0 to 1. Its word on that subject, `good` and `bad`, is left out:
   * nobody gains or loses a voice by what is to be judged.
   */
  of(rater: number, subject: number, good: number, bad: number): number {
    const { presumption, disagreement } = this.#constants;
    const own = this.#term(rater, subject, good, bad);
    const weights = this.#weights[rater]! - own.weight;
    const sum = this.#disagreement[rater]! - own.weight * own.disagreement;
    const mean =
      Math.max(0, sum + presumption * this.#presumed[rater]!) /
      (Math.max(0, weights) + presumption);
    return 1 / (1 + (mean / disagreement) ** 2);
  }

  #takeRoots(): void {
    const { byRater } = this.#table;
    const pooled = new Float64Array(this.#table.dids.length * 2);
    for (const seed of this.#table.seeds) {
      for (let k = byRater.at[seed]!; k < byRater.at[seed + 1]!; k += 1) {
        const { good, bad } = capped(byRater.good[k]!, byRater.bad[k]!, this.#constants.pairCap);
        pooled[2 * byRater.other[k]!]! += good;
        pooled[2 * byRater.other[k]! + 1]! += bad;
      }
    }
    for (let subject = 0; subject < this.#table.dids.length; subject += 1) {
      const belief = { good: pooled[2 * subject]!, bad: pooled[2 * subject + 1]! };
      this.#yardstick(subject, belief, this.#constants.hearsayYardstick);
    }
  }

  #takeOwn(observer: number): void {
    const { byRater } = this.#table;
    for (let k = byRater.at[observer]!; k < byRater.at[observer + 1]!; k += 1) {
      this.#yardstick(byRater.other[k]!, { good: byRater.good[k]!, bad: byRater.bad[k]! }, 1);
    }
  }

  #yardstick(subject: number, { good, bad }: Belief, counts: number): void {
    const n = good + bad;
    const { referenceFrom } = this.#constants;
    if (n < referenceFrom) return;
    this.#share[subject] = shareOf(good, bad);
    this.#variance[subject] = varianceOf(good, bad);
    this.#counts[subject] = (counts * n) / (n + referenceFrom);
  }

  #measure(rater: number): void {
    const { byRater } = this.#table;
    for (let k = byRater.at[rater]!; k < byRater.at[rater + 1]!; k += 1) {
      const term = this.#term(rater, byRater.other[k]!, byRater.good[k]!, byRater.bad[k]!);
      this.#weights[rater]! += term.weight;
      this.#disagreement[rater]! += term.weight * term.disagreement;
    }
  }

  /** How a rater's word on one subject goes with the yardstick, beyond what chance explains. */
  #term(rater: number, subject: number, good: number, bad: number): Term {
    const counts = this.#counts[subject]!;
    const { pairCap, referenceFrom } = this.#constants;
    if (counts === 0 || rater === subject) return nothing;
    const said = capped(good, bad, pairCap);
    const n = said.good + said.bad;
    const apart = (shareOf(said.good, said.bad) - this.#share[subject]!) ** 2;
    const chance = varianceOf(said.good, said.bad) + this.#variance[subject]!;
    return {
      weight: (counts * n) / (n + referenceFrom),
      disagreement: Math.max(0, apart - chance),
    };
  }
}

interface Term {
  readonly weight: number;
  readonly disagreement: number;
}

const nothing: Term = { weight: 0, disagreement: 0 };

/** The disagreement that gives the credibility of strangers. */
function presumedOf({ disagreement, strangerCredibility }: ReputationConstants): number {
  return disagreement * Math.sqrt(1 / strangerCredibility - 1);
}

/** `good` and `bad` in the same proportion, `cap` in sum at most. More good never makes less good or more bad of it. */
export function capped(good: number, bad: number, cap: number): Belief {
  const sum = good + bad;
  return sum <= cap ? { good, bad } : { good: (good * cap) / sum, bad: (bad * cap) / sum };
}

/** Mean of the Beta belief with a uniform prior. */
function shareOf(good: number, bad: number): number {
  return (good + 1) / (good + bad + 2);
}

function varianceOf(good: number, bad: number): number {
  const share = shareOf(good, bad);
  return (share * (1 - share)) / (good + bad + 3);
}
