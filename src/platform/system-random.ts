/**
 * Real chance, from the platform's cryptographic generator.
 * @module
 */
import type { Random } from '../ports/random.ts';

const quota = 65_536;

/** Cryptographically strong; its children are itself, since there is nothing to keep apart. */
export const systemRandom: Random = {
  next() {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  },
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += quota) {
      crypto.getRandomValues(bytes.subarray(i, Math.min(length, i + quota)));
    }
    return bytes;
  },
  child: () => systemRandom,
};
