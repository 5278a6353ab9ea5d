import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { fromHex, toBase64url, toHex } from '../../../src/base/bytes.ts';
import { emptyChain, endOf, link } from '../../../src/core/audit/chain.ts';
import { putEntry } from '../../../src/core/audit/log-rows.ts';
import {
  emptyRoot,
  fold,
  isContinued,
  isIncluded,
  leafHash,
  nodeHash,
  splitOf,
} from '../../../src/core/audit/merkle.ts';
import { readEdge, StoredTree, TreeEdge } from '../../../src/core/audit/tree.ts';
import { nodeCrypto as crypto } from '../../../src/platform/node-crypto.ts';

/** The definition of RFC 9162, section 2.1.1, word for word. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot(crypto);
  if (leaves.length === 1) return leaves[0]!;
  const k = splitOf(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)), crypto);
}

/** Roots of the first entries of the test tree of certificate-transparency-go (testdata of its merkle package), and RFC 6962. */
const vectors = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [
    '606162636465666768696a6b6c6d6e6f',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
] as const;

/** A stored log of `size` entries and the tree over it. */
async function stored(size: number) {
  const store = memoryStore();
  let end = emptyChain;
  const hashes: string[] = [];
  const ops = [];
  for (let i = 0; i < size; i += 1) {
    const entry = link(end, { at: '2030-01-01T00:00:00.000Z', kind: 'task', body: i }, crypto);
    end = endOf(entry);
    hashes.push(entry.hash);
    ops.push(putEntry(entry));
  }
  const { edge, rows } = new TreeEdge().with(hashes, crypto);
  await store.write([...ops, ...rows]);
  const leaves = hashes.map((hash) => leafHash(bytesOf(hash), crypto));
  return { store, edge, leaves, tree: new StoredTree(store, crypto) };
}

function bytesOf(hash: string): Uint8Array {
  return new Uint8Array(Buffer.from(hash, 'base64url'));
}

describe('the Merkle tree', () => {
  it('gives the published roots', () => {
    const leaves: Uint8Array[] = [];
    for (const [leaf, root] of vectors) {
      leaves.push(leafHash(fromHex(leaf), crypto));
      expect(toHex(rootOf(leaves))).toBe(root);
      expect(toHex(fold(leaves, crypto))).toBe(root);
    }
    expect(toHex(emptyRoot(crypto))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('has one root however it grew, and finds it again in the store', async () => {
    for (const size of [0, 1, 2, 3, 7, 255, 256, 257, 511, 512, 700]) {
      const { store, edge, leaves } = await stored(size);
      const root = toBase64url(rootOf(leaves));
      expect(toBase64url(edge.root(crypto))).toBe(root);
      expect(toBase64url((await readEdge(store, size, crypto)).root(crypto))).toBe(root);
    }
  });

  it('keeps blocks of blocks', async () => {
    const edge = new TreeEdge();
    const rows = [];
    const leaves: Uint8Array[] = [];
    for (let i = 0; i < 65_536 + 300; i += 1) {
      const hash = toBase64url(
        crypto.hash('sha256', Uint8Array.of(i & 255, (i >> 8) & 255, i >> 16)),
      );
      rows.push(...edge.add(hash, crypto));
      leaves.push(leafHash(bytesOf(hash), crypto));
    }
    const keys = rows.map((row) => ('put' in row ? row.put : ''));
    expect(keys.filter((key) => key.startsWith('tree/1/'))).toHaveLength(257);
    expect(keys.filter((key) => key.startsWith('tree/2/'))).toEqual([`tree/2/${'0'.repeat(16)}`]);
    expect(toHex(edge.root(crypto))).toBe(toHex(fold(leaves, crypto)));
  });

  it('shows that an entry is in it, and no other', async () => {
    const { leaves, tree } = await stored(700);
    const pairs = fc
      .integer({ min: 1, max: 700 })
      .chain((size) => fc.tuple(fc.constant(size), fc.nat({ max: size - 1 })));
    await fc.assert(
      fc.asyncProperty(pairs, fc.nat(), async ([size, index], chance) => {
        const path = await tree.path(index, size);
        const root = rootOf(leaves.slice(0, size));
        const claim = { leaf: leaves[index]!, index, size };
        expect(isIncluded(claim, path, root, crypto)).toBe(true);
        const other = chance % 700;
        if (other !== index) {
          expect(isIncluded({ ...claim, leaf: leaves[other]! }, path, root, crypto)).toBe(false);
          expect(isIncluded({ ...claim, index: other }, path, root, crypto)).toBe(false);
        }
        expect(isIncluded(claim, [...path, root], root, crypto)).toBe(false);
        if (path.length > 0) {
          expect(isIncluded(claim, path.slice(1), root, crypto)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('shows that it goes on from what it was, and from nothing else', async () => {
    const { leaves, tree } = await stored(700);
    const pairs = fc
      .integer({ min: 1, max: 700 })
      .chain((size) => fc.tuple(fc.integer({ min: 1, max: size }), fc.constant(size)));
    await fc.assert(
      fc.asyncProperty(pairs, async ([before, size]) => {
        const proof = await tree.continuation(before, size);
        const old = { size: before, root: rootOf(leaves.slice(0, before)) };
        const now = { size, root: rootOf(leaves.slice(0, size)) };
        expect(isContinued(old, now, proof, crypto)).toBe(true);
        const forged = { size: before, root: rootOf([...leaves.slice(1, before), leaves[0]!]) };
        if (before > 1) expect(isContinued(forged, now, proof, crypto)).toBe(false);
        if (before < size) expect(isContinued(now, old, proof, crypto)).toBe(false);
        expect(isContinued(old, now, [...proof, now.root], crypto)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('says so when rows of it are missing', async () => {
    const { store, tree } = await stored(300);
    await store.write([{ del: `tree/1/${'0'.repeat(16)}` }]);
    await expect(tree.path(299, 300)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});
