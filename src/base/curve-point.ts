/**
 * Points of the short Weierstrass curves, as far as reading and writing public keys needs them. Nothing here is secret, so
 * nothing here takes care to run in constant time.
 * Sources: SEC 1 v2, sections 2.3.3 and 2.3.4; SEC 2 v2, sections 2.4.1, 2.4.2, 2.5.1 and 2.6.1.
 * @module
 */
import { type Bytes, concat, fromHex, toHex } from './bytes.ts';

/** Curves whose keys the SDK reads: y² = x³ + ax + b modulo p. */
export type CurveName = 'P-256' | 'P-384' | 'P-521' | 'secp256k1';

/** The two coordinates, big-endian, each as long as the modulus. */
export interface Coordinates {
  readonly x: Bytes;
  readonly y: Bytes;
}

interface Curve {
  /** Bytes of a coordinate. */
  readonly bytes: number;
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
}

const curves: Readonly<Record<CurveName, Curve>> = {
  secp256k1: { bytes: 32, p: 2n ** 256n - 2n ** 32n - 977n, a: 0n, b: 7n },
  'P-256': {
    bytes: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    a: -3n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    bytes: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    a: -3n,
    b: BigInt(
      '0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    ),
  },
  'P-521': {
    bytes: 66,
    p: 2n ** 521n - 1n,
    a: -3n,
    b: BigInt(
      '0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00',
    ),
  },
};

/** Whether `name` is a curve of this file. */
export function isCurveName(name: string): name is CurveName {
  return Object.hasOwn(curves, name);
}

/** How many bytes a coordinate of the curve has. */
export function coordinateLength(curve: CurveName): number {
  return curves[curve].bytes;
}

/** Whether the coordinates are reduced and belong to a point of the curve; the point at infinity has none. */
export function isOnCurve(curve: CurveName, { x, y }: Coordinates): boolean {
  const { bytes, p } = curves[curve];
  if (x.length !== bytes || y.length !== bytes) return false;
  const [across, up] = [toNumber(x), toNumber(y)];
  return across < p && up < p && modulo(up * up - squareOfY(curves[curve], across), p) === 0n;
}

/** The compressed form of a point: its x after a byte that says whether y is odd. */
export function compressed({ x, y }: Coordinates): Bytes {
  return concat(Uint8Array.of(2 + (y.at(-1)! & 1)), x);
}

/** The coordinates of a compressed point; undefined for other forms, an x that is not reduced, and an x without a point. */
export function decompress(curve: CurveName, point: Uint8Array): Coordinates | undefined {
  const { bytes, p } = curves[curve];
  const head = point[0];
  if (point.length !== bytes + 1 || (head !== 2 && head !== 3)) return undefined;
  const x = Uint8Array.from(point.subarray(1));
  const across = toNumber(x);
  if (across >= p) return undefined;
  const square = squareOfY(curves[curve], across);
  // Each of these moduli leaves 3 when divided by 4, so a root, if there is one, is this power.
  const root = power(square, (p + 1n) / 4n, p);
  if (modulo(root * root, p) !== square) return undefined;
  const isOdd = (root & 1n) === 1n;
  const up = isOdd === (head === 3) ? root : p - root;
  return { x, y: toBytes(up, bytes) };
}

function squareOfY({ p, a, b }: Curve, x: bigint): bigint {
  return modulo(x * x * x + a * x + b, p);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function toBytes(value: bigint, length: number): Bytes {
  return fromHex(value.toString(16).padStart(2 * length, '0'));
}
