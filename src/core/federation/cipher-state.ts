/**
 * One direction of encryption: a key with a counter that never repeats (Noise, section 5.1).
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Aead, CryptoProvider } from '../../ports/crypto.ts';
import type { NoiseSuite } from './noise-suite.ts';

const empty = new Uint8Array(0);
const zeros = new Uint8Array(32);

/** Seals or opens messages in order. */
export class CipherState {
  readonly #crypto: CryptoProvider;
  readonly #suite: NoiseSuite;
  readonly #nonce = new Uint8Array(12);
  readonly #view = new DataView(this.#nonce.buffer);
  #aead: Aead;
  #counter = 0;

  constructor(crypto: CryptoProvider, suite: NoiseSuite, key: Uint8Array) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#aead = crypto.aead(suite.cipher, key);
  }

  /** Messages sealed or opened so far. */
  get counter(): number {
    return this.#counter;
  }

  /** Ciphertext with its tag. */
  seal(plaintext: Uint8Array, associated: Uint8Array = empty): Bytes {
    const sealed = this.#aead.seal(this.#nonceOf(this.#counter), associated, plaintext);
    this.#counter += 1;
    return sealed;
  }

  /** Plaintext; undefined when it was not sealed as the next message, and then the counter stays. */
  open(ciphertext: Uint8Array, associated: Uint8Array = empty): Bytes | undefined {
    const opened = this.#aead.open(this.#nonceOf(this.#counter), associated, ciphertext);
    if (opened !== undefined) this.#counter += 1;
    return opened;
  }

  /** Replaces the key by one that does not lead back to it; the counter goes on (section 4.2, REKEY). */
  rekey(): void {
    const key = this.#aead.seal(this.#nonceOf(undefined), empty, zeros).subarray(0, 32);
    this.#aead = this.#crypto.aead(this.#suite.cipher, key);
  }

  /** Section 12: 32 zero bits, then the counter; `undefined` stands for the reserved largest counter. */
  #nonceOf(counter: number | undefined): Uint8Array {
    if (counter === undefined) {
      this.#nonce.fill(0xff, 4);
      return this.#nonce;
    }
    // 2^53 records are out of reach; the check makes a repeated nonce impossible rather than unlikely.
    if (!Number.isSafeInteger(counter + 1)) {
      throw new MeshError('LIMIT_EXCEEDED', { what: 'a key', limit: '2^53 records', got: counter });
    }
    const { bigEndianNonce } = this.#suite;
    const [high, low] = [Math.floor(counter / 2 ** 32), counter >>> 0];
    this.#view.setUint32(bigEndianNonce ? 4 : 8, high, !bigEndianNonce);
    this.#view.setUint32(bigEndianNonce ? 8 : 4, low, !bigEndianNonce);
    return this.#nonce;
  }
}

/** HKDF as Noise defines it (section 4.3): two or three keys of the hash's length. */
export function hkdf(
  crypto: CryptoProvider,
  { hash, hashLength }: NoiseSuite,
  chainingKey: Uint8Array,
  material: Uint8Array,
  outputs: 2 | 3,
): readonly [Bytes, Bytes, Bytes] {
  const keys = crypto.hkdf(hash, chainingKey, material, outputs * hashLength);
  const key = (n: number): Bytes => keys.subarray(n * hashLength, (n + 1) * hashLength);
  return [key(0), key(1), key(2)];
}
