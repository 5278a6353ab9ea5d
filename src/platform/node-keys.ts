/**
 * KeyObjects of node:crypto from the bytes of a key. They go in as PEM text (RFC 7468): whatever is an object, node:crypto 24
 * tests for being a key already by catching the error that it is none, and four of those take three times as long as the key.
 * @module
 */
import * as crypto from 'node:crypto';
import { concat } from '../base/bytes.ts';

/** What a private key stands in: PKCS #8 (RFC 5958), or SEC 1 (RFC 5915). */
type PrivateKeyForm = 'PRIVATE KEY' | 'EC PRIVATE KEY';

/** The public key with the DER `parts` of its SubjectPublicKeyInfo (RFC 5280, section 4.1). */
export function publicKeyObject(...parts: readonly Uint8Array[]): crypto.KeyObject {
  return crypto.createPublicKey(pem('PUBLIC KEY', parts));
}

/** The private key with the DER `parts` of `form`. */
export function privateKeyObject(
  form: PrivateKeyForm,
  ...parts: readonly Uint8Array[]
): crypto.KeyObject {
  return crypto.createPrivateKey(pem(form, parts));
}

/**
 * The public half of an Ed25519 or X25519 key. Read from the JWK: making a public KeyObject just to export it takes twenty
 * times as long.
 */
export function publicHalf(secret: crypto.KeyObject): Buffer {
  return Buffer.from(secret.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function pem(label: string, parts: readonly Uint8Array[]): string {
  const body = Buffer.from(concat(...parts).buffer).toString('base64');
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}
