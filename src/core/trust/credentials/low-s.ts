/**
 * One form for each secp256k1 signature.
 * @module
 */

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
