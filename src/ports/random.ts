/**
 * Chance. Split per purpose, so that a new consumer shifts nobody else's numbers.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';

/** A source of random numbers; cryptographically strong unless it was made from a seed. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** `length` random bytes. */
  bytes(length: number): Bytes;
  /** An independent stream for one purpose; the same name gives the same stream. */
  child(name: string): Random;
}
