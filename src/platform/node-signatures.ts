/**
 * Signatures of node:crypto: keys as KeyObjects, ECDSA in the form of JWS.
 * @module
 */
import * as crypto from 'node:crypto';
import { type Bytes, fromHex } from '../base/bytes.ts';
import { MeshError } from '../base/errors.ts';
import type { SignatureKeyType, SigningKey } from '../ports/crypto.ts';
import { fromDer, toDer } from './ecdsa-der.ts';
import { privateKeyObject, publicHalf, publicKeyObject } from './node-keys.ts';
import { secretLength, withLowS } from './signature-rule.ts';
import type { NativeSignatures } from './strict-verifier.ts';

interface Kind {
  /** OpenSSL's name of the curve; Ed25519 has none. */
  readonly curve?: string;
  /** RFC 7518, section 3.4, and RFC 8812, section 3.2: ES256, ES384, ES512, ES256K. Ed25519 hashes by itself. */
  readonly hash: string | null;
  /** DER before the public key: RFC 8410 for Ed25519, RFC 5480 for uncompressed points. */
  readonly publicHead: Bytes;
  /** DER before and after the secret: PKCS #8 of RFC 8410 for Ed25519, RFC 5915 without its public key for the others. */
  readonly secretHead: Bytes;
  readonly secretTail: Bytes;
}

const none = new Uint8Array(0);

const kinds: Readonly<Record<SignatureKeyType, Kind>> = {
  Ed25519: {
    hash: null,
    publicHead: fromHex('302a300506032b6570032100'),
    secretHead: fromHex('302e020100300506032b657004220420'),
    secretTail: none,
  },
  'P-256': {
    curve: 'prime256v1',
    hash: 'sha256',
    publicHead: fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
    secretHead: fromHex('30310201010420'),
    secretTail: fromHex('a00a06082a8648ce3d030107'),
  },
  'P-384': {
    curve: 'secp384r1',
    hash: 'sha384',
    publicHead: fromHex('3076301006072a8648ce3d020106052b81040022036200'),
    secretHead: fromHex('303e0201010430'),
    secretTail: fromHex('a00706052b81040022'),
  },
  'P-521': {
    curve: 'secp521r1',
    hash: 'sha512',
    publicHead: fromHex('30819b301006072a8648ce3d020106052b8104002303818600'),
    secretHead: fromHex('30500201010442'),
    secretTail: fromHex('a00706052b81040023'),
  },
  secp256k1: {
    curve: 'secp256k1',
    hash: 'sha256',
    publicHead: fromHex('3056301006072a8648ce3d020106052b8104000a034200'),
    secretHead: fromHex('302e0201010420'),
    secretTail: fromHex('a00706052b8104000a'),
  },
};

/** How keys of node:crypto verify. */
export const nodeSignatures: NativeSignatures<crypto.KeyObject> = {
  importKey: ({ type, publicKey }) => {
    const { curve, publicHead } = kinds[type];
    // OpenSSL verifies a sixth slower with a key that was read from its compressed form.
    const point = curve === undefined ? publicKey : uncompressed(publicKey, curve);
    return publicKeyObject(publicHead, point);
  },
  verify: (type, key, message, signature) => {
    const { hash } = kinds[type];
    return crypto.verify(hash, message, key, hash === null ? signature : toDer(signature));
  },
};

/** The key pair behind a secret; `KEY_INVALID` when it has another length or is no scalar of the curve. */
export function nodeSigningKey(seed: Uint8Array, type: SignatureKeyType): SigningKey {
  const { curve, secretHead, secretTail } = kinds[type];
  if (seed.length !== secretLength(type)) throw noSecret(type, seed.length);
  const parts = [secretHead, seed, secretTail] as const;
  if (curve === undefined) {
    const secret = privateKeyObject('PRIVATE KEY', ...parts);
    return { type, publicKey: plain(publicHalf(secret)), secret };
  }
  const pair = crypto.createECDH(curve);
  try {
    pair.setPrivateKey(seed);
  } catch (cause) {
    const detail = 'not a scalar of the curve';
    throw new MeshError('KEY_INVALID', { key: type, detail }, { cause });
  }
  const publicKey = plain(pair.getPublicKey(null, 'compressed'));
  return { type, publicKey, secret: privateKeyObject('EC PRIVATE KEY', ...parts) };
}

/** The signature of `message`, with the low s on secp256k1. */
export function nodeSign({ type, secret }: SigningKey, message: Uint8Array): Bytes {
  const key = secret as crypto.KeyObject;
  const { hash } = kinds[type];
  if (hash === null) return plain(crypto.sign(null, message, key));
  const signature = fromDer(crypto.sign(hash, message, key), secretLength(type));
  return type === 'secp256k1' ? withLowS(signature) : signature;
}

function uncompressed(point: Uint8Array, curve: string): Uint8Array {
  return crypto.ECDH.convertKey(point, curve, undefined, undefined, 'uncompressed') as Buffer;
}

function noSecret(key: SignatureKeyType, length: number): MeshError {
  const detail = `${String(secretLength(key))} bytes are needed, got ${String(length)}`;
  return new MeshError('KEY_INVALID', { key, detail });
}

/** A Buffer's bytes as a plain Uint8Array, without a copy. */
export function plain(buffer: Buffer): Bytes {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
