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

/** An Ed25519 key pair; `secret` is opaque to everyone but its provider. */
export interface SigningKey {
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
  /** An authenticated cipher under a 32-byte `key`. */
  aead(name: AeadName, key: Uint8Array): Aead;
  /** X25519 key pair (RFC 7748) from 32 secret bytes. */
  agreementKey(seed: Uint8Array): AgreementKey;
  /** X25519 shared secret; `KEY_INVALID` for a low-order public key. */
  agree(key: AgreementKey, publicKey: Uint8Array): Bytes;
  /** Ed25519 key pair (RFC 8032) from a 32-byte seed. */
  signingKey(seed: Uint8Array): SigningKey;
  /** 64-byte Ed25519 signature. */
  sign(key: SigningKey, message: Uint8Array): Awaitable<Bytes>;
  /** Whether `signature` holds under the strict rule: canonical encodings, no small-order key or R, cofactorless equation. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
}
