/**
 * The name of a vector by its content.
 * @module
 */
import { cidOf, cidOfDigest } from '../../base/multiformat.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** CID of the little-endian float32 bytes of `vector`; `crypto` is used when it is given, since it may be native. */
export function vectorHash(vector: Float32Array, crypto?: Pick<CryptoProvider, 'hash'>): string {
  const bytes = littleEndian(vector);
  return crypto === undefined ? cidOf(bytes) : cidOfDigest(crypto.hash('sha256', bytes));
}

function littleEndian(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return isLittleEndian ? bytes : bytes.map((_, i) => bytes[i ^ 3]!);
}
