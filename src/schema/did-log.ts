/**
 * The history of a did:mesh identifier: signed entries, each naming the hash of the one before. The hash of the first
 * is the identifier itself, so nobody but the holder of its keys can write the history of a DID.
 * @module
 */
import type { Did } from '../base/ids.ts';
import { boolean, integer, list, object, optional, type Shape, text } from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { did, instant } from './words.ts';

/** One entry. */
export interface DidLogEntry {
  /** Format of the entry. */
  readonly format: 1;
  /** The DID; in the first entry with `{SCID}` in place of its last segment while the hash is taken. */
  readonly did: Did;
  /** 1 for the first entry, then counting up. */
  readonly version: number;
  /** Multihash of the entry before; absent in the first. */
  readonly previous?: string;
  readonly at: string;
  /** Multikeys that may sign from now on. */
  readonly keys: readonly string[];
  /** Multihashes of the Multikeys that may sign the next entry (pre-rotation). */
  readonly next: readonly string[];
  /** Multihashes of Multikeys, held offline, any of which may sign the next entry in place of `next` and once. */
  readonly recovery?: readonly string[];
  /** Keys of earlier entries that got into wrong hands. */
  readonly compromised?: readonly CompromisedKey[];
  /** Why, for people; everybody can read it. */
  readonly reason?: string;
  readonly deactivated?: boolean;
}

/** A key nobody is to believe for anything dated from an instant on. What is anchored before it stays good. */
export interface CompromisedKey {
  /** Multikey. */
  readonly key: string;
  readonly from: string;
}

/** Bounds of a history. */
export const didLogLimits = { entries: 256, keys: 16, compromised: 64, reason: 200 } as const;

/** Entries from the first to the newest. */
export type DidLog = readonly Signed<DidLogEntry>[];

const multibase = text({ min: 2, max: 128 });

const entryShape = object({
  format: integer({ min: 1, max: 1 }),
  did,
  version: integer({ min: 1 }),
  previous: optional(multibase),
  at: instant,
  keys: list(multibase, { max: didLogLimits.keys }),
  next: list(multibase, { max: didLogLimits.keys }),
  recovery: optional(list(multibase, { max: didLogLimits.keys })),
  compromised: optional(
    list(object({ key: multibase, from: instant }), { max: didLogLimits.compromised }),
  ),
  reason: optional(text({ max: didLogLimits.reason })),
  deactivated: optional(boolean),
  proof: proofShape,
});

/** Parser of logs of at most 256 entries. */
export const didLogShape: Shape<DidLog> = list(entryShape, {
  max: didLogLimits.entries,
}) as unknown as Shape<DidLog>;
