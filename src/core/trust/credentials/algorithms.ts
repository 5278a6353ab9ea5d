/**
 * Which signature algorithm belongs to which kind of key. An algorithm is never taken for a key of another kind.
 * Sources: RFC 7518, section 3.4 (ES256, ES384, ES512); RFC 8037, section 3.1 (EdDSA); RFC 8812, section 3.2 (ES256K).
 * @module
 */
import type { SignatureKeyType } from '../../../ports/crypto.ts';
import type { SignatureAlgorithm } from '../../../ports/signer.ts';

/** What is known of an algorithm. */
export interface AlgorithmFacts {
  readonly key: SignatureKeyType;
  /** Bytes of a signature. */
  readonly length: number;
}

const algorithms: Readonly<Record<SignatureAlgorithm, AlgorithmFacts>> = {
  EdDSA: { key: 'Ed25519', length: 64 },
  ES256: { key: 'P-256', length: 64 },
  ES384: { key: 'P-384', length: 96 },
  ES512: { key: 'P-521', length: 132 },
  ES256K: { key: 'secp256k1', length: 64 },
};

/** Facts of the JWS algorithm `alg`; undefined for `none` and all that is not taken. */
export function algorithmOf(alg: unknown): AlgorithmFacts | undefined {
  return typeof alg === 'string' && Object.hasOwn(algorithms, alg)
    ? algorithms[alg as SignatureAlgorithm]
    : undefined;
}

// SEC 2 v2, section 2.4.1: the order of secp256k1.
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * A secp256k1 signature with the lower of its two S (BIP 62): the one form that is taken, so that nobody makes a second
 * token out of one. HSMs give either.
 */
export function lowS(signature: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let s = 0n;
  for (const byte of signature.subarray(32)) s = (s << 8n) | BigInt(byte);
  if (s <= order / 2n) return signature;
  const low = Uint8Array.from(signature);
  let rest = order - s;
  for (let i = 63; i >= 32; i -= 1) {
    low[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return low;
}
