import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { isEdwardsPoint, isPrimeOrderPoint, montgomeryOf } from '../../src/base/edwards-point.ts';

function nobleSays(encoded: Uint8Array): boolean {
  try {
    ed25519.Point.fromBytes(encoded);
    return true;
  } catch {
    return false;
  }
}

const p = 2n ** 255n - 19n;
const encoded = (y: bigint, sign = 0n) =>
  Uint8Array.from({ length: 32 }, (_, i) =>
    Number(((y | (sign << 255n)) >> BigInt(8 * i)) & 0xffn),
  );

describe('a point of edwards25519', () => {
  it('is what noble takes for one, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(isEdwardsPoint(bytes)).toBe(nobleSays(bytes));
      }),
    );
  });

  it.each([
    ['y = 1', encoded(1n), true],
    ['y = 1 with the sign of -0', encoded(1n, 1n), false],
    ['y = -1', encoded(p - 1n), true],
    ['y = 0', encoded(0n), true],
    ['y = p, not reduced', encoded(p), false],
    ['y = p + 1, not reduced', encoded(p + 1n), false],
    ['31 bytes', new Uint8Array(31), false],
    ['no bytes', new Uint8Array(0), false],
  ])('is judged at the edge: %s', (_, bytes, expected) => {
    expect(isEdwardsPoint(bytes)).toBe(expected);
    if (bytes.length === 32) expect(nobleSays(bytes)).toBe(expected);
  });

  it('has the Montgomery form that noble computes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const key = ed25519.getPublicKey(seed);
        expect(toHex(montgomeryOf(key)!)).toBe(toHex(ed25519.utils.toMontgomery(key)));
      }),
      { numRuns: 30 },
    );
  });

  it('has none for y = 1 and for what is no point', () => {
    expect(montgomeryOf(encoded(1n))).toBeUndefined();
    expect(montgomeryOf(encoded(p))).toBeUndefined();
    expect(montgomeryOf(new Uint8Array(3))).toBeUndefined();
  });
});

describe('a point of prime order', () => {
  const { Point } = ed25519;
  const small = fc.nat({ max: 7 });
  const of8 = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
  const nobleTakes = (bytes: Uint8Array): boolean => {
    const point = Point.fromBytes(bytes);
    return !point.isSmallOrder() && point.isTorsionFree();
  };

  it('is what noble takes for one: a multiple of the base point, with nothing of small order added', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), small, (times, torsion) => {
        const honest = times === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(times);
        const weak = torsion === 0 ? Point.ZERO : of8.multiplyUnsafe(BigInt(torsion));
        const bytes = honest.add(weak).toBytes();
        expect(isPrimeOrderPoint(bytes)).toBe(nobleTakes(bytes));
        expect(isPrimeOrderPoint(bytes)).toBe(times !== 0n && torsion === 0);
      }),
    );
  });

  it('is the public key of every seed, and no other text than its encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(isPrimeOrderPoint(ed25519.getPublicKey(bytes))).toBe(true);
        expect(isPrimeOrderPoint(bytes)).toBe(nobleSays(bytes) && nobleTakes(bytes));
      }),
      { numRuns: 50 },
    );
  });
});
