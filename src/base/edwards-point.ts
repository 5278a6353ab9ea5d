/**
 * Points of edwards25519, as far as public keys of others need looking at. Nothing here is secret, so nothing here takes care
 * to run in constant time. Sources: RFC 8032, section 5.1; RFC 7748, section 4.1.
 * @module
 */
import { type Bytes, toHex } from './bytes.ts';

const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** Whether `encoded` is the one encoding of a point (RFC 8032, section 5.1.3). Weak points are points. */
export function isEdwardsPoint(encoded: Uint8Array): boolean {
  if (encoded.length !== 32) return false;
  const y = ordinate(encoded);
  if (y >= p) return false;
  // -x² + y² = 1 + dx²y², so x² = (y² - 1) / (dy² + 1); a fraction is a square when the product is one.
  const over = modulo(y * y - 1n);
  const under = modulo(d * y * y + 1n);
  // x = 0 has no other sign.
  if (over === 0n) return encoded[31]! >> 7 === 0;
  return power(modulo(over * under), (p - 1n) / 2n) === 1n;
}

/**
 * The X25519 public key of the same secret: u = (1 + y) / (1 - y). Undefined for what is no point, and for y = 1, which has
 * no image.
 */
export function montgomeryOf(ed25519: Uint8Array): Bytes | undefined {
  if (!isEdwardsPoint(ed25519)) return undefined;
  const y = ordinate(ed25519);
  if (y === 1n) return undefined;
  return littleEndian(modulo((1n + y) * power(modulo(1n - y), p - 2n)));
}

/** The y of an encoding, whose highest bit is the sign of x. */
function ordinate(encoded: Uint8Array): bigint {
  const bigEndian = Uint8Array.from(encoded).reverse();
  bigEndian[0]! &= 0x7f;
  return BigInt(`0x${toHex(bigEndian)}`);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % p;
    if (bit === '1') result = (result * base) % p;
  }
  return result;
}

function modulo(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

function littleEndian(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}
