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
  readonly deactivated?: boolean;
}

/** Entries from the first to the newest. */
export type DidLog = readonly Signed<DidLogEntry>[];

/** Parser of logs of at most 256 entries. */
export const didLogShape: Shape<DidLog> = (value, at) => {
  const multibase = text({ min: 2, max: 128 });
  const entry = object({
    format: integer({ min: 1, max: 1 }),
    did,
    version: integer({ min: 1 }),
    previous: optional(multibase),
    at: instant,
    keys: list(multibase, { max: 16 }),
    next: list(multibase, { max: 16 }),
    deactivated: optional(boolean),
    proof: proofShape,
  });
  return list(entry, { max: 256 })(value, at) as unknown as DidLog;
};
