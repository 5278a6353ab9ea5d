/**
 * Compression for a simulation: it answers at once, while the platform's works on a thread, for which virtual time cannot wait.
 * @module
 */
import { type Bytes, concat } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Compression } from '../../ports/compression.ts';

/** A run of zeros this long is worth a piece of its own. */
const worthIt = 8;
/** What two bytes can count. */
const longest = 0xffff;

/**
 * Keeps the promises of the port among nodes of one simulation: what others packed it cannot read. A sequence of pieces, each with
 * the number of bytes that stand there as they are, these bytes, and the number of zeros that follow.
 */
export const simulatedCompression: Compression = {
  gzip: (bytes) => Promise.resolve(packed(bytes)),
  gunzip: (from, maxBytes) =>
    new Promise((resolve) => {
      resolve(unpacked(from, maxBytes));
    }),
};

function packed(bytes: Bytes): Bytes {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (end < bytes.length && end - at < longest && zerosAt(bytes, end, worthIt) < worthIt) {
      end += 1;
    }
    const zeros = zerosAt(bytes, end, longest);
    pieces.push(counted(end - at), bytes.subarray(at, end), counted(zeros));
    at = end + zeros;
  }
  return concat(...pieces);
}

function unpacked(from: Bytes, maxBytes: number): Bytes {
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at < from.length; ) {
    const plain = view.getUint16(at);
    const zeros = view.getUint16(at + 2 + plain);
    length += plain + zeros;
    if (length > maxBytes) {
      const what = 'what was compressed';
      throw new MeshError('LIMIT_EXCEEDED', { what, limit: maxBytes, got: length });
    }
    pieces.push(from.subarray(at + 2, at + 2 + plain), new Uint8Array(zeros));
    at += plain + 4;
  }
  return concat(...pieces);
}

function zerosAt(bytes: Bytes, at: number, most: number): number {
  let zeros = 0;
  while (zeros < most && bytes[at + zeros] === 0) zeros += 1;
  return zeros;
}

function counted(count: number): Uint8Array {
  return Uint8Array.of(count >> 8, count & 0xff);
}
