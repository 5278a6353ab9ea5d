/**
 * What is handed to somebody who does not trust this node: entries, the signature under them, and all it takes to check both.
 * As an object, or as lines of JSON for logs of any length. docs/protocol/audit.md has the format.
 * @module
 */
import { fromUtf8 } from '../../base/bytes.ts';
import type { Did } from '../../base/ids.ts';
import {
  integer,
  isPlainObject,
  list,
  object,
  optional,
  parseJson,
  refused,
  type Shape,
  text,
  unknown,
} from '../../base/shape.ts';
import { proofShape, type Signed } from '../../schema/signed.ts';
import { did, instant, nodeName } from '../../schema/words.ts';
import { type AuditEntry, type AuditStub, hashText, shownEntryShape } from './chain.ts';
import { type AuditHead, headShape, type LogKeeper, type LogName, logName } from './log-rows.ts';

/** What the keeper says of a bundle, under its signature. */
export interface AuditManifest extends LogKeeper {
  readonly format: 1;
  /** When it was made. */
  readonly at: string;
  /** Name of the log; absent for one without entries. */
  readonly log?: string;
  /** Entries in the log when it was made. */
  readonly size: number;
  /** Number of the first entry here. */
  readonly first: number;
  /** Number after the last entry here. */
  readonly end: number;
  /** Hash of the last entry here; absent when there is none. */
  readonly hash?: string;
  /** What was asked for: entries from this instant on, ... */
  readonly from?: string;
  /** ... before this one, ... */
  readonly to?: string;
  /** ... of these kinds and what is below them. Others are shown without what they say. */
  readonly include?: readonly string[];
}

/** A peer's word that it saw a head, and when by its own clock. */
export interface AuditWitness extends LogName {
  readonly format: 1;
  readonly index: number;
  readonly hash: string;
  readonly by: Did;
  readonly at: string;
}

/** A head that was put where it cannot be taken back. */
export interface AnchoredHead {
  readonly index: number;
  readonly hash: string;
  /** Name of the anchor. */
  readonly anchor: string;
  /** By the anchor's clock. */
  readonly at: string;
  /** base64url; the anchor can check it. */
  readonly proof: string;
}

/** A subject's key, shown so that what it sealed can be read. */
export interface ShownKey {
  readonly tag: string;
  /** base64url of 32 bytes. */
  readonly secret: string;
}

/** A bundle as one object. */
export interface AuditBundle {
  readonly manifest: Signed<AuditManifest>;
  /** Key histories of the keeper and of witnesses, where their DIDs have some. */
  readonly didLogs: readonly unknown[];
  readonly keys: readonly ShownKey[];
  readonly heads: readonly Signed<AuditHead>[];
  readonly witnesses: readonly Signed<AuditWitness>[];
  readonly anchors: readonly AnchoredHead[];
  readonly entries: readonly (AuditEntry | AuditStub)[];
}

/** One line of a bundle: one of its members. The manifest is the first. */
export type BundleItem =
  | { readonly manifest: Signed<AuditManifest> }
  | { readonly didLog: unknown }
  | { readonly key: ShownKey }
  | { readonly entry: AuditEntry | AuditStub }
  | { readonly head: Signed<AuditHead> }
  | { readonly witness: Signed<AuditWitness> }
  | { readonly anchor: AnchoredHead };

/** A bundle in any of its forms. */
export type AnyBundle =
  | AuditBundle
  | string
  | Uint8Array
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>;

/** Characters of the longest line: an entry of 64 KiB whose every character is escaped, or a key history. */
const lineLimit = 1 << 20;

/** Items of a bundle, each as it came; `itemShape` checks them. Throws `SCHEMA_INVALID` for what has no lines. */
export async function* itemsOf(bundle: unknown): AsyncIterable<unknown> {
  if (typeof bundle === 'string' || bundle instanceof Uint8Array) {
    yield* itemsOfText(typeof bundle === 'string' ? bundle : fromUtf8(bundle, 'bundle'));
  } else if (isPlainObject(bundle) && 'manifest' in bundle) {
    yield* itemsOfObject(bundle);
  } else if (isIterable(bundle)) {
    for await (const line of linesOf(bundle)) if (line !== '') yield jsonOf(line);
  } else {
    throw refused('bundle', 'an audit bundle', bundle);
  }
}

/** Parser of one item. */
export const itemShape: Shape<BundleItem> = (value, at) => {
  const [member, ...others] = isPlainObject(value) ? Object.keys(value) : [];
  const shape = others.length === 0 ? memberShapes.get(member ?? '') : undefined;
  if (shape === undefined || member === undefined) throw refused(at, 'one item of a bundle', value);
  const checked = shape((value as Record<string, unknown>)[member], `${at}.${member}`);
  return { [member]: checked } as unknown as BundleItem;
};

function* itemsOfText(whole: string): Iterable<unknown> {
  const json = whole.includes('\n') ? undefined : jsonOf(whole);
  if (isPlainObject(json) && Array.isArray(json['entries'])) {
    yield* itemsOfObject(json);
    return;
  }
  for (const line of whole.split('\n')) if (line !== '') yield jsonOf(line);
}

/** The members in the order of lines: heads follow the entry they are about. */
function* itemsOfObject(bundle: Readonly<Record<string, unknown>>): Iterable<unknown> {
  yield { manifest: bundle['manifest'] };
  for (const didLog of listIn(bundle, 'didLogs')) yield { didLog };
  for (const key of listIn(bundle, 'keys')) yield { key };
  for (const witness of listIn(bundle, 'witnesses')) yield { witness };
  for (const anchor of listIn(bundle, 'anchors')) yield { anchor };
  const heads = [...listIn(bundle, 'heads')];
  for (const entry of listIn(bundle, 'entries')) {
    yield { entry };
    while (heads.length > 0 && indexOf(heads[0]) === indexOf(entry)) yield { head: heads.shift() };
  }
  for (const head of heads) yield { head };
}

function listIn(bundle: Readonly<Record<string, unknown>>, member: string): readonly unknown[] {
  const items = bundle[member] ?? [];
  if (!Array.isArray(items)) throw refused(`bundle.${member}`, 'a list', items);
  return items as readonly unknown[];
}

function indexOf(value: unknown): unknown {
  return isPlainObject(value) ? value['index'] : undefined;
}

function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** Lines out of chunks of any length. */
async function* linesOf(chunks: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunks) {
    rest += textIn(chunk, decoder);
    let from = 0;
    for (let to = rest.indexOf('\n'); to >= 0; to = rest.indexOf('\n', from)) {
      yield rest.slice(from, to);
      from = to + 1;
    }
    rest = rest.slice(from);
    if (rest.length > lineLimit) throw refused('bundle', 'lines of at most 1 MiB', rest.length);
  }
  yield rest;
}

function textIn(chunk: unknown, decoder: TextDecoder): string {
  if (typeof chunk === 'string') return chunk;
  if (!(chunk instanceof Uint8Array)) throw refused('bundle', 'text or bytes', chunk);
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    throw refused('bundle', 'UTF-8', 'other bytes');
  }
}

function jsonOf(line: string): unknown {
  return parseJson(line, unknown, 'bundle', Math.max(lineLimit, line.length));
}

const manifestShape = object({
  format: integer({ min: 1, max: 1 }),
  keeper: did,
  tenant: optional(nodeName),
  at: instant,
  log: optional(logName),
  size: integer(),
  first: integer(),
  end: integer(),
  hash: optional(hashText),
  from: optional(instant),
  to: optional(instant),
  include: optional(list(text({ min: 1, max: 64 }), { max: 256 })),
  proof: proofShape,
}) as unknown as Shape<Signed<AuditManifest>>;

/** Parser of witnesses. */
export const witnessShape = object({
  format: integer({ min: 1, max: 1 }),
  keeper: did,
  tenant: optional(nodeName),
  log: logName,
  index: integer(),
  hash: hashText,
  by: did,
  at: instant,
  proof: proofShape,
}) as unknown as Shape<Signed<AuditWitness>>;

/** Parser of anchored heads. */
export const anchoredShape: Shape<AnchoredHead> = object({
  index: integer(),
  hash: hashText,
  anchor: text({ min: 1, max: 128 }),
  at: instant,
  proof: text({ max: 65_536, pattern: /^[A-Za-z0-9_-]*$/, what: 'base64url' }),
});

const memberShapes: ReadonlyMap<string, Shape<unknown>> = new Map<string, Shape<unknown>>([
  ['manifest', manifestShape],
  ['didLog', unknown],
  ['key', object({ tag: hashText, secret: hashText })],
  ['entry', shownEntryShape],
  ['head', headShape],
  ['witness', witnessShape],
  ['anchor', anchoredShape],
]);
