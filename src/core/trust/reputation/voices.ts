/**
 * What several raters say of one subject, and how much of it is heard.
 * @module
 */
import type { Belief } from '../evidence/belief.ts';
import type { ReputationConstants } from './constants.ts';
import { scaleTo } from './credibility.ts';

/** Weights are told apart by as many levels. */
const levels = 64;

/** One rater's word on a subject. */
export interface Voice extends Belief {
  readonly rater: number;
  /** Number of its organisation. */
  readonly of: number;
  /** 0 to 1 each; their product is the weight. */
  readonly credibility: number;
  readonly reach: number;
}

/** Voices in the order of their raters. In arrays of its own, since opinions are asked for by the thousand. */
export class Voices {
  length = 0;
  #rater = new Uint32Array(16);
  #of = new Uint32Array(16);
  #credibility = new Float64Array(16);
  #reach = new Float64Array(16);
  #weight = new Float64Array(16);
  #good = new Float64Array(16);
  #bad = new Float64Array(16);
  #scale = new Float64Array(16);
  readonly #levels = new Float64Array(levels);
  /** Tasks an organisation brings in; all 0 between uses. */
  readonly #sums: Float64Array;

  constructor(organisations: number) {
    this.#sums = new Float64Array(organisations);
  }

  clear(): void {
    this.length = 0;
  }

  add(rater: number, of: number, credibility: number, reach: number): void {
    if (this.length === this.#rater.length) this.#grow();
    const i = this.length;
    this.#rater[i] = rater;
    this.#of[i] = of;
    this.#credibility[i] = credibility;
    this.#reach[i] = reach;
    this.#weight[i] = credibility * reach;
    this.length = i + 1;
  }

  /** What the voice added last says, before weight and caps. */
  say(good: number, bad: number, pairCap: number): void {
    const i = this.length - 1;
    const scale = this.#weight[i]! * scaleTo(pairCap, good + bad);
    this.#good[i] = good * scale;
    this.#bad[i] = bad * scale;
  }

  /** The voice at `i`, as it is heard. */
  at(i: number): Voice {
    return {
      rater: this.#rater[i]!,
      of: this.#of[i]!,
      credibility: this.#credibility[i]!,
      reach: this.#reach[i]!,
      good: this.#good[i]!,
      bad: this.#bad[i]!,
    };
  }

  /** The sum of what is heard. */
  sum(): Belief {
    let [good, bad] = [0, 0];
    for (let i = 0; i < this.length; i += 1) {
      good += this.#good[i]!;
      bad += this.#bad[i]!;
    }
    return { good, bad };
  }

  /**
   * Scales each voice, so that an organisation has one voice however many members speak, and a crowd of doubtful voices
   * is worth no more than one: from the lowest level of weights up, what was heard so far is held to the weight of the
   * level times the cap. Scaling a sum neither lowers its good part nor raises its bad part when more good comes in, so
   * opinions stay monotone.
   */
  settle({ pairCap, hearsayCap }: ReputationConstants): void {
    this.#poolOrganisations(pairCap);
    const scales = this.#levels.fill(0);
    for (let i = 0; i < this.length; i += 1) {
      scales[levelOf(this.#weight[i]!)]! += this.#good[i]! + this.#bad[i]!;
    }
    let heard = 0;
    for (let level = 0; level < levels; level += 1) {
      const sum = heard + scales[level]!;
      const cap = (hearsayCap * (level + 1)) / levels;
      scales[level] = scaleTo(cap, sum);
      heard = Math.min(sum, cap);
    }
    // What is scaled at a level is scaled at all levels above it as well.
    for (let level = levels - 2; level >= 0; level -= 1) scales[level]! *= scales[level + 1]!;
    for (let i = 0; i < this.length; i += 1) {
      const scale = scales[levelOf(this.#weight[i]!)]!;
      this.#good[i]! *= scale;
      this.#bad[i]! *= scale;
    }
  }

  #poolOrganisations(cap: number): void {
    const sums = this.#sums;
    for (let i = 0; i < this.length; i += 1) sums[this.#of[i]!]! += this.#good[i]! + this.#bad[i]!;
    for (let i = 0; i < this.length; i += 1) this.#scale[i] = scaleTo(cap, sums[this.#of[i]!]!);
    for (let i = 0; i < this.length; i += 1) {
      this.#good[i]! *= this.#scale[i]!;
      this.#bad[i]! *= this.#scale[i]!;
      sums[this.#of[i]!] = 0;
    }
  }

  #grow(): void {
    const size = this.length * 2;
    this.#rater = grown(this.#rater, new Uint32Array(size));
    this.#of = grown(this.#of, new Uint32Array(size));
    this.#credibility = grown(this.#credibility, new Float64Array(size));
    this.#reach = grown(this.#reach, new Float64Array(size));
    this.#weight = grown(this.#weight, new Float64Array(size));
    this.#good = grown(this.#good, new Float64Array(size));
    this.#bad = grown(this.#bad, new Float64Array(size));
    this.#scale = grown(this.#scale, new Float64Array(size));
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** 0 up to {@link levels}. */
function levelOf(weight: number): number {
  return Math.min(levels - 1, Math.floor(weight * levels));
}
