/**
 * Which JWS algorithm signs with which kind of key, and the hash it takes.
 * Sources: RFC 7518, section 3.4 (ES256, ES384, ES512); RFC 8037, section 3.1 (EdDSA); RFC 8812, section 3.2 (ES256K).
 * @module
 */

/** The kind of key behind each algorithm. */
export const keyTypes = {
  EdDSA: 'Ed25519',
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  ES256K: 'secp256k1',
} as const;

type Algorithm = keyof typeof keyTypes;
type Kind = (typeof keyTypes)[Algorithm];

/** The algorithm of each kind of key. */
export const algorithms = Object.fromEntries(
  Object.entries(keyTypes).map(([algorithm, type]) => [type, algorithm]),
) as {
  readonly [K in Kind]: { [A in Algorithm]: (typeof keyTypes)[A] extends K ? A : never }[Algorithm];
};

/** Bytes of a secret key: the seed of RFC 8032, or as many as the order of the curve has. A signature has twice as many. */
export const secretLengths: Readonly<Record<Kind, number>> = {
  Ed25519: 32,
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  secp256k1: 32,
};

/** What a JWS algorithm asks for. */
export interface AlgorithmFacts {
  readonly key: Kind;
  /** Bytes of a signature. */
  readonly length: number;
}

/** What the JWS algorithm `alg` asks of its key and its signature; undefined for `none` and all that is not taken. */
export function algorithmOf(alg: unknown): AlgorithmFacts | undefined {
  if (typeof alg !== 'string' || !Object.hasOwn(keyTypes, alg)) return undefined;
  const key = keyTypes[alg as Algorithm];
  return { key, length: 2 * secretLengths[key] };
}

/** WebCrypto's name of the hash; Ed25519 hashes by itself. */
export const hashNames: Readonly<Record<Kind, 'SHA-256' | 'SHA-384' | 'SHA-512' | undefined>> = {
  Ed25519: undefined,
  'P-256': 'SHA-256',
  'P-384': 'SHA-384',
  'P-521': 'SHA-512',
  secp256k1: 'SHA-256',
};
