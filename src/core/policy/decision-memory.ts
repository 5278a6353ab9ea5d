/**
 * Answers already given, the least recently used forgotten first.
 * @module
 */

/** Options of `DecisionMemory`. */
export interface DecisionMemoryOptions {
  /** Most answers kept. Default 10,000. */
  readonly max?: number;
  /** Milliseconds an answer is kept. Default 300,000. A bound on memory, not on truth: see PolicyCache. */
  readonly ttlMs?: number;
}

/** What is kept, and when it was computed on the monotonic clock. */
interface Kept<T> {
  readonly value: T;
  readonly since: number;
}

/** A bounded memory of `T` by text. */
export class DecisionMemory<T> {
  readonly #max: number;
  readonly #ttlMs: number;
  readonly #kept = new Map<string, Kept<T>>();
  hits = 0;
  misses = 0;
  evictions = 0;
  expired = 0;

  constructor({ max = 10_000, ttlMs = 300_000 }: DecisionMemoryOptions = {}) {
    this.#max = max;
    this.#ttlMs = ttlMs;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** What was kept under `key`, if it is not too old at `now`. */
  get(key: string, now: number): Kept<T> | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) {
      this.misses += 1;
      return undefined;
    }
    this.#kept.delete(key);
    if (now - kept.since >= this.#ttlMs) {
      this.expired += 1;
      this.misses += 1;
      return undefined;
    }
    // A Map keeps the order of insertion: the first is the one unused for longest. The age stays as it is.
    this.#kept.set(key, kept);
    this.hits += 1;
    return kept;
  }

  /** Keeps `value`, computed at `now`. */
  set(key: string, value: T, now: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, since: now });
    if (this.#kept.size <= this.#max) return;
    this.#kept.delete(this.#kept.keys().next().value!);
    this.evictions += 1;
  }

  /** Forgets all; the counters stay. */
  clear(): void {
    this.#kept.clear();
  }
}
