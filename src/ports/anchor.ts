/**
 * A place where a digest is put so that nobody can later deny when it existed.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';

/** Proof that a digest was anchored. */
export interface AnchorProof {
  readonly anchor: string;
  /** Epoch milliseconds, by the anchor's own clock. */
  readonly at: number;
  /** Opaque; the same anchor can check it. */
  readonly proof: Bytes;
}

/** Writes digests and checks them. */
export interface Anchor {
  readonly name: string;
  /** Puts `digest` where it cannot be taken back. */
  anchor(digest: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<AnchorProof>;
  /** Whether `proof` shows that `digest` was anchored here at that time. */
  verify(digest: Uint8Array, proof: AnchorProof): Promise<boolean>;
}
