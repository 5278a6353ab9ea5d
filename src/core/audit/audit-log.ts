/**
 * The log of what happened: appended to, never changed, each entry bound to all before it.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { integer, object, optional, parseJson, type Shape, text } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Condition, Op, Store } from '../../ports/store.ts';
import { proofShape, sign, type Signed, verifySigned } from '../../schema/signed.ts';
import { did, instant, toInstant } from '../../schema/words.ts';
import {
  type AuditEntry,
  auditEntryShape,
  type ChainEnd,
  emptyChain,
  endOf,
  link,
  linkProblem,
  writeEntry,
} from './chain.ts';
import type { Keys } from './needs.ts';

/** The keeper's signature under everything up to one entry. */
export interface AuditHead {
  readonly format: 1;
  readonly keeper: Did;
  /** Index of the last entry covered. */
  readonly index: number;
  /** Hash of that entry. */
  readonly hash: string;
  readonly at: string;
}

/** Options of {@link AuditLog}. */
export interface AuditLogOptions {
  /** Whose log it is. */
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys;
  /** This log's own part of the store; must be conditional. */
  readonly store: Store;
  readonly clock: Clock;
  /** Entries between two signed heads. Default 256. */
  readonly headEvery?: number;
}

/** Which entries to read. */
export interface EntryFilter {
  /** First instant, inclusive. */
  readonly from?: string;
  /** Last instant, exclusive. */
  readonly to?: string;
  readonly kind?: string;
  /** Entries at most. Default: all. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** What {@link AuditLog.verify} found. */
export interface AuditVerdict {
  readonly intact: boolean;
  /** Entries that stand. */
  readonly entries: number;
  /** Entries that are under a signed head that holds; those after them are only chained. */
  readonly signed: number;
  /** Index of the first entry that does not stand. */
  readonly firstBreak?: number;
  readonly because?: string;
}

interface Waiting {
  readonly entry: Pick<AuditEntry, 'at' | 'kind' | 'body'>;
  /** Absent for entries nobody waits for. */
  readonly settle?: { resolve(entry: AuditEntry): void; reject(error: unknown): void };
}

/** Entries that may wait to be written. */
const waitingLimit = 10_000;
/** Entries written at once. */
const batchLimit = 500;
/** Characters of the longest body, as canonical JSON. */
const bodyLimit = 65_536;
/** Milliseconds until entries nobody waits for are tried again, after the store had failed. */
const retryMs = 1_000;
/** How often a batch is tried against other writers of the same log. */
const writeAttempts = 8;

/** A hash-chained log in a store. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #headEvery: number;
  #end: ChainEnd = emptyChain;
  #endRevision: number | null = null;
  #headAt = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #opened: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#headEvery = options.headEvery ?? 256;
  }

  /** Finds the end of the log; the first append does so by itself. Throws `STORE_CORRUPT` when the end is not there. */
  open(): Promise<void> {
    this.#opened ??= this.#findEnd();
    return this.#opened;
  }

  /**
   * Adds an entry and resolves once it is stored. Throws `SCHEMA_INVALID` for a body that is not JSON, `LIMIT_EXCEEDED`
   * above 64 KiB, `OVERLOADED` while 10,000 wait, `CLOSED`, or what the store throws: then nothing was added.
   */
  append(kind: string, body: Json): Promise<AuditEntry> {
    return new Promise((resolve, reject) => {
      this.#add(kind, body, { resolve, reject });
    });
  }

  /**
   * Adds an entry without waiting; it is stored in its turn, and tried again while the store fails. Throws like
   * {@link append}, at once; nothing is dropped silently.
   */
  appendSoon(kind: string, body: Json): void {
    this.#add(kind, body);
  }

  /** Resolves when everything added so far is stored, or has failed. */
  async flush(): Promise<void> {
    await this.open();
    await this.#write();
  }

  /** Entries in order, as they are stored. Does not check the chain: `verify()` does. */
  async *entries(filter: EntryFilter = {}): AsyncIterable<AuditEntry> {
    const { from, to, kind, limit = Infinity, signal } = filter;
    await this.flush();
    let count = 0;
    for await (const { key, value } of this.#options.store.scan({ prefix: entryPrefix })) {
      throwIfAborted(signal, 'reading the audit log');
      if (count >= limit) return;
      const entry = parseJson(fromUtf8(value, key), auditEntryShape, key);
      if (kind !== undefined && entry.kind !== kind) continue;
      if ((from !== undefined && entry.at < from) || (to !== undefined && entry.at >= to)) continue;
      count += 1;
      yield entry;
    }
  }

  /** Walks the whole chain and its signed heads, and names the first break. Appends wait meanwhile. */
  async verify(): Promise<AuditVerdict> {
    await this.open();
    let verdict: AuditVerdict | undefined;
    await this.#inTurn(async () => {
      verdict = await this.#walk();
    });
    return verdict!;
  }

  /** Signed heads, oldest first. */
  async heads(): Promise<readonly Signed<AuditHead>[]> {
    const heads: Signed<AuditHead>[] = [];
    for await (const { key, value } of this.#options.store.scan({ prefix: headPrefix })) {
      heads.push(parseJson(fromUtf8(value, key), headShape, key));
    }
    return heads;
  }

  /** Stores what waits, signs the end, and takes no more. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  #add(kind: string, body: Json, settle?: Waiting['settle']): void {
    if (this.#closing !== undefined) throw new MeshError('CLOSED', { what: 'the audit log' });
    if (this.#waiting.length >= waitingLimit) {
      throw new MeshError('OVERLOADED', { what: 'the audit log', limit: waitingLimit });
    }
    const at = toInstant(this.#options.clock.now());
    const entry = { at, kind: kindShape(kind, 'kind'), body: frozen(body) };
    this.#waiting.push({ entry, ...(settle === undefined ? {} : { settle }) });
    // Everything added within this turn of the event loop goes into one write.
    void this.flush().catch(() => undefined);
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    await this.#inTurn(async () => {
      while (this.#waiting.length > 0) {
        if (!(await this.#writeBatch())) return;
      }
    });
  }

  /** One batch; false when the store failed. Who waits is told, and what nobody waits for stays in its place. */
  async #writeBatch(): Promise<boolean> {
    const batch = this.#waiting.splice(0, batchLimit);
    try {
      const entries = await this.#store(batch.map(({ entry }) => entry));
      batch.forEach(({ settle }, i) => settle?.resolve(entries[i]!));
      await this.#signHead(this.#headEvery);
      return true;
    } catch (error) {
      for (const { settle } of batch) settle?.reject(error);
      this.#waiting.unshift(...batch.filter(({ settle }) => settle === undefined));
      this.#retryLater();
      return false;
    }
  }

  async #store(
    entries: readonly Pick<AuditEntry, 'at' | 'kind' | 'body'>[],
  ): Promise<readonly AuditEntry[]> {
    const { store } = this.#options;
    for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
      const linked: AuditEntry[] = [];
      let end = this.#end;
      for (const entry of entries) {
        const next = link(end, entry);
        linked.push(next);
        end = endOf(next);
      }
      const ops: Op[] = linked.map((entry) => putText(entryKey(entry.index), writeEntry(entry)));
      const conditions: Condition[] = [{ key: endKey, revision: this.#endRevision }];
      const commit = await store.write([...ops, putText(endKey, canonicalJson(end))], {
        if: conditions,
      });
      if (commit.ok) {
        this.#end = end;
        this.#endRevision = commit.revision;
        return linked;
      }
      // Another process wrote to the same log: go on after it.
      await this.#findEnd();
    }
    throw new MeshError('STORE_FAILED', { store: 'audit', detail: 'no turn to write the log' });
  }

  async #findEnd(): Promise<void> {
    const entry = await this.#options.store.get(endKey);
    if (entry === undefined) return;
    const end = parseJson(fromUtf8(entry.value, endKey), endShape, endKey);
    const last = await this.#options.store.get(entryKey(end.length - 1));
    if (last === undefined) {
      const detail = `entry ${String(end.length - 1)}, its last, is missing`;
      throw new MeshError('STORE_CORRUPT', { store: 'audit', detail });
    }
    this.#end = end;
    this.#endRevision = entry.revision;
    this.#headAt = ((await this.heads()).at(-1)?.index ?? -1) + 1;
  }

  /** Signs the end when at least `every` entries came since the last head. */
  async #signHead(every: number): Promise<void> {
    const { length, hash } = this.#end;
    if (hash === undefined || length - this.#headAt < every) return;
    const { did: keeper, signer, clock, store } = this.#options;
    const index = length - 1;
    const head: AuditHead = { format: 1, keeper, index, hash, at: toInstant(clock.now()) };
    const signed = await sign('audit-head', head, signer);
    await store.write([putText(headKey(index), canonicalJson(signed))]);
    this.#headAt = length;
  }

  async #walk(): Promise<AuditVerdict> {
    const heads = new Map((await this.heads()).map((head) => [head.index, head]));
    let end = emptyChain;
    let signed = 0;
    const broken = (because: string): AuditVerdict => {
      return { intact: false, entries: end.length, signed, firstBreak: end.length, because };
    };
    for await (const { key, value } of this.#options.store.scan({ prefix: entryPrefix })) {
      if (key !== entryKey(end.length)) return broken(`in its place is ${key}`);
      const entry = readEntry(value, key);
      if (entry === undefined) return broken('it cannot be read');
      const problem =
        linkProblem(end, entry) ?? (await this.#headProblem(heads.get(entry.index), entry));
      if (problem !== undefined) return broken(problem);
      end = endOf(entry);
      if (heads.has(entry.index)) signed = end.length;
    }
    const missing = [...heads.keys()].some((index) => index >= end.length);
    const written = await this.#writtenEnd();
    if (missing || written.length !== end.length || written.hash !== end.hash) {
      return broken('it is missing');
    }
    return { intact: true, entries: end.length, signed };
  }

  async #headProblem(
    head: Signed<AuditHead> | undefined,
    entry: AuditEntry,
  ): Promise<string | undefined> {
    if (head === undefined) return undefined;
    const { did: keeper, keys } = this.#options;
    if (head.hash !== entry.hash) return 'it is not what was signed';
    try {
      await verifySigned('audit-head', head, keeper, keys.verify);
    } catch (error) {
      if (!MeshError.is(error)) throw error;
      return 'its signed head does not verify';
    }
    return undefined;
  }

  async #writtenEnd(): Promise<ChainEnd> {
    const entry = await this.#options.store.get(endKey);
    return entry === undefined ? emptyChain : parseJson(fromUtf8(entry.value), endShape, endKey);
  }

  async #finish(): Promise<void> {
    this.#cancelRetry?.();
    await this.flush();
    if (this.#waiting.length > 0) {
      const detail = `${String(this.#waiting.length)} entries could not be written`;
      throw new MeshError('STORE_FAILED', { store: 'audit', detail });
    }
    await this.#signHead(1);
  }

  #retryLater(): void {
    if (this.#waiting.length === 0 || this.#cancelRetry !== undefined) return;
    this.#cancelRetry = this.#options.clock.after(retryMs, () => {
      this.#cancelRetry = undefined;
      void this.flush().catch(() => undefined);
    });
  }

  /** One at a time: writers and the walk do not see each other half done. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.catch(() => undefined);
    this.#writing = work();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
  }
}

const entryPrefix = 'entry/';
const headPrefix = 'head/';
const endKey = 'end';

const kindShape = text({ min: 1, max: 64, pattern: /^[a-z][a-z0-9.-]*$/, what: 'a kind' });

const endShape: Shape<ChainEnd> = object({
  length: integer({ min: 1 }),
  hash: optional(text({ max: 128 })),
});

const headShape = object({
  format: integer({ min: 1, max: 1 }),
  keeper: did,
  index: integer(),
  hash: text({ max: 128 }),
  at: instant,
  proof: proofShape,
}) as unknown as Shape<Signed<AuditHead>>;

/** The body as it is now: what the caller does with it later changes nothing. */
function frozen(body: Json): Json {
  const json = canonicalJson(body);
  if (json.length > bodyLimit) {
    const params = { what: 'the body of an audit entry', limit: bodyLimit, got: json.length };
    throw new MeshError('LIMIT_EXCEEDED', params);
  }
  return JSON.parse(json) as Json;
}

/** The entry in `value`; undefined unless it is written in its one spelling. */
function readEntry(value: Uint8Array, key: string): AuditEntry | undefined {
  try {
    const written = fromUtf8(value, key);
    const entry = parseJson(written, auditEntryShape, key);
    return writeEntry(entry) === written ? entry : undefined;
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}

/** Decimal and padded, so that the order of keys is the order of entries. */
function entryKey(index: number): string {
  return `${entryPrefix}${String(index).padStart(16, '0')}`;
}

function headKey(index: number): string {
  return `${headPrefix}${String(index).padStart(16, '0')}`;
}

function putText(key: string, value: string): Op {
  return { put: key, value: utf8(value) };
}
