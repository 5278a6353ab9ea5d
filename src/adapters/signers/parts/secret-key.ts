/**
 * A key made of its secret, wherever WebCrypto or plain TypeScript runs.
 * @module
 */
import { type Bytes, toBase64url } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import { toJwk } from '../../../base/jwk.ts';
import { loadOnce } from '../../../base/load-once.ts';
import { secretLengths } from '../../../base/signature-kinds.ts';
import type { SignatureKeyType } from '../../../ports/crypto.ts';
import type { OwnKey } from './signer-of.ts';
import { webAlgorithm, webSign } from './web-algorithm.ts';

/** What is used of a curve of noble. */
interface Curve {
  readonly utils: {
    randomSecretKey(): Uint8Array;
    isValidSecretKey?(secret: Uint8Array): boolean;
  };
  getPublicKey(secret: Uint8Array): Uint8Array;
  sign(message: Uint8Array, secret: Uint8Array): Uint8Array;
}

const loadEdwards = loadOnce(() => import('@noble/curves/ed25519.js'));
const loadNist = loadOnce(() => import('@noble/curves/nist.js'));
const loadKoblitz = loadOnce(() => import('@noble/curves/secp256k1.js'));

/** A new secret, from the platform's source of randomness. */
export async function newSecret(type: SignatureKeyType): Promise<Bytes> {
  return Uint8Array.from((await curveOf(type)).utils.randomSecretKey());
}

/**
 * The key behind `secret`. WebCrypto holds it, unreadable, where it knows the kind; otherwise this module's closure does.
 * `KEY_INVALID` when the secret has another length or is no scalar of the curve; it is not shown.
 */
export async function secretKey(type: SignatureKeyType, secret: Uint8Array): Promise<OwnKey> {
  const own = Uint8Array.from(secret);
  const curve = await curveOf(type);
  if (own.length !== secretLengths[type]) {
    const detail = `a secret of ${String(secretLengths[type])} bytes is needed`;
    throw new MeshError('KEY_INVALID', { key: type, detail });
  }
  if (type !== 'Ed25519' && curve.utils.isValidSecretKey?.(own) !== true) {
    throw new MeshError('KEY_INVALID', { key: type, detail: 'not a scalar of the curve' });
  }
  const publicKey = Uint8Array.from(curve.getPublicKey(own));
  const held = await heldByPlatform(type, publicKey, own);
  if (held === undefined) {
    const sign = (message: Bytes): Promise<Bytes> =>
      Promise.resolve(Uint8Array.from(curve.sign(message, own)));
    return { type, publicKey, sign };
  }
  own.fill(0);
  return { type, publicKey, sign: (message) => webSign(type, held, message) };
}

/** The key in WebCrypto; undefined where it does not know the kind. */
async function heldByPlatform(
  type: SignatureKeyType,
  publicKey: Bytes,
  secret: Bytes,
): Promise<CryptoKey | undefined> {
  if (type === 'secp256k1') return undefined;
  const jwk = { ...toJwk({ type, publicKey }), d: toBase64url(secret) } as JsonWebKey;
  try {
    return await crypto.subtle.importKey('jwk', jwk, webAlgorithm(type).key, false, ['sign']);
  } catch {
    return undefined;
  }
}

async function curveOf(type: SignatureKeyType): Promise<Curve> {
  if (type === 'Ed25519') return (await loadEdwards()).ed25519;
  if (type === 'secp256k1') return (await loadKoblitz()).secp256k1;
  const { p256, p384, p521 } = await loadNist();
  return { 'P-256': p256, 'P-384': p384, 'P-521': p521 }[type];
}
