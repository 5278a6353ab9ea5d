import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../../../src/base/bytes.ts';
import {
  clearBit,
  countSet,
  decodeBits,
  emptyBits,
  encodeBits,
  isSet,
  minEntries,
  setBit,
} from '../../../../src/core/trust/status/bitstring.ts';
import { streamCompression } from '../../../../src/platform/stream-compression.ts';

const list = (bytes: Uint8Array): string => `u${toBase64url(bytes)}`;

describe('a bitstring', () => {
  it('of the specification is 131,072 zeros', async () => {
    // Bitstring Status List 1.0, the example of a status list credential.
    const published = 'uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA';
    expect(await decodeBits(published, streamCompression)).toEqual(emptyBits());
  });

  it('counts from the left: entry 0 is the highest bit of the first byte', () => {
    const bits = emptyBits();
    setBit(bits, 0);
    setBit(bits, 15);
    expect([...bits.subarray(0, 2)]).toEqual([0x80, 0x01]);
  });

  it('comes back as it was, and any other GZIP reads it', async () => {
    const indexes = fc.uniqueArray(fc.nat({ max: minEntries - 1 }), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(indexes, async (set) => {
        const bits = emptyBits();
        for (const index of set) setBit(bits, index);
        const encoded = await encodeBits(bits, streamCompression);
        expect(await decodeBits(encoded, streamCompression)).toEqual(bits);
        expect(new Uint8Array(gunzipSync(fromBase64url(encoded.slice(1))))).toEqual(bits);
        expect(set.every((index) => isSet(bits, index))).toBe(true);
        expect(countSet(bits)).toBe(set.length);
        for (const index of set) clearBit(bits, index);
        expect(bits).toEqual(emptyBits());
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['another multibase', 'zH4sI'],
    ['no base64url', 'u***'],
    ['no GZIP', list(new Uint8Array(100))],
    ['cut short', list(gzipSync(emptyBits()).subarray(0, -9))],
    ['fewer than 131,072 entries', list(gzipSync(new Uint8Array(16_383)))],
    ['a bomb', list(gzipSync(new Uint8Array(17 * 1_024 * 1_024)))],
  ])('is refused: %s', async (_, encoded) => {
    await expect(decodeBits(encoded, streamCompression)).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
    });
  });

  it('is refused in no other way, whatever arrives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.uint8Array().map(list)), async (encoded) => {
        await expect(decodeBits(encoded, streamCompression)).rejects.toMatchObject({
          code: 'SCHEMA_INVALID',
        });
      }),
      { numRuns: 50 },
    );
  });
});
