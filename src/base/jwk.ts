/**
 * Public keys as JSON Web Keys, and back. Nothing here computes with a key: whether a point lies on its curve is asked
 * where keys are imported, except that both coordinates of a point must belong together, which only the JWK can tell.
 * Sources: RFC 7517; RFC 7518, section 6.2; RFC 8037, section 2; RFC 8812, section 3.
 * @module
 */
import { type Bytes, concat, fromBase64url, toHex } from './bytes.ts';
import { MeshError } from './errors.ts';
import type { KeyType } from './multiformat.ts';

/** A public key as JWK. Members that are not the key itself (`kid`, `alg`, `use`, ...) are kept as they came. */
export interface PublicJwk {
  readonly kty: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly kid?: string;
  readonly key_ops?: readonly string[];
}

/** A public key and its kind: raw bytes for Ed25519 and X25519, a compressed SEC 1 point otherwise. */
export interface TypedKey {
  readonly type: KeyType;
  readonly publicKey: Bytes;
}

interface Curve {
  readonly bytes: number;
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
}

// y^2 = x^3 + ax + b over p: SEC 2 v2, sections 2.4.1 (secp256k1), 2.4.2, 2.5.1 and 2.6.1.
const p256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const p384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const p521 = 2n ** 521n - 1n;
const curves: Readonly<Record<string, Curve>> = {
  secp256k1: { bytes: 32, p: 2n ** 256n - 2n ** 32n - 977n, a: 0n, b: 7n },
  'P-256': {
    bytes: 32,
    p: p256,
    a: p256 - 3n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    bytes: 48,
    p: p384,
    a: p384 - 3n,
    b: BigInt(
      '0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    ),
  },
  'P-521': {
    bytes: 66,
    p: p521,
    a: p521 - 3n,
    b: BigInt(
      '0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00',
    ),
  },
};

/** The key in `jwk`; `KEY_INVALID` for a private key, an unknown kind, or coordinates that are no point of the curve. */
export function fromJwk(jwk: PublicJwk): TypedKey {
  if ('d' in jwk || 'k' in jwk) throw unusable(jwk, 'it shows a secret');
  const { kty, crv = '' } = jwk;
  if (kty === 'OKP' && (crv === 'Ed25519' || crv === 'X25519')) {
    return { type: crv, publicKey: coordinate(jwk, 'x', 32) };
  }
  const curve = kty === 'EC' && Object.hasOwn(curves, crv) ? curves[crv] : undefined;
  if (curve === undefined) throw unusable(jwk, `unknown kind '${kty}' with curve '${crv}'`);
  const x = coordinate(jwk, 'x', curve.bytes);
  const y = coordinate(jwk, 'y', curve.bytes);
  if (!isOnCurve(x, y, curve)) throw unusable(jwk, `not a point of ${crv}`);
  return { type: crv as KeyType, publicKey: compressed(x, y) };
}

/** SEC 1, section 2.3.3: the x coordinate after a byte that says whether y is odd. */
function compressed(x: Bytes, y: Bytes): Bytes {
  return concat(Uint8Array.of(2 + (y.at(-1)! & 1)), x);
}

function coordinate(jwk: PublicJwk, member: 'x' | 'y', length: number): Bytes {
  const text = jwk[member];
  if (typeof text === 'string' && text.length <= 128) {
    const bytes = decoded(text, jwk);
    if (bytes.length === length) return bytes;
  }
  throw unusable(jwk, `'${member}' must have ${String(length)} bytes`);
}

function decoded(text: string, jwk: PublicJwk): Bytes {
  try {
    return fromBase64url(text);
  } catch (cause) {
    throw unusable(jwk, 'not base64url', cause);
  }
}

function isOnCurve(xBytes: Bytes, yBytes: Bytes, { p, a, b }: Curve): boolean {
  const [x, y] = [BigInt(`0x${toHex(xBytes)}`), BigInt(`0x${toHex(yBytes)}`)];
  return x < p && y < p && (y * y - (x * x * x + a * x + b)) % p === 0n;
}

function unusable(jwk: PublicJwk, detail: string, cause?: unknown): MeshError {
  return new MeshError('KEY_INVALID', { key: `${jwk.kty} ${jwk.crv ?? ''}`, detail }, { cause });
}
