/**
 * What was shown once and must not be taken again. Known by who signed and what was signed, never by the text of the token: a
 * second signature over the same words (T9) is the same presentation.
 * @module
 */
import { toBase64url, utf8 } from '../../../base/bytes.ts';
import type { Did } from '../../../base/ids.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';

/** Presentations remembered at once. */
const limit = 50_000;

/** Something signed that has an end. */
export interface Shown {
  readonly by: Did;
  /** Its `id` or `jti`, where it has one. */
  readonly id: string | undefined;
  readonly signingInput: string;
  /** Epoch milliseconds until which it could be shown. */
  readonly until: number;
}

/** A bounded memory of what was shown; each entry is needed only until its end. */
export class Replays {
  readonly #crypto: Pick<CryptoProvider, 'hash'>;
  readonly #entries = new Map<string, number>();

  constructor(crypto: Pick<CryptoProvider, 'hash'>) {
    this.#crypto = crypto;
  }

  /** Whether `shown` was taken before. */
  has(shown: Shown): boolean {
    return this.#names(shown).some((name) => this.#entries.has(name));
  }

  /** Notes that `shown` is taken at `now`; false when there is no room to remember it. */
  add(shown: Shown, now: number): boolean {
    if (this.#entries.size + 2 > limit) this.#sweep(now);
    if (this.#entries.size + 2 > limit) return false;
    for (const name of this.#names(shown)) this.#entries.set(name, shown.until);
    return true;
  }

  #names({ by, id, signingInput }: Shown): readonly string[] {
    const hash = toBase64url(this.#crypto.hash('sha256', utf8(signingInput)));
    return id === undefined ? [`${by} #${hash}`] : [`${by} #${hash}`, `${by} ${id}`];
  }

  #sweep(now: number): void {
    for (const [name, until] of this.#entries) if (until <= now) this.#entries.delete(name);
  }
}
