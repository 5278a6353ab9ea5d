/**
 * The two forms of an ECDSA signature: r and s side by side, as JWS writes them (RFC 7518, section 3.4), and the ASN.1 that OpenSSL
 * speaks (RFC 3279, section 2.2.3). node:crypto changes one into the other itself when asked (`dsaEncoding`), but each time looks up
 * the order of the group for it: on P-256 that costs half of a verification and twice a signature.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';

// X.690: the tags of SEQUENCE and INTEGER, and the mark of a length that has a byte of its own.
const [sequence, integer, ownByte] = [0x30, 0x02, 0x81] as const;

/** `signature`, two numbers of at most 66 bytes, in DER. */
export function toDer(signature: Uint8Array): Uint8Array {
  const size = signature.length / 2;
  const der = Buffer.allocUnsafe(signature.length + 9);
  const end = putInteger(der, putInteger(der, 3, signature, 0, size), signature, size, 2 * size);
  const length = end - 3;
  der[2] = length;
  if (length < 0x80) {
    der[1] = sequence;
    return der.subarray(1, end);
  }
  der[0] = sequence;
  der[1] = ownByte;
  return der.subarray(0, end);
}

/** The signature that OpenSSL wrote as `der`; its numbers have `size` bytes each. */
export function fromDer(der: Uint8Array, size: number): Bytes {
  const signature = new Uint8Array(2 * size);
  const r = der[1] === ownByte ? 3 : 2;
  const s = r + 2 + der[r + 1]!;
  takeInteger(der, r, signature.subarray(0, size));
  takeInteger(der, s, signature.subarray(size));
  return signature;
}

/** Writes the number of `signature` from `begin` to `end`; returns where the next one goes. */
function putInteger(
  der: Uint8Array,
  at: number,
  signature: Uint8Array,
  begin: number,
  end: number,
): number {
  let first = begin;
  while (signature[first] === 0 && first < end - 1) first += 1;
  let to = at + 2;
  // A number whose highest bit is set would be negative without a zero before it.
  if (signature[first]! >= 0x80) {
    der[to] = 0;
    to += 1;
  }
  for (let i = first; i < end; i += 1, to += 1) der[to] = signature[i]!;
  der[at] = integer;
  der[at + 1] = to - at - 2;
  return to;
}

/** Reads the number at `at` into the end of `into`, which is all zeros. */
function takeInteger(der: Uint8Array, at: number, into: Uint8Array): void {
  const end = at + 2 + der[at + 1]!;
  // What is longer has a zero in front.
  const length = Math.min(der[at + 1]!, into.length);
  into.set(der.subarray(end - length, end), into.length - length);
}
