/**
 * Many yes-or-no answers in little room: a bit string, compressed (Bitstring Status List 1.0, section 3).
 * @module
 */
import { type Bytes, fromBase64url, toBase64url } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Compression } from '../../../ports/compression.ts';

/** The least number of entries of a list, so that an index gives away little about its holder. */
export const minEntries = 131_072;

/** Bytes a list may unfold to: more is taken for a decompression bomb. */
const maxBytes = 16 * 1_024 * 1_024;

/** A list of `entries` zeros. */
export function emptyBits(entries = minEntries): Bytes {
  return new Uint8Array(entries / 8);
}

/** Whether the bit of `index` is set. Index 0 is the left-most bit (section 3.4). */
export function isSet(bits: Uint8Array, index: number): boolean {
  return (bits[index >> 3]! & (0x80 >> (index & 7))) !== 0;
}

/** The status of `size` bits at `index`, the left-most bit first (section 3.2); undefined outside of the list. */
export function valueAt(bits: Uint8Array, index: number, size: number): number | undefined {
  if (!((index + 1) * size <= bits.length * 8)) return undefined;
  let value = 0;
  for (let i = index * size; i < (index + 1) * size; i += 1)
    value = value * 2 + Number(isSet(bits, i));
  return value;
}

/** Sets the bit of `index` in place. */
export function setBit(bits: Uint8Array, index: number): void {
  bits[index >> 3]! |= 0x80 >> (index & 7);
}

/** Clears the bit of `index` in place. */
export function clearBit(bits: Uint8Array, index: number): void {
  bits[index >> 3]! &= ~(0x80 >> (index & 7));
}

/** How many bits are set. */
export function countSet(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
}

/** `bits` as `encodedList`: GZIP (RFC 1952), then multibase base64url. */
export async function encodeBits(bits: Bytes, compression: Compression): Promise<string> {
  return `u${toBase64url(await compression.gzip(bits))}`;
}

/** `text` of a list of the 2021 draft as {@link decodeBits} takes it: base64 of either alphabet, not yet multibase. */
export function encodedSince2021(text: string): string {
  return `u${text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}

/** Bits of an `encodedList`; `SCHEMA_INVALID` for other text, for fewer than 131,072 entries and for bombs. */
export async function decodeBits(encoded: string, compression: Compression): Promise<Bytes> {
  if (!encoded.startsWith('u')) throw malformed('multibase base64url');
  const compressed = fromBase64url(encoded.slice(1), 'encodedList');
  let bits: Bytes;
  try {
    bits = await compression.gunzip(compressed, maxBytes);
  } catch (cause) {
    const isBomb = MeshError.is(cause, 'LIMIT_EXCEEDED');
    throw malformed(isBomb ? `at most ${String(maxBytes)} bytes` : 'GZIP', cause);
  }
  if (bits.length * 8 < minEntries) throw malformed(`at least ${String(minEntries)} entries`);
  return bits;
}

function malformed(expected: string, cause?: unknown): MeshError {
  return new MeshError('SCHEMA_INVALID', { at: 'encodedList', expected, got: 'other' }, { cause });
}
