/**
 * How much somebody may use at once, and how fast it comes back.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';

/** The size of a bucket and its refill. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

interface Level {
  tokens: number;
  at: number;
}

/** Buckets remembered; the one used longest ago is forgotten, which fills it. */
const remembered = 10_000;

/** One token bucket for each name, full at first. */
export class TokenBuckets {
  readonly #allowance: Allowance;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #levels = new Map<Did, Level>();

  constructor(allowance: Allowance, clock: Pick<Clock, 'monotonic'>) {
    this.#allowance = allowance;
    this.#clock = clock;
  }

  /** Takes `tokens`, leaving at least `reserve`, a share of the whole; false, taking nothing, when there is too little. */
  take(who: Did, tokens: number, reserve = 0): boolean {
    const level = this.#of(who);
    if (level.tokens - tokens < reserve * this.#allowance.burst) return false;
    level.tokens -= tokens;
    return true;
  }

  /** Takes `tokens`, or what there is. */
  fine(who: Did, tokens: number): void {
    const level = this.#of(who);
    level.tokens = Math.max(0, level.tokens - tokens);
  }

  #of(who: Did): Level {
    const { burst, perSecond } = this.#allowance;
    const at = this.#clock.monotonic();
    const known = this.#levels.get(who) ?? { tokens: burst, at };
    known.tokens = Math.min(burst, known.tokens + ((at - known.at) / 1_000) * perSecond);
    known.at = at;
    this.#levels.delete(who);
    this.#levels.set(who, known);
    if (this.#levels.size > remembered) this.#levels.delete(this.#levels.keys().next().value!);
    return known;
  }
}
