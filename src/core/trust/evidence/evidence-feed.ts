/**
 * Which pieces of evidence are here, in the order in which they came to be known, for peers to read on from where they were.
 * @module
 */
import { newId } from '../../../base/ids.ts';
import type { Random } from '../../../ports/random.ts';

/** How far a feed was read. */
export interface FeedCursor {
  /** Which run of which node it is a cursor of. */
  readonly run: string;
  readonly next: number;
}

/** Pieces a cursor can point at; older ones are found in bundles only. */
const feedLimit = 20_000;

/** Store keys of pieces of evidence. */
export class EvidenceFeed {
  readonly #run: string;
  readonly #keys: string[] = [];
  #dropped = 0;

  constructor(random: Random) {
    this.#run = newId('run', random);
  }

  /** Store keys, oldest first. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** Notes that the piece at `key` of the store is new. */
  readonly note = (key: string): void => {
    this.#keys.push(key);
    if (this.#keys.length <= feedLimit) return;
    this.#keys.shift();
    this.#dropped += 1;
  };

  /** At most `limit` keys from a cursor on, from the beginning for a cursor of another run. */
  read({ run, next = 0 }: Partial<FeedCursor>, limit: number) {
    const first = run === this.#run ? Math.max(0, next - this.#dropped) : 0;
    const keys = this.#keys.slice(first, first + limit);
    const end = first + keys.length;
    const cursor: FeedCursor = { run: this.#run, next: this.#dropped + end };
    return { keys, cursor, isFirst: first === 0, isLast: end >= this.#keys.length };
  }
}
