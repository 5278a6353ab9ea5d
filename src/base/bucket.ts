/**
 * Which bucket a key falls into: the same on every node, in every release and in other people's tools.
 * @module
 */
import { utf8 } from './bytes.ts';
import { MeshError } from './errors.ts';

/**
 * MurmurHash3, x86, 32 bits (Appleby, SMHasher) of the UTF-8 bytes of `text`, as an unsigned number. Fast and evenly
 * spread; anybody can find two texts with one hash, so it guards nothing.
 */
export function murmur3(text: string, seed = 0): number {
  const bytes = utf8(text);
  const view = new DataView(bytes.buffer);
  const whole = bytes.length - (bytes.length % 4);
  let hash = seed | 0;
  for (let i = 0; i < whole; i += 4) hash = stir(hash ^ scramble(view.getUint32(i, true)));

  let tail = 0;
  for (let i = bytes.length - 1; i >= whole; i -= 1) tail = (tail << 8) | bytes[i]!;
  return finish(hash ^ scramble(tail) ^ bytes.length);
}

/**
 * Bucket of `key`, from 0 to `buckets` - 1. Another `seed` shuffles anew, so that two questions about one key get
 * independent answers. Throws `INVALID_ARGUMENT` unless `buckets` is an integer from 1 to 2 ** 32.
 *
 * @example
 * ```ts
 * const inRollout = bucketOf(`new-ranking:${customer}`, 100) < 25;
 * ```
 */
export function bucketOf(key: string, buckets: number, seed = 0): number {
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > 2 ** 32) {
    const expected = 'an integer from 1 to 2 ** 32';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'buckets', expected, got: buckets });
  }
  return murmur3(key, seed) % buckets;
}

function scramble(word: number): number {
  return Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function stir(hash: number): number {
  return (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
