/**
 * What checking a bundle needs, and what comes of it.
 * @module
 */
import type { Anchor } from '../../ports/anchor.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Keys } from './needs.ts';

/** What checking a bundle needs. */
export interface BundleParts extends Keys {
  readonly crypto: CryptoProvider;
  /** Takes in a key history, once checked; throws for one that does not hold. */
  readonly learn: (log: unknown) => Promise<void>;
  /** Heads of this log that the reader had from others, e.g. from `audit.checkpoints()` of a peer. */
  readonly checkpoints?: readonly unknown[];
  /** Anchors that can check their proofs in the bundle. */
  readonly anchors?: readonly Anchor[];
}

/** What somebody outside can say of a bundle. */
export interface AuditCheck {
  /** Nothing in it was changed, taken out, put in, moved or cut off. */
  readonly intact: boolean;
  /** It is intact, and all that was asked for is in it, in full. */
  readonly complete: boolean;
  /** Number of the first entry that does not stand. Absent when it is intact, or no bundle at all. */
  readonly firstBreak?: number;
  /** What is wrong there. */
  readonly because?: string;
  /** Why an intact bundle is not complete. */
  readonly lacks?: string;
  /** Entries in full that stand. */
  readonly entries: number;
  /** Entries that stand without what they say. */
  readonly stubs: number;
  /** Entries with a sealed part, and how many of those could be read with the keys in the bundle. */
  readonly sealed: number;
  readonly opened: number;
  /** Signed heads that stand. */
  readonly heads: number;
  /** Words of others that agree: who saw how many entries, and when by whose clock. */
  readonly witnesses: readonly {
    readonly by: string;
    readonly index: number;
    readonly at: string;
  }[];
  /** Anchors that name one of its entries; `holds` is absent for an anchor the reader did not bring. */
  readonly anchors: readonly AnchorCheck[];
  /** Whose log it is, the log's own name, and when the bundle was made, as its manifest says. */
  readonly keeper?: string;
  readonly log?: string;
  readonly at?: string;
}

/** What an anchor says of a bundle. */
export interface AnchorCheck {
  readonly anchor: string;
  readonly index: number;
  readonly at: string;
  readonly holds?: boolean;
}
