/**
 * Cryptographic primitives. Native on Node, WebCrypto and noble elsewhere; the same verdict everywhere.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';

/** A value, or a promise of it where the platform's primitive is asynchronous. */
export type Awaitable<T> = T | Promise<T>;

/** Hash functions of the Noise framework and of multihash. */
export type HashName = 'sha256' | 'sha512' | 'blake2s';

/** Authenticated ciphers with a 256-bit key, a 96-bit nonce and a 128-bit tag. */
export type AeadName = 'chacha20-poly1305' | 'aes-256-gcm';

/** One key, ready for use; the platform's key object is made once. */
export interface Aead {
  /** Ciphertext followed by its tag. */
  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Bytes;
  /** Plaintext, or undefined when the tag does not match. */
  open(nonce: Uint8Array, associated: Uint8Array, ciphertext: Uint8Array): Bytes | undefined;
}

/** An X25519 key pair; `secret` is opaque to everyone but its provider. */
export interface AgreementKey {
  readonly publicKey: Bytes;
  readonly secret: unknown;
}

/** Kinds of keys that sign: Ed25519 (RFC 8032), the NIST curves (FIPS 186-5) and secp256k1 (SEC 2). */
export type SignatureKeyType = 'Ed25519' | 'P-256' | 'P-384' | 'P-521' | 'secp256k1';

/** A public key by value. */
export interface PublicKey {
  readonly type: SignatureKeyType;
  /** 32 bytes of RFC 8032 for Ed25519; the compressed point of SEC 1, section 2.3.3, for the others. */
  readonly publicKey: Uint8Array;
}

/** A key pair that signs; `secret` is opaque to everyone but its provider. */
export interface SigningKey extends PublicKey {
  readonly publicKey: Bytes;
  readonly secret: unknown;
}

/** The primitives the house is built on. */
export interface CryptoProvider {
  readonly name: string;
  /** Hash of the concatenated `parts`. */
  hash(name: HashName, ...parts: readonly Uint8Array[]): Bytes;
  /** HMAC (RFC 2104) of the concatenated `parts`. */
  hmac(name: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes;
  /** `length` bytes of HKDF (RFC 5869) without info: what Noise, section 4.3, calls HKDF. */
  hkdf(name: HashName, salt: Uint8Array, material: Uint8Array, length: number): Bytes;
  /** An authenticated cipher under a 32-byte `key`. */
  aead(name: AeadName, key: Uint8Array): Aead;
  /** X25519 key pair (RFC 7748) from 32 secret bytes. */
  agreementKey(seed: Uint8Array): AgreementKey;
  /** X25519 shared secret; `KEY_INVALID` for a low-order public key. */
  agree(key: AgreementKey, publicKey: Uint8Array): Bytes;
  /** Key pair from its secret: 32 bytes for Ed25519 (RFC 8032), else the big-endian scalar. Default type Ed25519. */
  signingKey(seed: Uint8Array, type?: SignatureKeyType): SigningKey;
  /**
   * The same as `signingKey` where the platform's own arithmetic answers later; the house asks here first. Default: `signingKey`.
   */
  keyPair?(seed: Uint8Array, type?: SignatureKeyType): Promise<SigningKey>;
  /** Signature as JWS writes it (RFC 8032; RFC 7518, section 3.4: r and s, each as long as the curve's order). */
  sign(key: SigningKey, message: Uint8Array): Awaitable<Bytes>;
  /**
   * Whether `signature` holds under the strict rule: canonical encodings; for Ed25519 no small-order key or R and the
   * cofactorless equation; for secp256k1 the low S only (BIP 62), so that nobody makes a second signature out of one.
   */
  verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  /**
   * Loads what was left out so far. Until then `sign`, `verify`, `keyPair` and SHA-256 answer, and the rest throws `NOT_STARTED`.
   * Default: nothing is left out.
   */
  complete?(): Promise<void>;
}
