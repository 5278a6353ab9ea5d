/**
 * The one form of a secp256k1 signature that is taken here.
 * @module
 */
import { type Bytes, concat, fromHex, toHex } from '../../../base/bytes.ts';

// SEC 2 v2, section 2.4.1.
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The signature with the lower of its two s (BIP 62); a token gives either. */
export function lowerS(signature: Bytes): Bytes {
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  if (2n * s < order) return signature;
  return concat(signature.subarray(0, 32), fromHex((order - s).toString(16).padStart(64, '0')));
}
