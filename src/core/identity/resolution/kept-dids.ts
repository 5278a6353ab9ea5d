/**
 * The room in which answers are kept: bounded, with the age of each.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Resolution } from '../../../ports/resolver.ts';

/** What is to be kept: a document, or without one that there is none. */
export interface Answer {
  readonly resolution?: Resolution;
  /** From its fetch at the source. */
  readonly ttlMs: number;
  /** How old it came. */
  readonly ageMs: number;
}

/** An answer, and when it came. */
export interface Kept extends Answer {
  readonly wall: number;
  readonly monotonic: number;
}

/** The answers used last, at most `limit`. */
export class KeptDids {
  readonly #clock: Clock;
  readonly #limit: number;
  // In order of use: a Map keeps the order in which keys were put in.
  readonly #kept = new Map<Did, Kept>();

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get size(): number {
    return this.#kept.size;
  }

  has(did: Did): boolean {
    return this.#kept.has(did);
  }

  get(did: Did): Kept | undefined {
    const kept = this.#kept.get(did);
    if (kept === undefined) return undefined;
    this.#kept.delete(did);
    this.#kept.set(did, kept);
    return kept;
  }

  set(did: Did, answer: Answer): void {
    this.#kept.delete(did);
    const wall = this.#clock.now();
    this.#kept.set(did, { ...answer, wall, monotonic: this.#clock.monotonic() });
    if (this.#kept.size > this.#limit) this.#kept.delete(this.#kept.keys().next().value!);
  }

  delete(did: Did): void {
    this.#kept.delete(did);
  }

  /**
   * Milliseconds since the source said so. The wall clock may be set back, the other may stand still while a machine sleeps:
   * the longer time counts.
   */
  ageOf({ ageMs, wall, monotonic }: Kept): number {
    const passed = Math.max(this.#clock.now() - wall, this.#clock.monotonic() - monotonic, 0);
    return ageMs + passed;
  }
}
