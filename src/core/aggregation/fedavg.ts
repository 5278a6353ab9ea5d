/**
 * The weighted mean of many vectors, exact on a grid: whatever the order of arrival, the same bytes.
 *
 * Floating-point sums depend on their order, so two leaders that heard the same participants could disagree in the last
 * bit. Here each value is rounded once to a multiple of 2^-24 and all that follows is integer arithmetic.
 * Federated averaging: McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data" (2017).
 * FedProx (Li et al. 2020) changes what a participant minimises, not how the results are combined.
 * @module
 */
import { MeshError } from '../../base/errors.ts';

/** The largest magnitude a value may have. */
export const valueLimit = 4_096;

/** The largest weight of one vector. */
export const weightLimit = 1e9;

/** The largest sum of weights: a thousand of the heaviest. */
export const totalWeightLimit = 1e12;

/** The most numbers a vector may have. */
export const sizeLimit = 1 << 24;

const scale = 2 ** 24;
// A sum that outgrows 53 bits is kept as high * 2^23 + low. With |value| <= 2^12 a grid value has 36 bits, its high
// part 13; times a total weight below 2^40 that is 53 bits, so no step of the sum ever rounds.
const limb = 2 ** 23;
const exact = 2 ** 53;
// Adding and subtracting 1.5 * 2^52 leaves a double's nearest integer, ties to even, without a branch.
const rounder = 1.5 * 2 ** 52;

/** Sums weighted vectors as they arrive; holds one accumulator, however many come. */
export class WeightedMean {
  readonly #low: Float64Array;
  #high: Float64Array | undefined;
  /** Upper bound of what `#low` may hold in magnitude. */
  #held = 0;
  #weight = 0;

  /** `size` numbers a vector, at most {@link sizeLimit}. */
  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < 1 || size > sizeLimit) {
      throw new MeshError('LIMIT_EXCEEDED', { what: 'a vector', limit: sizeLimit, got: size });
    }
    this.#low = new Float64Array(size);
  }

  /** The sum of the weights so far. */
  get weight(): number {
    return this.#weight;
  }

  /**
   * Adds `vector` with `weight`, an integer from 1. Throws `UPDATE_INVALID` naming `round` for what cannot be summed:
   * another size, NaN, infinities, values beyond {@link valueLimit}. After a throw the sum is what it was.
   */
  add(vector: Float32Array, weight: number, round = ''): void {
    this.#check(vector, weight, round);
    const largest = largestOf(vector, round) * scale + 1;
    if (this.#held + weight * largest > exact) this.#carry();
    if (this.#held + weight * largest > exact) this.#addWide(vector, weight);
    else this.#addNarrow(vector, weight, largest);
    this.#weight += weight;
  }

  /** The mean, added to `base` when one is given. Throws `INVALID_ARGUMENT` when nothing was added. */
  mean(base?: Float32Array): Float32Array<ArrayBuffer> {
    const unit = this.#weight * scale;
    if (unit === 0) {
      throw new MeshError('INVALID_ARGUMENT', {
        argument: 'vectors',
        expected: 'one',
        got: 'none',
      });
    }
    if (this.#high !== undefined) this.#carry();
    const [low, high] = [this.#low, this.#high];
    const mean = new Float32Array(low.length);
    for (let i = 0; i < mean.length; i += 1) {
      const sum = high === undefined ? low[i]! : high[i]! * limb + low[i]!;
      mean[i] = (base === undefined ? 0 : base[i]!) + sum / unit;
    }
    return mean;
  }

  #check(vector: Float32Array, weight: number, round: string): void {
    if (vector.length !== this.#low.length) {
      const detail = `${String(vector.length)} numbers instead of ${String(this.#low.length)}`;
      throw invalid(round, detail);
    }
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > weightLimit) {
      throw invalid(round, `the weight ${String(weight)} is not an integer from 1 to 10^9`);
    }
    if (this.#weight + weight > totalWeightLimit) throw invalid(round, 'the weights exceed 10^12');
  }

  #addNarrow(vector: Float32Array, weight: number, largest: number): void {
    const low = this.#low;
    for (let i = 0; i < low.length; i += 1) {
      const grid = vector[i]! * scale + rounder - rounder;
      low[i] = low[i]! + weight * grid;
    }
    this.#held += weight * largest;
  }

  #addWide(vector: Float32Array, weight: number): void {
    const [low, high] = [this.#low, this.#highPart()];
    for (let i = 0; i < low.length; i += 1) {
      const grid = vector[i]! * scale + rounder - rounder;
      const top = Math.floor(grid / limb);
      high[i] = high[i]! + weight * top;
      low[i] = low[i]! + weight * (grid - top * limb);
    }
    this.#held += weight * limb;
  }

  /** Moves what exceeds a limb upwards. Afterwards 0 <= low < limb, the one spelling of each sum. */
  #carry(): void {
    const [low, high] = [this.#low, this.#highPart()];
    for (let i = 0; i < low.length; i += 1) {
      const top = Math.floor(low[i]! / limb);
      high[i] = high[i]! + top;
      low[i] = low[i]! - top * limb;
    }
    this.#held = limb;
  }

  #highPart(): Float64Array {
    this.#high ??= new Float64Array(this.#low.length);
    return this.#high;
  }
}

/** `weights - base`, or a copy of `weights` without one: what a participant sends. */
export function deltaOf(weights: Float32Array, base?: Float32Array): Float32Array<ArrayBuffer> {
  const delta = Float32Array.from(weights);
  if (base === undefined) return delta;
  for (let i = 0; i < delta.length; i += 1) delta[i] = delta[i]! - base[i]!;
  return delta;
}

/** The largest magnitude in `vector`; `UPDATE_INVALID` when a value is not a number within {@link valueLimit}. */
export function largestOf(vector: Float32Array, round: string): number {
  // Without their sign, the bits of IEEE 754 numbers order as the numbers do, with infinity and NaN on top.
  const bits = new Int32Array(vector.buffer, vector.byteOffset, vector.length);
  let top = 0;
  // eslint-disable-next-line @typescript-eslint/prefer-for-of -- an iterator takes seven times as long here
  for (let i = 0; i < bits.length; i += 1) {
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude > top) top = magnitude;
  }
  const largest = new Float32Array(Int32Array.of(top).buffer)[0]!;
  if (largest <= valueLimit) return largest;
  const culprit = vector.findIndex((value) => !(Math.abs(value) <= valueLimit));
  const value = `number ${String(culprit)} is ${String(vector[culprit])}`;
  throw invalid(round, `${value}, beyond ±${String(valueLimit)}`);
}

function invalid(round: string, detail: string): MeshError {
  return new MeshError('UPDATE_INVALID', { round, detail });
}
