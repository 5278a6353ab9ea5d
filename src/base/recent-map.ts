/**
 * A bounded memory of what was computed.
 * @module
 */

/**
 * Keeps at least the `limit` entries used last, and never more than twice as many. Two generations instead of a list in
 * order of use: a hit costs one look-up, and what was not used for a whole generation goes with it. Entries may differ in weight;
 * none should be heavier than `limit`.
 */
export class RecentMap<K, V extends object | string | number> {
  readonly #limit: number;
  readonly #weightOf: (value: V) => number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  /** Of the young. */
  #weight = 0;

  /** `limit` is counted in what `weightOf` gives. Default: 1 each. */
  constructor(limit: number, weightOf: (value: V) => number = one) {
    this.#limit = limit;
    this.#weightOf = weightOf;
  }

  /** How many entries are kept now. An entry used again may count twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    const weight = this.#weightOf(value);
    this.#weight -= this.#youngWeight(key);
    if (this.#weight + weight > this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(key, value);
    this.#weight += weight;
  }

  delete(key: K): void {
    this.#weight -= this.#youngWeight(key);
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#weight = 0;
  }

  #youngWeight(key: K): number {
    const value = this.#young.get(key);
    return value === undefined ? 0 : this.#weightOf(value);
  }
}

function one(): number {
  return 1;
}
