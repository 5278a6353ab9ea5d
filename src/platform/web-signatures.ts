/**
 * Signatures of WebCrypto (W3C Web Cryptography Level 2): Ed25519 and the NIST curves; secp256k1 it does not know.
 * @module
 */
import { type Bytes, concat, fromBase64url, fromHex, toBase64url } from '../base/bytes.ts';
import { decompress } from '../base/curve-point.ts';
import { MeshError } from '../base/errors.ts';
import { toJwk } from '../base/jwk.ts';
import type { PublicKey, SignatureKeyType } from '../ports/crypto.ts';
import type { NativeSignatures } from './strict-verifier.ts';

/** The part of SubtleCrypto that signs. */
export type SubtleSignatures = Pick<SubtleCrypto, 'importKey' | 'sign' | 'verify'> &
  Partial<Pick<SubtleCrypto, 'exportKey'>>;

const hashes: Readonly<Record<Exclude<SignatureKeyType, 'Ed25519' | 'secp256k1'>, string>> = {
  'P-256': 'SHA-256',
  'P-384': 'SHA-384',
  'P-521': 'SHA-512',
};

/** How CryptoKeys verify. */
export function webSignatures(subtle: SubtleSignatures): NativeSignatures<CryptoKey> {
  return {
    importKey: async ({ type, publicKey }) =>
      await subtle.importKey(
        'raw',
        type === 'Ed25519' ? Uint8Array.from(publicKey) : uncompressed(type, publicKey),
        algorithmOf(type).key,
        false,
        ['verify'],
      ),
    verify: (type, key, message, signature) =>
      subtle.verify(algorithmOf(type).use, key, plain(signature), plain(message)),
  };
}

/** A key that signs and cannot be read again. Rejects where the platform does not know the kind. */
export async function importSecret(
  subtle: SubtleSignatures,
  key: PublicKey,
  secret: Uint8Array,
): Promise<CryptoKey> {
  const jwk = { ...toJwk(key), d: toBase64url(secret) } as JsonWebKey;
  return await subtle.importKey('jwk', jwk, algorithmOf(key.type).key, false, ['sign']);
}

// RFC 8410, section 7: what stands before the 32 bytes of the seed.
const pkcs8Head = fromHex('302e020100300506032b657004220420');

/** The Ed25519 public key of a seed. Rejects where the platform cannot say. */
export async function derivePublicKey(subtle: SubtleSignatures, seed: Uint8Array): Promise<Bytes> {
  const pkcs8 = concat(pkcs8Head, seed);
  const key = await subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, true, ['sign']);
  const jwk = await subtle.exportKey?.('jwk', key);
  return fromBase64url(jwk?.x ?? '');
}

/** The signature of `message`, as JWS writes it. */
export async function webSign(
  subtle: SubtleSignatures,
  type: SignatureKeyType,
  key: CryptoKey,
  message: Uint8Array,
): Promise<Bytes> {
  return new Uint8Array(await subtle.sign(algorithmOf(type).use, key, plain(message)));
}

/** WebCrypto's names for a kind of key, and for signing with it. */
function algorithmOf(type: SignatureKeyType): {
  readonly key: { readonly name: string; readonly namedCurve?: string };
  readonly use: { readonly name: string; readonly hash?: string };
} {
  if (type === 'Ed25519') return { key: { name: type }, use: { name: type } };
  if (type === 'secp256k1') {
    throw new MeshError('UNSUPPORTED', { feature: type, by: 'WebCrypto' });
  }
  return {
    key: { name: 'ECDSA', namedCurve: type },
    use: { name: 'ECDSA', hash: hashes[type] },
  };
}

/** Compressed points are optional for a browser, so it gets both coordinates. */
function uncompressed(type: Exclude<SignatureKeyType, 'Ed25519'>, publicKey: Uint8Array): Bytes {
  const point = decompress(type, publicKey);
  if (point === undefined) throw new MeshError('KEY_INVALID', { key: type, detail: 'no point' });
  return concat(Uint8Array.of(4), point.x, point.y);
}

/** WebCrypto takes no view of shared memory. */
function plain(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : Uint8Array.from(bytes);
}
