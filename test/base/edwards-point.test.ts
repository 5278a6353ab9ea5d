import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { isEdwardsPoint, montgomeryOf } from '../../src/base/edwards-point.ts';

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
