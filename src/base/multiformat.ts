/**
 * Self-describing bytes: multibase text, multicodec keys, multihash digests and CIDs.
 * Sources: the multiformats registry; W3C Controlled Identifiers 1.0, section 2.4 (Multikey).
 * @module
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { base32 } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { type Bytes, concat } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';
import { MeshError } from './errors.ts';

/** Multicodec prefixes of the public keys the SDK knows: 0xed, 0xec, 0xe7 and 0x1200 to 0x1202 as varints. */
const keyPrefixes = {
  Ed25519: [0xed, 0x01],
  X25519: [0xec, 0x01],
  secp256k1: [0xe7, 0x01],
  'P-256': [0x80, 0x24],
  'P-384': [0x81, 0x24],
  'P-521': [0x82, 0x24],
} as const;

/** A kind of public key. */
export type KeyType = keyof typeof keyPrefixes;

// Heads as varints: a sha2-256 digest (0x12) of 32 bytes, and CIDs of version 1 of raw bytes (0x55) and of JSON (0x0200).
const digestHead = [0x12, 0x20] as const;
const rawHead = [0x01, 0x55, ...digestHead] as const;
const jsonHead = [0x01, 0x80, 0x04, ...digestHead] as const;
const maxMultibase = 256;

/** `bytes` as base58btc multibase text (`z...`). */
export function toMultibase(bytes: Uint8Array): string {
  return base58btc.encode(bytes);
}

/** Bytes of base58btc multibase text. */
export function fromMultibase(text: string, at = 'multibase'): Bytes {
  // base58 takes quadratic time, so foreign text has a bound.
  const expected = `base58btc multibase of at most ${String(maxMultibase)} characters`;
  const params = { at, expected, got: text };
  if (text.length > maxMultibase) throw new MeshError('SCHEMA_INVALID', params);
  try {
    return Uint8Array.from(base58btc.decode(text));
  } catch (cause) {
    throw new MeshError('SCHEMA_INVALID', params, { cause });
  }
}

/** Multikey text of a public key: multicodec prefix and key, in multibase. */
export function toMultikey(type: KeyType, publicKey: Uint8Array): string {
  return toMultibase(concat(Uint8Array.from(keyPrefixes[type]), publicKey));
}

/** Type and bytes of a Multikey; `KEY_INVALID` for other kinds or lengths. */
export function fromMultikey(multikey: string): { type: KeyType; publicKey: Bytes } {
  const bytes = fromMultibase(multikey, 'multikey');
  for (const type of Object.keys(keyPrefixes) as KeyType[]) {
    const prefix = keyPrefixes[type];
    if (!prefix.every((byte, i) => bytes[i] === byte)) continue;
    const publicKey = bytes.slice(prefix.length);
    if (publicKey.length !== publicKeyLengths[type]) break;
    return { type, publicKey };
  }
  throw new MeshError('KEY_INVALID', { key: multikey, detail: 'unknown kind or length' });
}

const publicKeyLengths: Readonly<Record<KeyType, number>> = {
  Ed25519: 32,
  X25519: 32,
  secp256k1: 33,
  'P-256': 33,
  'P-384': 49,
  'P-521': 67,
};

/** CIDv1 of raw bytes (sha2-256). */
export function cidOf(bytes: Uint8Array): string {
  return cidOfDigest(sha256(bytes));
}

/** CIDv1 of the raw bytes whose sha2-256 digest is `digest`, for who has a faster hash at hand. */
export function cidOfDigest(digest: Uint8Array): string {
  return base32.encode(headed(rawHead, digest));
}

/** CIDv1 of the canonical JSON of `value` (codec json, sha2-256): the name of a document by its content. */
export function cidOfJson(value: unknown): string {
  return base32.encode(headed(jsonHead, sha256(canonicalBytes(value))));
}

/** sha2-256 multihash of `bytes` as multibase text. */
export function multihashOf(bytes: Uint8Array): string {
  return toMultibase(headed(digestHead, sha256(bytes)));
}

function headed(head: readonly number[], digest: Uint8Array): Bytes {
  return concat(Uint8Array.from(head), digest);
}
