/**
 * Which messages have been here, so that each counts once.
 * @module
 */

/**
 * Ids until they expire. When there is no room, the one seen longest ago is forgotten: copies arrive soon after one
 * another, and a flood of long-lived messages must not push out what came last.
 */
export class SeenIds {
  readonly #limit: number;
  /** Id and when it may be forgotten, epoch milliseconds; in the order in which they were seen. */
  readonly #ids = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Remembers `id` until `expires`. */
  add(id: string, expires: number): void {
    this.#ids.delete(id);
    this.#ids.set(id, expires);
    if (this.#ids.size > this.#limit) this.#ids.delete(this.#ids.keys().next().value!);
  }

  /** Forgets what has expired at `now`. */
  prune(now: number): readonly string[] {
    const gone = [...this.#ids].filter(([, expires]) => expires < now).map(([id]) => id);
    for (const id of gone) this.#ids.delete(id);
    return gone;
  }
}
