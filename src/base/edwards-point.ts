/**
 * Points of edwards25519, as far as public keys of others need looking at. Nothing here is secret, so nothing here takes care
 * to run in constant time. Sources: RFC 8032, sections 5.1.3 and 5.1.4; RFC 7748, section 4.1.
 * @module
 */
import { type Bytes, toHex } from './bytes.ts';

const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** A square root of -1. */
const i = power(2n, (p - 1n) / 4n);
/** The order of the base point, in binary. */
const order = (2n ** 252n + 27742317777372353535851937790883648493n).toString(2);

/** A point in extended coordinates: x = X / Z, y = Y / Z, T = XY / Z. */
type Point = readonly [X: bigint, Y: bigint, Z: bigint, T: bigint];

/** Whether `encoded` is the one encoding of a point (RFC 8032, section 5.1.3). Weak points are points. */
export function isEdwardsPoint(encoded: Uint8Array): boolean {
  return decode(encoded) !== undefined;
}

/**
 * Whether `encoded` is the one encoding of a point of the subgroup of prime order other than its identity. All others are weak:
 * of small order, or with a part of small order added, on which verifiers differ.
 */
export function isPrimeOrderPoint(encoded: Uint8Array): boolean {
  const point = decode(encoded);
  if (point === undefined || point[0] === 0n) return false;
  let sum = point;
  for (const bit of order.slice(1)) {
    sum = add(sum, sum);
    if (bit === '1') sum = add(sum, point);
  }
  return sum[0] === 0n && sum[1] === sum[2];
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

/** The point of its encoding; undefined for every other text of 32 bytes (RFC 8032, section 5.1.3). */
function decode(encoded: Uint8Array): Point | undefined {
  if (encoded.length !== 32) return undefined;
  const y = ordinate(encoded);
  if (y >= p) return undefined;
  // -x² + y² = 1 + dx²y², so x² = u / v; a root is found with one power, up to the factor i.
  const u = modulo(y * y - 1n);
  const v = modulo(d * y * y + 1n);
  const v3 = modulo(v * v * v);
  let x = modulo(u * v3 * power(modulo(u * v3 * v3 * v), (p - 5n) / 8n));
  const found = modulo(v * x * x);
  if (found === modulo(-u)) x = modulo(x * i);
  else if (found !== u) return undefined;
  const sign = encoded[31]! >> 7;
  // x = 0 has no other sign.
  if (x === 0n) return sign === 0 ? [0n, y, 1n, 0n] : undefined;
  if (Number(x & 1n) !== sign) x = p - x;
  return [x, y, 1n, modulo(x * y)];
}

/** RFC 8032, section 5.1.4: holds for all points, the same one twice too. */
function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = (y1 - x1) * (y2 - x2);
  const b = (y1 + x1) * (y2 + x2);
  const c = 2n * d * modulo(t1 * t2);
  const s = 2n * z1 * z2;
  const [e, f, g, h] = [modulo(b - a), modulo(s - c), modulo(s + c), modulo(b + a)];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
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
