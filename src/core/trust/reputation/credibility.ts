/**
 * How far a rater's word can be taken: by how it agrees with what the observer saw itself, or, where it saw nothing,
 * with what the roots of trust say (after TRAVOS, Teacy and others 2006, and PeerTrust, Xiong and Liu 2004). Serving well
 * is not rating well: a spy that works well and praises its friends disagrees with all who dealt with them.
 * @module
 */
import type { Belief } from '../evidence/belief.ts';
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
    const about = this.#counts[subject]!;
    let weights = presumption + this.#weights[rater]!;
    let sum = presumption * this.#presumed[rater]! + this.#disagreement[rater]!;
    if (about > 0 && rater !== subject) {
      const weight = about * this.#heardAt(good + bad);
      weights -= weight;
      sum -= weight * this.#apart(subject, good, bad);
    }
    const times = Math.max(0, sum) / Math.max(presumption, weights) / disagreement;
    return 1 / (1 + times * times);
  }

  #takeRoots(): void {
    const { byRater } = this.#table;
    const pooled = new Float64Array(this.#table.dids.length * 2);
    for (const seed of this.#table.seeds) {
      for (let k = byRater.at[seed]!; k < byRater.at[seed + 1]!; k += 1) {
        const [good, bad] = [byRater.good[k]!, byRater.bad[k]!];
        const scale = scaleTo(this.#constants.pairCap, good + bad);
        pooled[2 * byRater.other[k]!]! += good * scale;
        pooled[2 * byRater.other[k]! + 1]! += bad * scale;
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
      const subject = byRater.other[k]!;
      const [good, bad] = [byRater.good[k]!, byRater.bad[k]!];
      if (this.#counts[subject] === 0) continue;
      const weight = this.#counts[subject]! * this.#heardAt(good + bad);
      this.#weights[rater]! += weight;
      this.#disagreement[rater]! += weight * this.#apart(subject, good, bad);
    }
  }

  /** How much a word that rests on `n` tasks says, 0 to 1. */
  #heardAt(n: number): number {
    const { pairCap, referenceFrom } = this.#constants;
    const counted = Math.min(n, pairCap);
    return counted / (counted + referenceFrom);
  }

  /** How far a word on a subject is from the yardstick, squared, beyond what chance explains. */
  #apart(subject: number, good: number, bad: number): number {
    const scale = scaleTo(this.#constants.pairCap, good + bad);
    const apart = shareOf(good * scale, bad * scale) - this.#share[subject]!;
    const chance = varianceOf(good * scale, bad * scale) + this.#variance[subject]!;
    return Math.max(0, apart * apart - chance);
  }
}

/** The disagreement that gives the credibility of strangers. */
function presumedOf({ disagreement, strangerCredibility }: ReputationConstants): number {
  return disagreement * Math.sqrt(1 / strangerCredibility - 1);
}

/**
 * What `sum` tasks are multiplied by to be `cap` at most. Scaled by it, more good never makes less good or more bad of a
 * pair of good and bad.
 */
export function scaleTo(cap: number, sum: number): number {
  return sum > cap ? cap / sum : 1;
}

/** Mean of the Beta belief with a uniform prior. */
function shareOf(good: number, bad: number): number {
  return (good + 1) / (good + bad + 2);
}

function varianceOf(good: number, bad: number): number {
  const share = shareOf(good, bad);
  return (share * (1 - share)) / (good + bad + 3);
}
