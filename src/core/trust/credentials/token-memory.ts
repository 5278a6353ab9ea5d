/**
 * Tokens that were read before, found again by the whole of their text.
 * @module
 */
import { fromUtf8 } from '../../../base/bytes.ts';

interface Remembered<T> {
  readonly token: string;
  readonly value: T;
  /** Asked for since it was last thought of being forgotten. */
  used: boolean;
}

/** Tokens remembered. */
const entryLimit = 4_096;
/** Characters of all of them together. */
const characterLimit = 8 << 20;
/** Longer tokens are status lists, which are read once: remembering them would only take room. */
const longest = 8_192;
/** Characters at the end of a token that it is filed under: part of its signature, so no two tokens of others share them. */
const tailLength = 43;

/**
 * A bounded memory. What was not asked for lately is forgotten first (second chance, so that finding something again writes
 * nothing but a mark). Hashing a whole token would cost more than everything else that is done with a known one, so a token is
 * filed under its end and then compared whole.
 */
export class TokenMemory<T> {
  readonly #entries = new Map<string, Remembered<T>>();
  #characters = 0;

  /** What was kept for exactly this token. */
  get(token: string): T | undefined {
    const entry = this.#entries.get(token.slice(-tailLength));
    if (entry?.token !== token) return undefined;
    entry.used = true;
    return entry.value;
  }

  /** Keeps `value` for the token that `bytes` are the text of, unless that is too long. */
  set(bytes: Uint8Array, value: T): void {
    if (bytes.length > longest) return;
    // A copy: a piece cut from a long message would keep all of the message in memory.
    const copy = fromUtf8(bytes);
    const tail = copy.slice(-tailLength);
    this.#forget(tail);
    this.#entries.set(tail, { token: copy, value, used: false });
    this.#characters += copy.length;
    while (this.#entries.size > entryLimit || this.#characters > characterLimit) this.#evict();
  }

  get size(): number {
    return this.#entries.size;
  }

  #evict(): void {
    for (const [tail, entry] of this.#entries) {
      if (!entry.used) {
        this.#forget(tail);
        return;
      }
      entry.used = false;
      this.#entries.delete(tail);
      this.#entries.set(tail, entry);
    }
  }

  #forget(tail: string): void {
    const entry = this.#entries.get(tail);
    if (entry === undefined) return;
    this.#entries.delete(tail);
    this.#characters -= entry.token.length;
  }
}
