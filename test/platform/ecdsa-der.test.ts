import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex } from '../../src/base/bytes.ts';
import { fromDer, toDer } from '../../src/platform/ecdsa-der.ts';

/** The bytes of r and s on P-256, P-384 and P-521. */
const sizes = [32, 48, 66] as const;

/** A number of `size` bytes, often with zeros in front, often with its highest bit set. */
const numberOf = (size: number) =>
  fc
    .tuple(fc.nat({ max: size - 1 }), fc.uint8Array({ minLength: size, maxLength: size }))
    .map(([zeros, bytes]) => concat(new Uint8Array(zeros), bytes.subarray(zeros)));

const signature = fc
  .constantFrom(...sizes)
  .chain((size) => fc.tuple(numberOf(size), numberOf(size)))
  .map(([r, s]) => concat(r, s));

describe('DER of an ECDSA signature', () => {
  it('is as X.690 wants it: numbers as short as they can be, and never negative', () => {
    const number = (hex: string) => hex.padStart(64, '0');
    const der = (r: string, s: string) => toDer(fromHex(number(r) + number(s)));
    expect(der('01', '7f')).toEqual(Buffer.from('300602010102017f', 'hex'));
    expect(der('80', '0100')).toEqual(Buffer.from('30080202008002020100', 'hex'));
    const full = 'ff'.repeat(32);
    expect(der(full, full)).toEqual(Buffer.from(`3046022100${full}022100${full}`, 'hex'));
    const long = `01${'ff'.repeat(65)}`;
    expect(toDer(fromHex(long + long))).toEqual(Buffer.from(`3081880242${long}0242${long}`, 'hex'));
  });

  it('gives the signature back, whatever its numbers', () => {
    fc.assert(
      fc.property(signature, (given) => {
        expect(fromDer(toDer(given), given.length / 2)).toEqual(given);
      }),
    );
  });

  it.each([
    ['prime256v1', 32],
    ['secp384r1', 48],
    ['secp521r1', 66],
  ])('is what node:crypto makes of the same on %s', (namedCurve, size) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    const raw = { dsaEncoding: 'ieee-p1363' } as const;
    for (let i = 0; i < 20; i += 1) {
      const message = Buffer.of(i);
      const der = sign('sha256', message, privateKey);
      const flat = fromDer(der, size);
      expect(toDer(flat)).toEqual(der);
      expect(verify('sha256', message, { key: publicKey, ...raw }, flat)).toBe(true);
    }
  });
});
