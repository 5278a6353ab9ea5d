/**
 * Makes bundles out of a log: line by line, so that a log of any length takes no more memory than one entry.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { fromUtf8, toBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { parseJson } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import { type Signed, sign } from '../../schema/signed.ts';
import { toInstant } from '../../schema/words.ts';
import type { AuditLog } from './audit-log.ts';
import type {
  AnchoredHead,
  AuditBundle,
  AuditManifest,
  AuditWitness,
  BundleItem,
} from './bundle.ts';
import { type AuditEntry, auditEntryShape, stubOf } from './chain.ts';
import { isIncludedKind } from './included-kind.ts';
import { type AuditHead, entryKey, entryPrefix, type LogKeeper } from './log-rows.ts';
import type { Histories } from './needs.ts';

/** What to export. */
export interface AuditExportOptions {
  /** First instant, inclusive: anything `Date.parse` reads. Default: the beginning. */
  readonly from?: string;
  /** Last instant, exclusive. Default: now. */
  readonly to?: string;
  /** Kinds shown in full, with those below them: `task` takes `task.x` too. Others keep their place, number, kind and time. Default: all. */
  readonly include?: readonly string[];
  /**
   * Adds the keys of the subjects that were not erased, so that the reader can read what is sealed, for ever: their erasure
   * cannot reach this copy. Default false.
   */
  readonly reveal?: boolean;
  readonly signal?: AbortSignal;
}

/** What stands beside the log. */
export interface Testimony {
  readonly witnesses: readonly Signed<AuditWitness>[];
  readonly anchors: readonly AnchoredHead[];
}

/** What exporting needs. */
export interface ExporterParts {
  readonly keeper: LogKeeper;
  readonly log: AuditLog;
  readonly store: Store;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly histories: Histories | undefined;
  readonly testimony: () => Promise<Testimony>;
}

/** Entries of the largest bundle that is made as one object. */
const objectLimit = 250_000;

/** The bundle as one object; `LIMIT_EXCEEDED` for more than 250,000 entries, which only lines carry. */
export async function exportBundle(
  parts: ExporterParts,
  options: AuditExportOptions,
): Promise<AuditBundle> {
  const members = {
    didLogs: [] as unknown[],
    keys: [] as AuditBundle['keys'][number][],
    heads: [] as Signed<AuditHead>[],
    witnesses: [] as Signed<AuditWitness>[],
    anchors: [] as AnchoredHead[],
    entries: [] as AuditBundle['entries'][number][],
  };
  let manifest: Signed<AuditManifest> | undefined;
  for await (const item of exportItems(parts, options)) {
    if ('manifest' in item) {
      ({ manifest } = item);
      const got = manifest.end - manifest.first;
      if (got > objectLimit) {
        const what = 'an audit bundle that is no stream of lines';
        throw new MeshError('LIMIT_EXCEEDED', { what, limit: objectLimit, got });
      }
    } else if ('entry' in item) members.entries.push(item.entry);
    else if ('head' in item) members.heads.push(item.head);
    else if ('key' in item) members.keys.push(item.key);
    else if ('didLog' in item) members.didLogs.push(item.didLog);
    else if ('witness' in item) members.witnesses.push(item.witness);
    else members.anchors.push(item.anchor);
  }
  return { manifest: manifest!, ...members };
}

/** The bundle item by item, the manifest first. What is added to the log meanwhile is not in it. */
export async function* exportItems(
  parts: ExporterParts,
  options: AuditExportOptions,
): AsyncIterable<BundleItem> {
  const { log, clock, signer, keeper } = parts;
  const { include, signal } = options;
  const [from, to] = [instantOf(options.from, 'from'), instantOf(options.to, 'to')];
  throwIfAborted(signal, 'exporting the audit log');
  await log.seal();
  const size = log.end.length;
  const [first, end] = await rangeOf(log, size, from, to);
  const last = end === size ? log.end.hash : (await log.at(end - 1)).hash;
  const manifest: AuditManifest = {
    format: 1,
    ...keeper,
    at: toInstant(clock.now()),
    ...(log.name !== undefined && { log: log.name.log }),
    size,
    first,
    end,
    ...(last !== undefined && end > first && { hash: last }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(include !== undefined && { include: [...include] }),
  };
  yield { manifest: await sign('audit-export', manifest, signer) };
  const { witnesses, anchors } = await parts.testimony();
  const within = ({ index }: { readonly index: number }): boolean => index >= first && index < end;
  const counted = witnesses.filter(within);
  for (const did of new Set<Did>([keeper.keeper, ...counted.map(({ by }) => by)])) {
    const didLog = await parts.histories?.logOf(did);
    if (didLog !== undefined) yield { didLog };
  }
  // Before the entries, so that each can be compared as it is read.
  for (const witness of counted) yield { witness };
  for (const anchor of anchors.filter(within)) yield { anchor };
  yield* shownEntries(parts, manifest, options);
}

async function* shownEntries(
  { log, store, crypto }: ExporterParts,
  { first, end, from, to }: AuditManifest,
  { include, reveal = false, signal }: AuditExportOptions,
): AsyncIterable<BundleItem> {
  const heads = (await log.heads()).filter(({ index }) => index >= first && index < end);
  const shown = new Set<string>();
  const range = { prefix: entryPrefix, gte: entryKey(first), lt: entryKey(end) };
  for await (const { key, value } of store.scan(range)) {
    throwIfAborted(signal, 'exporting the audit log');
    const entry = parseJson(fromUtf8(value, key), auditEntryShape, key);
    const inRange =
      !(from !== undefined && entry.at < from) && !(to !== undefined && entry.at >= to);
    const full = inRange && isIncludedKind(entry.kind, include);
    if (full && reveal) yield* keyOf(entry, log, shown);
    yield { entry: full ? entry : stubOf(entry, crypto) };
    while (heads[0] !== undefined && heads[0].index <= entry.index) yield { head: heads.shift()! };
  }
}

async function* keyOf(
  { sealed }: AuditEntry,
  log: AuditLog,
  shown: Set<string>,
): AsyncIterable<BundleItem> {
  if (sealed === undefined || shown.has(sealed.tag)) return;
  shown.add(sealed.tag);
  const secret = await log.subjects?.secretOf(sealed.tag);
  if (secret !== undefined) yield { key: { tag: sealed.tag, secret: toBase64url(secret) } };
}

/**
 * Numbers of the entries to show. One entry before the range and one behind it are in, without what they say: they prove that
 * nothing of the range was left out, since time in the log never runs backwards.
 */
async function rangeOf(
  log: AuditLog,
  size: number,
  from: string | undefined,
  to: string | undefined,
): Promise<readonly [first: number, end: number]> {
  const first = from === undefined ? 0 : await firstAt(log, from, 0, size);
  const end = to === undefined ? size : await firstAt(log, to, first, size);
  return [Math.max(0, first - 1), Math.min(size, end + (end < size ? 1 : 0))];
}

/** The first entry not before `instant`; `to` when all are. */
async function firstAt(log: AuditLog, instant: string, from: number, to: number): Promise<number> {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await log.at(middle)).at < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

function instantOf(text: string | undefined, argument: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return toInstant(ms);
  const expected = 'an instant, e.g. 2026-01-31T00:00:00Z';
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: text });
}
