/**
 * What a node holds, said in 4 KiB: a digest for each of 256 buckets. Two nodes compare digests and list only the
 * buckets that differ, so a mesh at rest exchanges next to nothing.
 * @module
 */
import { type Bytes, fromHex, toHex } from '../../base/bytes.ts';
import { compareText } from '../../base/ids.ts';
import { refused } from '../../base/shape.ts';
import type { HeldRecord } from './held-record.ts';

/** One record in a listing. */
export interface SummaryEntry {
  readonly key: string;
  readonly sequence: number;
  /** First 8 bytes of the fingerprint, in hexadecimal. */
  readonly tag: string;
}

/** What one node should get from another, and what it should send. */
export interface SummaryDifference {
  readonly wanted: readonly SummaryEntry[];
  /** Keys of records the other lacks or has in an older version. */
  readonly offered: readonly string[];
}

const buckets = 256;
const digestBytes = 16;
const keyBytes = 16;
const tagBytes = 8;
const entryBytes = keyBytes + 8 + tagBytes;
/** Entries of one listing: 512 KiB. What does not fit is listed the next time, when these no longer differ. */
const listingLimit = 16_384;

/** Bytes of all digests. */
export const digestsLength = buckets * digestBytes;

/** Follows the records held and keeps their digests. */
export class Summary {
  /** By number; a bucket is made when something is put into it. */
  readonly #buckets = new Map<number, Map<string, HeldRecord>>();
  readonly #digests = new Uint8Array(digestsLength);

  /** Tells that `now` is held in place of `before`. */
  change(now: HeldRecord | undefined, before: HeldRecord | undefined): void {
    if (before !== undefined) {
      this.#buckets.get(bucketOf(before.key))?.delete(before.key);
      this.#toggle(before);
    }
    if (now !== undefined) {
      const bucket = bucketOf(now.key);
      const held = this.#buckets.get(bucket) ?? new Map<string, HeldRecord>();
      this.#buckets.set(bucket, held.set(now.key, now));
      this.#toggle(now);
    }
  }

  /** The digests of all buckets. */
  digests(): Bytes {
    return this.#digests.slice();
  }

  /** Numbers of the buckets whose digest differs from `theirs`. */
  differing(theirs: Uint8Array): number[] {
    const result: number[] = [];
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const start = bucket * digestBytes;
      for (let i = start; i < start + digestBytes; i += 1) {
        if (this.#digests[i] === theirs[i]) continue;
        result.push(bucket);
        break;
      }
    }
    return result;
  }

  /**
   * Entries of as many of `chosen` as fit, whole buckets each. Only a bucket that overflows a listing by itself, which
   * takes a publisher who searches for names that hash alike, is cut; its records still travel by push.
   */
  list(chosen: readonly number[]): { readonly buckets: Bytes; readonly entries: Bytes } {
    const listed: number[] = [];
    const entries: SummaryEntry[] = [];
    for (const bucket of chosen) {
      const held = this.#held(bucket);
      if (listed.length > 0 && entries.length + held.size > listingLimit) break;
      listed.push(bucket);
      for (const item of held.values()) entries.push(entryOf(item));
    }
    return {
      buckets: Uint8Array.from(listed),
      entries: packEntries(entries.slice(0, listingLimit)),
    };
  }

  /** How `theirs`, the full content of `listed` buckets at another node, differs from what is held here. */
  compare(listed: Iterable<number>, theirs: readonly SummaryEntry[]): SummaryDifference {
    const there = new Map(theirs.map((entry) => [entry.key, entry]));
    const wanted = theirs.filter((entry) => {
      const mine = this.#held(bucketOf(entry.key)).get(entry.key);
      return mine === undefined || isNews(entry, entryOf(mine));
    });
    const offered: string[] = [];
    for (const bucket of new Set(listed)) {
      for (const held of this.#held(bucket).values()) {
        const other = there.get(held.key);
        if (other === undefined || isNews(entryOf(held), other)) offered.push(held.key);
      }
    }
    return { wanted, offered: offered.sort(compareText) };
  }

  #held(bucket: number): ReadonlyMap<string, HeldRecord> {
    return this.#buckets.get(bucket) ?? nothing;
  }

  /** XOR, so that adding and taking away are the same and order does not matter. */
  #toggle({ key, fingerprint }: HeldRecord): void {
    const start = bucketOf(key) * digestBytes;
    fingerprint.forEach((byte, i) => {
      this.#digests[start + i]! ^= byte;
    });
  }
}

const nothing: ReadonlyMap<string, HeldRecord> = new Map();

/** The first byte of a key, which is a hash in hexadecimal. */
function bucketOf(key: string): number {
  return Number.parseInt(key.slice(0, 2), 16);
}

/** Same sequence and another tag is news to both sides: each gets the other's proof of the contradiction. */
function isNews(entry: SummaryEntry, known: SummaryEntry): boolean {
  if (entry.sequence !== known.sequence) return entry.sequence > known.sequence;
  return entry.tag !== known.tag;
}

/** The entry of a record. */
export function entryOf({ key, fingerprint, record }: HeldRecord): SummaryEntry {
  return { key, sequence: record.sequence, tag: toHex(fingerprint.subarray(0, tagBytes)) };
}

/** Entries as bytes: key, sequence (float64, big endian) and tag, 32 bytes each. */
export function packEntries(entries: readonly SummaryEntry[]): Bytes {
  const bytes = new Uint8Array(entries.length * entryBytes);
  const view = new DataView(bytes.buffer);
  entries.forEach(({ key, sequence, tag }, i) => {
    const start = i * entryBytes;
    bytes.set(fromHex(key), start);
    view.setFloat64(start + keyBytes, sequence);
    bytes.set(fromHex(tag), start + keyBytes + 8);
  });
  return bytes;
}

/** Entries of foreign bytes; `SCHEMA_INVALID` for a broken length or a sequence that is no counting number. */
export function unpackEntries(bytes: Uint8Array): SummaryEntry[] {
  if (bytes.length % entryBytes !== 0 || bytes.length > entryBytes * listingLimit) {
    throw refused('entries', 'whole entries of 32 bytes', bytes);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / entryBytes }, (_, i) => {
    const start = i * entryBytes;
    const sequence = view.getFloat64(start + keyBytes);
    if (!Number.isSafeInteger(sequence) || sequence < 0) {
      throw refused('entries', 'a sequence from 0', sequence);
    }
    const key = toHex(bytes.subarray(start, start + keyBytes));
    const tag = toHex(bytes.subarray(start + keyBytes + 8, start + entryBytes));
    return { key, sequence, tag };
  });
}
