/**
 * Hash functions in plain TypeScript: the same everywhere, at once.
 * @module
 */
import { blake2s } from '@noble/hashes/blake2.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { Bytes } from './bytes.ts';

const functions = { sha256, sha512, blake2s } as const;

/** Hash of the concatenated `parts`. */
export function hashOf(
  name: 'sha256' | 'sha512' | 'blake2s',
  ...parts: readonly Uint8Array[]
): Bytes {
  const state = functions[name].create();
  for (const part of parts) state.update(part);
  return Uint8Array.from(state.digest());
}
