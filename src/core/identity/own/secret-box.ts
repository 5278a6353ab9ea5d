/**
 * Secrets under a passphrase: scrypt (RFC 7914) makes the key, ChaCha20-Poly1305 (RFC 8439) seals.
 * @module
 */
import { type Bytes, fromBase64url, toBase64url, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import { loadOnce } from '../../../base/load-once.ts';
import { integer, object, oneOf, type Shape, text } from '../../../base/shape.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Random } from '../../../ports/random.ts';

/** Something sealed, with all it takes to open it but the passphrase. */
export interface SealedBox {
  readonly kdf: 'scrypt';
  /** Cost: doublings of the work, 15 by default (32 MiB, about 0.1 s). */
  readonly cost: number;
  readonly salt: string;
  readonly nonce: string;
  readonly box: string;
}

/** Parser of sealed boxes. */
export const sealedBoxShape: Shape<SealedBox> = object({
  kdf: oneOf('scrypt'),
  // More than 2^17 would let whoever writes a store fill the memory of whoever opens it.
  cost: integer({ min: 14, max: 17 }),
  salt: text({ min: 22, max: 22 }),
  nonce: text({ min: 16, max: 16 }),
  box: text({ max: 4_096 }),
});

const defaultCost = 15;
const loadScrypt = loadOnce(() => import('@noble/hashes/scrypt.js'));

/** Loads what {@link Sealer} needs. */
export const loadSealing: () => Promise<unknown> = loadScrypt;

/** Seals and opens with one passphrase. What the passphrase gives is computed once for each salt. */
export class Sealer {
  readonly #passphrase: string;
  readonly #crypto: CryptoProvider;
  readonly #random: Random;
  #derived: { readonly name: string; readonly key: Bytes } | undefined;

  constructor(passphrase: string, crypto: CryptoProvider, random: Random) {
    if (passphrase.length === 0) {
      const params = { argument: 'passphrase', expected: 'not empty', got: 'nothing' };
      throw new MeshError('INVALID_ARGUMENT', params);
    }
    this.#passphrase = passphrase;
    this.#crypto = crypto;
    this.#random = random;
  }

  /** `secret` sealed for `about`, which is not secret and cannot be exchanged for something else. */
  async seal(secret: Uint8Array, about: string): Promise<SealedBox> {
    const random = this.#random.child(`seal/${about}`);
    const salt = this.#derived?.name.split('.')[1] ?? toBase64url(random.bytes(16));
    const key = await this.#keyOf(defaultCost, salt);
    const nonce = random.bytes(12);
    const box = this.#crypto.aead('chacha20-poly1305', key).seal(nonce, utf8(about), secret);
    const [kdf, cost] = ['scrypt', defaultCost] as const;
    return { kdf, cost, salt, nonce: toBase64url(nonce), box: toBase64url(box) };
  }

  /** What was sealed for `about`; undefined when the passphrase is another or the box was changed. */
  async open({ cost, salt, nonce, box }: SealedBox, about: string): Promise<Bytes | undefined> {
    const key = await this.#keyOf(cost, salt);
    const aead = this.#crypto.aead('chacha20-poly1305', key);
    return aead.open(fromBase64url(nonce), utf8(about), fromBase64url(box));
  }

  async #keyOf(cost: number, salt: string): Promise<Bytes> {
    const name = `${String(cost)}.${salt}`;
    if (this.#derived?.name === name) return this.#derived.key;
    const { scrypt } = await loadScrypt();
    await this.#crypto.complete?.();
    // One spelling of letters with accents, whichever keyboard wrote them.
    const passphrase = utf8(this.#passphrase.normalize('NFKC'));
    const options = { N: 2 ** cost, r: 8, p: 1, dkLen: 32 };
    const key = Uint8Array.from(scrypt(passphrase, fromBase64url(salt), options));
    this.#derived = { name, key };
    return key;
  }
}
