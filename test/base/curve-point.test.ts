import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../src/base/bytes.ts';
import {
  type CurveName,
  compressed,
  coordinateLength,
  decompress,
  isCurveName,
  isOnCurve,
} from '../../src/base/curve-point.ts';

const judges = { 'P-256': p256, 'P-384': p384, 'P-521': p521, secp256k1 } as const;
const names = Object.keys(judges) as CurveName[];

describe.each(names)('points of %s', (name) => {
  const { Point, utils } = judges[name];
  const length = coordinateLength(name);

  it('are read and written as noble does', () => {
    for (let i = 0; i < 16; i += 1) {
      const point = Point.BASE.multiply(
        BigInt(`0x${toHex(utils.randomSecretKey())}`) % Point.Fn.ORDER,
      );
      const short = point.toBytes(true);
      const coordinates = decompress(name, short)!;
      expect(toHex(concat(Uint8Array.of(4), coordinates.x, coordinates.y))).toBe(
        point.toHex(false),
      );
      expect(compressed(coordinates)).toEqual(short);
      expect(isOnCurve(name, coordinates)).toBe(true);
      expect(isOnCurve(name, { x: coordinates.x, y: coordinates.x })).toBe(false);
    }
  });

  it('are those that noble takes, for any bytes', () => {
    const head = fc.constantFrom(0, 2, 3, 4, 6);
    const bytes = fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(head, bytes, (first, rest) => {
        // P-521 has seven bits to spare.
        const x = name === 'P-521' ? rest.with(0, rest[0]! & 1) : rest;
        const point = concat(Uint8Array.of(first), x);
        expect(decompress(name, point) !== undefined).toBe(takes(point));
      }),
    );
  });

  it('have an x below the modulus', () => {
    const { p } = Point.CURVE();
    for (const x of [p, p + 1n, p + 5n]) {
      const digits = x.toString(16).padStart(2 * length, '0');
      for (const head of ['02', '03']) {
        expect(decompress(name, fromHex(head + digits))).toBeUndefined();
      }
    }
  });

  it('have one length', () => {
    const point = Point.BASE.toBytes(true);
    for (const wrong of [
      new Uint8Array(0),
      Uint8Array.of(0),
      point.subarray(1),
      concat(point, Uint8Array.of(0)),
      Point.BASE.toBytes(false),
    ]) {
      expect(decompress(name, wrong)).toBeUndefined();
    }
    const { x, y } = decompress(name, point)!;
    expect(isOnCurve(name, { x: x.subarray(1), y })).toBe(false);
    expect(isOnCurve(name, { x, y: y.subarray(1) })).toBe(false);
  });

  function takes(point: Uint8Array): boolean {
    try {
      Point.fromBytes(point).assertValidity();
      return point.length === length + 1;
    } catch {
      return false;
    }
  }
});

describe('names of curves', () => {
  it('are those four', () => {
    for (const name of names) expect(isCurveName(name)).toBe(true);
    for (const name of ['Ed25519', 'P-257', 'toString', '__proto__', '']) {
      expect(isCurveName(name)).toBe(false);
    }
  });
});
