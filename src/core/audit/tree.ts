/**
 * The Merkle tree of a stored log. Roots of whole blocks of 256 are kept, and of 256 such blocks, and so on; leaves are the
 * entries themselves. So the root costs a few hashes, and a proof reads at most some hundred rows.
 * @module
 */
import { fromBase64url, fromUtf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { parseJson } from '../../base/shape.ts';
import type { Op } from '../../ports/store.ts';
import { auditEntryShape, type Sha256 } from './chain.ts';
import { entryKey, entryPrefix, type LogView, treeKey, treePrefix } from './log-rows.ts';
import { emptyRoot, fold, leafHash, nodeHash, splitOf } from './merkle.ts';

/** Leaves of a block, and blocks of a block of blocks. */
const blockSize = 256;

/** The right edge of a tree: for each level, the hashes that no whole block holds yet. */
export class TreeEdge {
  readonly #levels: Uint8Array[][];
  #size: number;

  constructor(levels: Uint8Array[][] = [], size = 0) {
    this.#levels = levels;
    this.#size = size;
  }

  /** Entries in the tree. */
  get size(): number {
    return this.#size;
  }

  /** The edge after the entries with `hashes`, and the rows of the blocks that became whole; this one stays as it is. */
  with(
    hashes: readonly string[],
    crypto: Sha256,
  ): { readonly edge: TreeEdge; readonly rows: readonly Op[] } {
    const levels = this.#levels.map((level) => [...level]);
    const edge = new TreeEdge(levels, this.#size);
    const rows = hashes.flatMap((hash) => edge.add(hash, crypto));
    return { edge, rows };
  }

  /** Adds the entry with `hash`; rows of the blocks that became whole. */
  add(hash: string, crypto: Sha256): readonly Op[] {
    this.#size += 1;
    const rows: Op[] = [];
    let fresh: Uint8Array = leafOf(hash, crypto);
    for (let level = 0; ; level += 1) {
      const block = (this.#levels[level] ??= []);
      block.push(fresh);
      if (block.length < blockSize) return rows;
      fresh = fold(block, crypto);
      const number = this.#size / blockSize ** (level + 1) - 1;
      rows.push({ put: treeKey(level + 1, number), value: fresh });
      this.#levels[level] = [];
    }
  }

  /** Root of the tree. */
  root(crypto: Sha256): Uint8Array {
    let root: Uint8Array | undefined;
    for (const level of this.#levels) {
      // From the right edge to the left, as RFC 9162 splits: at the largest power of two.
      for (const peak of peaksOf(level, crypto).reverse()) {
        root = root === undefined ? peak : nodeHash(peak, root, crypto);
      }
    }
    return root ?? emptyRoot(crypto);
  }
}

/** Reads the edge of the tree over the first `size` entries in `view`. */
export async function readEdge(view: LogView, size: number, crypto: Sha256): Promise<TreeEdge> {
  const rows = new StoredTree(view, crypto);
  const levels: Uint8Array[][] = [];
  for (let level = 0; blockSize ** level <= size; level += 1) {
    const whole = Math.floor(size / blockSize ** level);
    const first = whole - (whole % blockSize);
    levels.push(await rows.hashes(level, first, whole));
  }
  return new TreeEdge(levels, size);
}

/** Proofs out of stored rows. */
export class StoredTree {
  readonly #view: LogView;
  readonly #crypto: Sha256;

  constructor(view: LogView, crypto: Sha256) {
    this.#view = view;
    this.#crypto = crypto;
  }

  /** The path that shows that entry `index` is in the tree of the first `size` (RFC 9162, section 2.1.3.1). */
  async path(index: number, size: number): Promise<readonly Uint8Array[]> {
    const path: Uint8Array[] = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const middle = from + splitOf(to - from);
      if (index < middle) {
        path.push(await this.#root(middle, to));
        to = middle;
      } else {
        path.push(await this.#root(from, middle));
        from = middle;
      }
    }
    return path.reverse();
  }

  /** The nodes that show that the tree of `size` goes on from that of `before` (RFC 9162, section 2.1.4.1). */
  async continuation(before: number, size: number): Promise<readonly Uint8Array[]> {
    const nodes: Uint8Array[] = [];
    let [from, to] = [0, size];
    // Whether what is left of `before` is the whole of an old tree, whose root the reader has.
    let whole = true;
    while (before !== to) {
      const middle = from + splitOf(to - from);
      if (before <= middle) {
        nodes.push(await this.#root(middle, to));
        to = middle;
      } else {
        nodes.push(await this.#root(from, middle));
        from = middle;
        whole = false;
      }
    }
    if (!whole) nodes.push(await this.#root(from, to));
    return nodes.reverse();
  }

  /** Hashes number `from` up to `to` of a level. */
  async hashes(level: number, from: number, to: number): Promise<Uint8Array[]> {
    if (from === to) return [];
    const hashes: Uint8Array[] = [];
    const [gte, lt] =
      level === 0 ? [entryKey(from), entryKey(to)] : [treeKey(level, from), treeKey(level, to)];
    const prefix = level === 0 ? entryPrefix : treePrefix;
    for await (const { key, value } of this.#view.scan({ prefix, gte, lt })) {
      const hash = level === 0 ? leafIn(value, key, this.#crypto) : value;
      hashes.push(hash);
    }
    if (hashes.length !== to - from) {
      const detail = `rows of its tree are missing at level ${String(level)}`;
      throw new MeshError('STORE_CORRUPT', { store: 'audit', detail });
    }
    return hashes;
  }

  /** Root over the entries from `from` up to `to`. */
  async #root(from: number, to: number): Promise<Uint8Array> {
    const size = to - from;
    let [level, width] = [0, 1];
    while (from % (width * blockSize) === 0 && size >= width * blockSize) {
      width *= blockSize;
      level += 1;
    }
    const whole = size - (size % width);
    const hashes = await this.hashes(level, from / width, (from + whole) / width);
    if (whole === size) return fold(hashes, this.#crypto);
    let root = await this.#root(from + whole, to);
    for (const peak of peaksOf(hashes, this.#crypto).reverse()) {
      root = nodeHash(peak, root, this.#crypto);
    }
    return root;
  }
}

/** Roots of the whole trees of a power of two that `hashes` fall into, largest first. */
function peaksOf(hashes: readonly Uint8Array[], crypto: Sha256): Uint8Array[] {
  const peaks: Uint8Array[] = [];
  let from = 0;
  while (from < hashes.length) {
    const left = hashes.length - from;
    const size = left === 1 ? 1 : splitOf(left + 1);
    peaks.push(fold(hashes.slice(from, from + size), crypto));
    from += size;
  }
  return peaks;
}

function leafOf(hash: string, crypto: Sha256): Uint8Array {
  return leafHash(fromBase64url(hash), crypto);
}

function leafIn(value: Uint8Array, key: string, crypto: Sha256): Uint8Array {
  return leafOf(parseJson(fromUtf8(value, key), auditEntryShape, key).hash, crypto);
}
