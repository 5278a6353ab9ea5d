/**
 * WebCrypto's names for kinds of keys (W3C Web Cryptography Level 2).
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { hashNames } from '../../../base/signature-kinds.ts';
import type { SignatureKeyType } from '../../../ports/crypto.ts';

/** Kinds of keys that WebCrypto knows. */
export const webKeyTypes = ['Ed25519', 'P-256', 'P-384', 'P-521'] as const;

/** A kind of key that WebCrypto knows. */
export type WebKeyType = (typeof webKeyTypes)[number];

/** The names of a kind of key, and of signing with it. */
export function webAlgorithm(type: SignatureKeyType): {
  readonly key: { readonly name: string; readonly namedCurve?: string };
  readonly use: { readonly name: string; readonly hash?: string };
} {
  const hash = hashNames[type];
  if (hash === undefined) return { key: { name: type }, use: { name: type } };
  return { key: { name: 'ECDSA', namedCurve: type }, use: { name: 'ECDSA', hash } };
}

/** The signature of `message` under a key of WebCrypto, which writes ECDSA as JWS does. */
export async function webSign(
  type: SignatureKeyType,
  key: CryptoKey,
  message: Bytes,
): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(webAlgorithm(type).use, key, message));
}
