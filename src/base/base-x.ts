/**
 * Bytes as text of an alphabet of one's own: base58btc, in which leading zeros are kept, and base32 of whole bits.
 * Sources: draft-msporny-base58-03; RFC 4648, section 6.
 * @module
 */
import type { Bytes } from './bytes.ts';

const alphabet58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const alphabet32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `bytes` in base58btc. Takes quadratic time. */
export function toBase58(bytes: Uint8Array): string {
  const zeros = leadingZeros(bytes);
  const digits = rebased(bytes.subarray(zeros), 256, 58);
  let text = '1'.repeat(zeros);
  for (const digit of digits) text += alphabet58[digit]!;
  return text;
}

/** The bytes of base58btc text; undefined for other text. Takes quadratic time, so foreign text needs a bound. */
export function fromBase58(text: string): Bytes | undefined {
  const digits = Array.from(text, (letter) => alphabet58.indexOf(letter));
  if (digits.includes(-1)) return undefined;
  const zeros = leadingZeros(digits);
  const bytes = rebased(digits.slice(zeros), 58, 256);
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes]);
}

/** `bytes` in base32, lower case, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let [bits, held] = [0, 0];
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    for (; held >= 5; held -= 5) text += alphabet32[(bits >> (held - 5)) & 31]!;
    bits &= 31;
  }
  return held === 0 ? text : text + alphabet32[(bits << (5 - held)) & 31]!;
}

/** The digits of a number, most significant first, in another base. */
function rebased(digits: readonly number[] | Uint8Array, from: number, to: number): Uint8Array {
  // A number has at most ln 256 / ln 58 = 1.366 times as many digits in base 58 as it has bytes.
  const result = new Uint8Array(Math.ceil(digits.length * 1.37));
  let used = 0;
  for (const digit of digits) {
    let carry = digit;
    let at = result.length - 1;
    for (let seen = 0; carry > 0 || seen < used; seen += 1, at -= 1) {
      carry += result[at]! * from;
      result[at] = carry % to;
      carry = (carry / to) | 0;
      if (seen === used) used += 1;
    }
  }
  return result.subarray(result.length - used);
}

function leadingZeros(digits: ArrayLike<number>): number {
  let count = 0;
  while (digits[count] === 0) count += 1;
  return count;
}
