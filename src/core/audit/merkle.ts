/**
 * The Merkle tree of RFC 9162, section 2.1, over the hashes of entries: pure functions over lists of leaves, and the checks of
 * its proofs. The chain is the truth; the tree is there so that one entry can be shown without all the others.
 * @module
 */
import { type Bytes, equalBytes } from '../../base/bytes.ts';
import type { Sha256 } from './chain.ts';

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

/** Hash of a leaf: `SHA-256(0x00 || bytes)`. */
export function leafHash(bytes: Uint8Array, crypto: Sha256): Bytes {
  return crypto.hash('sha256', leafMark, bytes);
}

/** Hash of a node: `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array, crypto: Sha256): Bytes {
  return crypto.hash('sha256', nodeMark, left, right);
}

/** Hash of a tree without leaves. */
export function emptyRoot(crypto: Sha256): Bytes {
  return crypto.hash('sha256');
}

/** The largest power of two below `size`, which is at least 2. */
export function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** Root of the tree over `hashes`, each the root of a tree of one size; at least one. */
export function fold(hashes: readonly Uint8Array[], crypto: Sha256): Uint8Array {
  let level = hashes;
  // Pairs from the left; who is left over goes up as it is. That is the split at the largest power of two.
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(nodeHash(level[i]!, level[i + 1]!, crypto));
    }
    if (level.length % 2 === 1) above.push(level.at(-1)!);
    level = above;
  }
  return level[0]!;
}

/** Whether `leaf` is leaf `index` of the tree of `size` leaves with this `root` (RFC 9162, section 2.1.3.2). */
export function isIncluded(
  claim: { readonly leaf: Uint8Array; readonly index: number; readonly size: number },
  path: readonly Uint8Array[],
  root: Uint8Array,
  crypto: Sha256,
): boolean {
  if (!(claim.index >= 0 && claim.index < claim.size)) return false;
  let [number, last] = [claim.index, claim.size - 1];
  let hash = claim.leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (number % 2 === 1 || number === last) {
      hash = nodeHash(sibling, hash, crypto);
      while (number % 2 === 0 && number !== 0) [number, last] = halved(number, last);
    } else {
      hash = nodeHash(hash, sibling, crypto);
    }
    [number, last] = halved(number, last);
  }
  return last === 0 && equalBytes(hash, root);
}

/** A tree as its keeper states it. */
export interface TreeState {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the tree `now` goes on from the tree `before` (RFC 9162, section 2.1.4.2). */
export function isContinued(
  before: TreeState,
  now: TreeState,
  proof: readonly Uint8Array[],
  crypto: Sha256,
): boolean {
  if (before.size > now.size || before.size < 1) return false;
  if (before.size === now.size) return proof.length === 0 && equalBytes(before.root, now.root);
  let [number, last] = [before.size - 1, now.size - 1];
  while (number % 2 === 1) [number, last] = halved(number, last);
  // A whole tree of a power of two is its own first node.
  const [first, ...rest] = number === 0 ? [before.root, ...proof] : proof;
  if (first === undefined) return false;
  let [old, fresh] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (number % 2 === 1 || number === last) {
      old = nodeHash(sibling, old, crypto);
      fresh = nodeHash(sibling, fresh, crypto);
      while (number % 2 === 0 && number !== 0) [number, last] = halved(number, last);
    } else {
      fresh = nodeHash(fresh, sibling, crypto);
    }
    [number, last] = halved(number, last);
  }
  return last === 0 && equalBytes(old, before.root) && equalBytes(fresh, now.root);
}

// Numbers of entries outgrow 32 bits, so no shifts.
function halved(number: number, last: number): [number, number] {
  return [Math.floor(number / 2), Math.floor(last / 2)];
}
