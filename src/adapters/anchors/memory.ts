/**
 * An anchor in this process: for tests, and for programs that only want the shape of it. It forgets everything at the end.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { type Bytes, equalBytes } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Anchor, AnchorProof } from '../../ports/anchor.ts';

/** Options of {@link memoryAnchor}. */
export interface MemoryAnchorOptions {
  /** What the anchor is called in proofs. Default `memory`. */
  readonly name?: string;
  /** Default: the system's time. */
  readonly clock?: { now(): number };
  /** Digests it takes at most; then `LIMIT_EXCEEDED`. Default 100,000. */
  readonly limit?: number;
}

/** A list of digests, each with its time. */
export function memoryAnchor(options: MemoryAnchorOptions = {}): Anchor {
  const { name = 'memory', clock = Date, limit = 100_000 } = options;
  const anchored: { readonly digest: Bytes; readonly at: number }[] = [];
  const take = (digest: Uint8Array): AnchorProof => {
    if (anchored.length >= limit) {
      throw new MeshError('LIMIT_EXCEEDED', { what: `the anchor ${name}`, limit, got: limit + 1 });
    }
    const at = clock.now();
    anchored.push({ digest: Uint8Array.from(digest), at });
    return { anchor: name, at, proof: numbered(anchored.length - 1) };
  };
  return {
    name,
    async anchor(digest, anchoring) {
      throwIfAborted(anchoring?.signal, 'anchoring');
      return Promise.resolve(take(digest));
    },
    verify(digest, { anchor, at, proof }) {
      const found = anchor === name ? anchored[numberIn(proof)] : undefined;
      return Promise.resolve(found?.at === at && equalBytes(found.digest, digest));
    },
  };
}

/** Six bytes, big-endian. */
function numbered(index: number): Bytes {
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i += 1) bytes[5 - i] = Math.floor(index / 256 ** i) % 256;
  return bytes;
}

function numberIn(bytes: Uint8Array): number {
  if (bytes.length !== 6) return -1;
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
