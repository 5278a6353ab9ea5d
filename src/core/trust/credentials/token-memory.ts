/**
 * Tokens that were read before, found again by the whole of their text.
 * @module
 */
import { RecentMap } from '../../../base/recent-map.ts';

interface Remembered<T> {
  readonly token: string;
  readonly value: T;
}

/** Characters of the tokens remembered at least, those used last. */
const limit = 4 << 20;
/** What a short token counts as, for what was read in it takes room too: so there are never more than 8,192. */
const least = 1_024;
/** Longer tokens are status lists, which are read once: remembering them would only take room. */
const longest = 8_192;
/** Characters at the end of a token that it is filed under: part of its signature, so no two tokens of others share them. */
const tailLength = 43;

/**
 * A bounded memory. Hashing a whole token would cost more than everything else that is done with a known one, so a token is filed under
 * its end and then compared whole.
 */
export class TokenMemory<T> {
  readonly #entries = new RecentMap<string, Remembered<T>>(limit, ({ token }) =>
    Math.max(token.length, least),
  );

  /** What was kept for exactly this token. */
  get(token: string): T | undefined {
    const entry = this.#entries.get(token.slice(-tailLength));
    return entry?.token === token ? entry.value : undefined;
  }

  /** Keeps `value` for `token`, unless that is too long. */
  set(token: string, value: T): void {
    if (token.length > longest) return;
    this.#entries.set(token.slice(-tailLength), { token, value });
  }
}
