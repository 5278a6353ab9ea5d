/**
 * The primitives in plain TypeScript (noble): for platforms without native ones, and in place of native ones that fail.
 * @module
 */

import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { blake2s } from '@noble/hashes/blake2.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, equalBytes } from '../base/bytes.ts';
import { MeshError } from '../base/errors.ts';
import type {
  AgreementKey,
  CryptoProvider,
  SignatureKeyType,
  SigningKey,
} from '../ports/crypto.ts';
import { isSoundKey, isSoundSignature } from './signature-rule.ts';

const hashes = { sha256, sha512, blake2s } as const;
const ciphers = { 'chacha20-poly1305': chacha20poly1305, 'aes-256-gcm': gcm } as const;
const { Point } = ed25519;
const curves = { 'P-256': p256, 'P-384': p384, 'P-521': p521, secp256k1 } as const;

/** The provider without native code. */
export const nobleCrypto: CryptoProvider = {
  name: 'noble',
  hash(name, ...parts) {
    const state = hashes[name].create();
    for (const part of parts) state.update(part);
    return Uint8Array.from(state.digest());
  },
  hmac(name, key, ...parts) {
    const state = hmac.create(hashes[name], key);
    for (const part of parts) state.update(part);
    return Uint8Array.from(state.digest());
  },
  hkdf: (name, salt, material, length) =>
    Uint8Array.from(hkdf(hashes[name], material, salt, undefined, length)),
  aead(name, key) {
    const cipher = ciphers[name];
    const secret = key32(key, name);
    return {
      seal: (nonce, associated, plaintext) =>
        Uint8Array.from(cipher(secret, nonce, associated).encrypt(plaintext)),
      open(nonce, associated, ciphertext) {
        try {
          return Uint8Array.from(cipher(secret, nonce, associated).decrypt(ciphertext));
        } catch {
          return undefined;
        }
      },
    };
  },
  agreementKey(seed) {
    const secret = key32(seed, 'X25519');
    return { publicKey: Uint8Array.from(x25519.getPublicKey(secret)), secret };
  },
  agree(key: AgreementKey, publicKey) {
    const theirs = key32(publicKey, 'X25519');
    try {
      return Uint8Array.from(x25519.getSharedSecret(key.secret as Uint8Array, theirs));
    } catch (cause) {
      throw lowOrder(cause);
    }
  },
  signingKey(seed, type = 'Ed25519') {
    if (type !== 'Ed25519') return curveKey(type, seed);
    const secret = key32(seed, type);
    return { type, publicKey: Uint8Array.from(ed25519.getPublicKey(secret)), secret };
  },
  sign({ type, secret }, message) {
    const key = secret as Uint8Array;
    const signer = type === 'Ed25519' ? ed25519 : curves[type];
    return Uint8Array.from(signer.sign(message, key));
  },
  verify(key, message, signature) {
    if (!isSoundKey(key) || !isSoundSignature(key.type, signature)) return false;
    const { type, publicKey } = key;
    if (type === 'Ed25519') return verifyCofactorless(publicKey, message, signature);
    return curves[type].verify(signature, message, publicKey, { lowS: false });
  },
};

function curveKey(type: Exclude<SignatureKeyType, 'Ed25519'>, seed: Uint8Array): SigningKey {
  const curve = curves[type];
  if (!curve.utils.isValidSecretKey(seed)) {
    throw new MeshError('KEY_INVALID', { key: type, detail: 'not a scalar of the curve' });
  }
  const publicKey = Uint8Array.from(curve.getPublicKey(seed, true));
  return { type, publicKey, secret: Uint8Array.from(seed) };
}

/** The error of an X25519 agreement that gives away nothing: the peer sent a low-order point. */
export function lowOrder(cause: unknown): MeshError {
  return new MeshError('KEY_INVALID', { key: 'X25519', detail: 'low-order point' }, { cause });
}

const order = Point.CURVE().n;

/** RFC 8032, section 5.1.7, without the cofactor: R is recomputed and compared as bytes, as OpenSSL does. */
function verifyCofactorless(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const k = littleEndian(sha512(concat(r, publicKey, message))) % order;
  const a = Point.fromBytes(publicKey, false);
  const sb = s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s);
  const ka = k === 0n ? Point.ZERO : a.multiplyUnsafe(k);
  return equalBytes(sb.subtract(ka).toBytes(), r);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** A copy of a key of 32 bytes. Providers differ on longer and shorter ones, so each asks here first. */
export function key32(bytes: Uint8Array, key: string): Bytes {
  if (bytes.length === 32) return Uint8Array.from(bytes);
  const detail = `32 bytes are needed, got ${String(bytes.length)}`;
  throw new MeshError('KEY_INVALID', { key, detail });
}
