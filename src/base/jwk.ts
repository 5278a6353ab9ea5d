/**
 * Public keys as JSON Web Keys, and back; and the thumbprint that names a key.
 * Sources: RFC 7517; RFC 7518, section 6.2; RFC 7638; RFC 8037, section 2; RFC 8812, section 3; RFC 9864.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, fromBase64url, toBase64url } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';
import { compressed, coordinateLength, decompress, isCurveName, isOnCurve } from './curve-point.ts';
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

/** The same from anybody, in bytes that may lie elsewhere. */
type AnyKey = Pick<TypedKey, 'type'> & { readonly publicKey: Uint8Array };

/**
 * The key in `jwk`; `KEY_INVALID` for a private key, an unknown kind, coordinates of another length than the curve's or that are no
 * point of it, and a key that says it is for something else (`use`, `key_ops`, `alg`).
 */
export function fromJwk(jwk: PublicJwk): TypedKey {
  if ('d' in jwk || 'k' in jwk) throw unusable(jwk, 'it shows a secret');
  const key = keyIn(jwk);
  checkPurpose(jwk, key.type);
  return key;
}

/** The JWK of a key: its required members alone. `KEY_INVALID` when its bytes are no key of its kind. */
export function toJwk({ type, publicKey }: AnyKey): PublicJwk {
  if (type === 'Ed25519' || type === 'X25519') {
    if (publicKey.length !== 32) throw unusable({ kty: 'OKP', crv: type }, '32 bytes are needed');
    return { kty: 'OKP', crv: type, x: toBase64url(publicKey) };
  }
  const point = decompress(type, publicKey);
  if (point === undefined) throw unusable({ kty: 'EC', crv: type }, 'not a compressed point');
  return { kty: 'EC', crv: type, x: toBase64url(point.x), y: toBase64url(point.y) };
}

/**
 * The name of a key by its value, in base64url: RFC 7638 with SHA-256, over the members that section 3.2 and RFC 8037,
 * section 2, require. Of a JWK that is not a key of this SDK, such as one for RSA, the name is as good.
 */
export function thumbprintOf(key: PublicJwk | AnyKey): string {
  const jwk = 'type' in key ? toJwk(key) : key;
  const members = required.get(jwk.kty) ?? [];
  const named = members.map((name) => [name, Reflect.get(jwk, name)] as const);
  if (members.length === 0 || !named.every(([, value]) => typeof value === 'string')) {
    throw unusable(jwk, 'a member that its kind requires is missing');
  }
  // RFC 8785 orders and writes these members just as RFC 7638, section 3.3, does.
  return toBase64url(sha256(canonicalBytes(Object.fromEntries(named))));
}

const required: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
]);

function keyIn(jwk: PublicJwk): TypedKey {
  const { kty, crv = '' } = jwk;
  if (kty === 'OKP' && (crv === 'Ed25519' || crv === 'X25519')) {
    return { type: crv, publicKey: coordinate(jwk, 'x', 32) };
  }
  if (kty !== 'EC' || !isCurveName(crv)) {
    throw unusable(jwk, `unknown kind '${kty}' with curve '${crv}'`);
  }
  const length = coordinateLength(crv);
  const point = { x: coordinate(jwk, 'x', length), y: coordinate(jwk, 'y', length) };
  if (!isOnCurve(crv, point)) throw unusable(jwk, `not a point of ${crv}`);
  return { type: crv, publicKey: compressed(point) };
}

/** Names of the algorithm that a key of the kind signs with; agreement has none here. */
const algorithms: Readonly<Record<KeyType, readonly string[]>> = {
  Ed25519: ['EdDSA', 'Ed25519'],
  X25519: [],
  'P-256': ['ES256', 'ESP256'],
  'P-384': ['ES384', 'ESP384'],
  'P-521': ['ES512', 'ESP512'],
  secp256k1: ['ES256K'],
};

/** RFC 7517, sections 4.2 to 4.4: what a key says it is for binds whoever uses it. */
function checkPurpose(jwk: PublicJwk, type: KeyType): void {
  if (type === 'X25519') return;
  const { use = 'sig', key_ops: operations = ['verify'], alg } = jwk;
  if (use !== 'sig') throw unusable(jwk, "its 'use' is not 'sig'");
  if (!Array.isArray(operations) || !operations.includes('verify')) {
    throw unusable(jwk, "its 'key_ops' do not name 'verify'");
  }
  if (alg !== undefined && !algorithms[type].includes(alg)) {
    throw unusable(jwk, `its 'alg' is not ${algorithms[type][0]!}`);
  }
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

function unusable(jwk: PublicJwk, detail: string, cause?: unknown): MeshError {
  return new MeshError('KEY_INVALID', { key: `${jwk.kty} ${jwk.crv ?? ''}`, detail }, { cause });
}
