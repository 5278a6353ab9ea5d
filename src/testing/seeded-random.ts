/**
 * Chance that can be repeated.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';
import type { Random } from '../ports/random.ts';

/**
 * Random numbers that depend on `seed` alone, fast and not secret: the generator sfc32 (Doty-Humphrey, PractRand). A
 * child depends on the seed and its name alone, so it does not matter how many numbers its parent gave before.
 */
export function seededRandom(seed: number | string): Random {
  return streamOf(`${typeof seed}:${String(seed)}`);
}

function streamOf(path: string): Random {
  const word = sfc32(spread(path));
  return {
    next: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53,
    bytes: (length) => fill(new Uint8Array(length), word),
    // The length keeps paths apart: the child 'a/b' is not the child 'b' of the child 'a'.
    child: (name) => streamOf(`${path}/${String(name.length)}:${name}`),
  };
}

type Words = [number, number, number, number];

function sfc32([a, b, c, counter]: Words): () => number {
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i += 1) word();
  return word;
}

function fill(bytes: Bytes, word: () => number): Bytes {
  for (let i = 0; i < bytes.length; i += 4) {
    const four = word();
    for (let j = 0; j < 4; j += 1) bytes[i + j] = four >>> (8 * j);
  }
  return bytes;
}

/** Four words in which each character of `text` has changed about half the bits; odd multipliers, one per word. */
function spread(text: string): Words {
  const words: Words = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  const factors: Words = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f];
  for (let i = 0; i < text.length; i += 1) {
    for (let w = 0; w < 4; w += 1) {
      const mixed = Math.imul(words[w]! ^ text.charCodeAt(i), factors[w]!);
      words[w] = mixed ^ (mixed >>> 15) ^ words[(w + 1) % 4]!;
    }
  }
  return words;
}
