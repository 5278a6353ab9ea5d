/**
 * Where the log stands in its store: who it is, entries, blocks of its tree, signed heads, and the end.
 * @module
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { integer, object, optional, parseJson, type Shape, text } from '../../base/shape.ts';
import type { Op, Revision, Store } from '../../ports/store.ts';
import { proofShape, type Signed } from '../../schema/signed.ts';
import { did, instant, nodeName } from '../../schema/words.ts';
import { type AuditEntry, auditEntryShape, type ChainEnd, hashText, writeEntry } from './chain.ts';

/** Whose log it is. */
export interface LogKeeper {
  readonly keeper: Did;
  /** Which of the keeper's tenants, where it has several. */
  readonly tenant?: string;
}

/** One log: a keeper has another for each store it ever began one in. */
export interface LogName extends LogKeeper {
  /** Random, made with the first entry. */
  readonly log: string;
}

/** What a store knows of its log itself. */
export interface LogRow {
  readonly format: 1;
  readonly log: string;
  /** Random, base64url of 32 bytes: the keys of subjects are wrapped with it, unless the application gave a key for that. */
  readonly secret: string;
}

/** The keeper's signature under everything up to one entry. */
export interface AuditHead extends LogName {
  readonly format: 1;
  /** Index of the last entry covered. */
  readonly index: number;
  /** Hash of that entry. */
  readonly hash: string;
  /** Root of the Merkle tree over all entries up to that one: base64url. */
  readonly root: string;
  readonly at: string;
}

/** What a log is read from: a store, or a snapshot of it. */
export type LogView = Pick<Store, 'get' | 'scan'>;

/** Under it stand the entries, in order. */
export const entryPrefix = 'entry/';
const headPrefix = 'head/';
/** Under it stand the roots of whole blocks. */
export const treePrefix = 'tree/';
/** Where the log says who it is. */
export const logKey = 'log';
/** Where the length and the last hash stand. */
export const endKey = 'end';

/** Decimal and padded, so that the order of keys is the order of entries. */
export function entryKey(index: number): string {
  return entryPrefix + padded(index);
}

/** Key of a block's root. */
export function treeKey(level: number, number: number): string {
  return `${treePrefix}${String(level)}/${padded(number)}`;
}

/** A write of one entry. */
export function putEntry(entry: AuditEntry): Op {
  return { put: entryKey(entry.index), value: utf8(writeEntry(entry)) };
}

/** A write of a signed head. */
export function putHead(head: Signed<AuditHead>): Op {
  return { put: headPrefix + padded(head.index), value: utf8(canonicalJson(head)) };
}

/** A write of the end. */
export function putEnd(end: ChainEnd): Op {
  return { put: endKey, value: utf8(canonicalJson(end)) };
}

/** The entry in `value`; undefined unless it is written in its one spelling. */
export function readEntry(value: Uint8Array, key: string): AuditEntry | undefined {
  try {
    const written = fromUtf8(value, key);
    const entry = parseJson(written, auditEntryShape, key);
    return writeEntry(entry) === written ? entry : undefined;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}

/** Who the log is; undefined before its first entry. Throws `SCHEMA_INVALID` for something else. */
export async function readLog(view: LogView): Promise<LogRow | undefined> {
  const entry = await view.get(logKey);
  return entry && parseJson(fromUtf8(entry.value, logKey), logShape, logKey);
}

/** A write of who the log is. */
export function putLog(row: LogRow): Op {
  return { put: logKey, value: utf8(canonicalJson(row)) };
}

/** Signed heads by the index they cover; undefined for one that cannot be read. */
export async function readHeads(
  view: LogView,
): Promise<ReadonlyMap<number, Signed<AuditHead> | undefined>> {
  const heads = new Map<number, Signed<AuditHead> | undefined>();
  for await (const { key, value } of view.scan({ prefix: headPrefix })) {
    heads.set(Number(key.slice(headPrefix.length)), readHead(key, value));
  }
  return heads;
}

/** The newest signed head that can be read. */
export async function readNewestHead(view: LogView): Promise<Signed<AuditHead> | undefined> {
  for await (const { key, value } of view.scan({ prefix: headPrefix, reverse: true })) {
    const head = readHead(key, value);
    if (head !== undefined) return head;
  }
  return undefined;
}

/** The end that was written last; undefined for a log without entries. Throws `SCHEMA_INVALID` for something else. */
export async function readEnd(
  view: LogView,
): Promise<{ readonly end: ChainEnd; readonly revision: Revision } | undefined> {
  const entry = await view.get(endKey);
  if (entry === undefined) return undefined;
  const end = parseJson(fromUtf8(entry.value, endKey), endShape, endKey);
  return { end, revision: entry.revision };
}

function readHead(key: string, value: Uint8Array): Signed<AuditHead> | undefined {
  try {
    const head = parseJson(fromUtf8(value, key), headShape, key);
    return headPrefix + padded(head.index) === key ? head : undefined;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}

const endShape: Shape<ChainEnd> = object({
  length: integer({ min: 1 }),
  at: instant,
  hash: hashText,
});

/** Parser of names of logs. */
export const logName = text({
  min: 22,
  max: 22,
  pattern: /^[A-Za-z0-9_-]+$/,
  what: 'the name of a log',
});

const logShape: Shape<LogRow> = object({
  format: integer({ min: 1, max: 1 }),
  log: logName,
  secret: hashText,
}) as unknown as Shape<LogRow>;

/** Parser of signed heads. */
export const headShape = object({
  format: integer({ min: 1, max: 1 }),
  keeper: did,
  tenant: optional(nodeName),
  log: logName,
  index: integer(),
  hash: hashText,
  root: hashText,
  at: instant,
  proof: proofShape,
}) as unknown as Shape<Signed<AuditHead>>;

function padded(index: number): string {
  return String(index).padStart(16, '0');
}
