/**
 * A chain of entries, each holding the hash of the one before: pure functions to lengthen and to check it.
 * @module
 */
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { cidOfJson } from '../../base/multiformat.ts';
import { integer, object, optional, type Shape, text, unknown } from '../../base/shape.ts';
import { instant } from '../../schema/words.ts';

/** One entry of the log. */
export interface AuditEntry {
  /** 0 for the first, counting up. */
  readonly index: number;
  readonly at: string;
  readonly kind: string;
  readonly body: Json;
  /** Hash of the entry before; absent in the first. */
  readonly previous?: string;
  /** CID of the canonical JSON of all of the above. */
  readonly hash: string;
}

/** Where a chain ends: its number of entries, and the hash of the last. */
export interface ChainEnd {
  readonly length: number;
  readonly hash?: string;
}

/** The end of a chain without entries. */
export const emptyChain: ChainEnd = { length: 0 };

/** The next entry after `end`. */
export function link(end: ChainEnd, entry: Pick<AuditEntry, 'at' | 'kind' | 'body'>): AuditEntry {
  const { at, kind, body } = entry;
  const previous = end.hash === undefined ? {} : { previous: end.hash };
  const unhashed = { index: end.length, at, kind, body, ...previous };
  return { ...unhashed, hash: cidOfJson(unhashed) };
}

/** Why `entry` cannot follow `end`; undefined when it does. */
export function linkProblem(end: ChainEnd, entry: AuditEntry): string | undefined {
  if (entry.index !== end.length) return `it is numbered ${String(entry.index)}`;
  if (entry.previous !== end.hash) return 'it does not follow the entry before';
  const { hash, ...unhashed } = entry;
  return cidOfJson(unhashed) === hash ? undefined : 'its content is not what was hashed';
}

/** The end of the chain once `entry` was added. */
export function endOf(entry: AuditEntry): ChainEnd {
  return { length: entry.index + 1, hash: entry.hash };
}

/** An entry as it is stored: one spelling, so that a changed byte is a changed entry. */
export function writeEntry(entry: AuditEntry): string {
  return canonicalJson(entry);
}

/** Parser of entries. */
export const auditEntryShape: Shape<AuditEntry> = object({
  index: integer(),
  at: instant,
  kind: text({ min: 1, max: 64 }),
  body: unknown,
  previous: optional(text({ max: 128 })),
  hash: text({ max: 128 }),
}) as unknown as Shape<AuditEntry>;
