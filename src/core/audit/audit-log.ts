/**
 * The log of what happened: appended to, never changed, each entry bound to all before it.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { fromUtf8 } from '../../base/bytes.ts';
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { parseJson, text } from '../../base/shape.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Condition, Op, Store } from '../../ports/store.ts';
import { type Signed, sign } from '../../schema/signed.ts';
import { toInstant } from '../../schema/words.ts';
import {
  type AuditEntry,
  auditEntryShape,
  type ChainEnd,
  emptyChain,
  endOf,
  link,
} from './chain.ts';
import {
  type AuditHead,
  endKey,
  entryKey,
  entryPrefix,
  type LogKeeper,
  putEnd,
  putEntry,
  putHead,
  readEnd,
  readHeads,
} from './log-rows.ts';
import type { Keys } from './needs.ts';
import { type AuditVerdict, verifyLog } from './verify-log.ts';

/** Options of {@link AuditLog}. */
export interface AuditLogOptions {
  /** Whose log it is. */
  readonly did: Did;
  /** Which of its tenants it belongs to. */
  readonly tenant?: string | undefined;
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

/** Whose log it is. */
function keeperOf({ did, tenant }: AuditLogOptions): LogKeeper {
  return { keeper: did, ...(tenant !== undefined && { tenant }) };
}

/** A hash-chained log in a store. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #headEvery: number;
  #end: ChainEnd = emptyChain;
  #endRevision: number | null = null;
  #headAt = 0;
  #waiting: Waiting[] = [];
  /** A flush is under way that has not begun to write. */
  #scheduled = false;
  #turn: Promise<unknown> | undefined;
  #cancelRetry: (() => void) | undefined;
  #opened: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#headEvery = options.headEvery ?? 256;
  }

  /** Finds the end of the log; the first append does so by itself. Throws `STORE_CORRUPT` when the end is not there. */
  open(): Promise<void> {
    this.#opened ??= this.#findEnd().catch((error: unknown) => {
      // What failed once, e.g. a store that was away, may be tried again.
      this.#opened = undefined;
      throw error;
    });
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
    try {
      await this.open();
    } catch (error) {
      this.#scheduled = false;
      this.#fail(this.#waiting.splice(0), error);
      throw error;
    }
    await this.#inTurn(() => this.#drain());
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
    const { keys } = this.#options;
    const keeper = keeperOf(this.#options);
    return this.#inTurn(async () => {
      // Other processes may write to the same log during the walk; a snapshot does not see it.
      const snapshot = await this.#options.store.snapshot?.();
      try {
        return await verifyLog(snapshot ?? this.#options.store, keeper, keys);
      } finally {
        await snapshot?.close();
      }
    });
  }

  /** Signed heads, oldest first. */
  async heads(): Promise<readonly Signed<AuditHead>[]> {
    const heads = await readHeads(this.#options.store);
    return [...heads.values()].filter((head) => head !== undefined);
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
    this.#flushSoon();
  }

  /** Everything added before the microtask runs goes into one write; one flush waits at a time. */
  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    void Promise.resolve()
      .then(() => this.flush())
      .catch(() => undefined);
  }

  /** Writes until nothing waits, or the store fails. */
  async #drain(): Promise<void> {
    this.#scheduled = false;
    while (this.#waiting.length > 0) {
      if (!(await this.#writeBatch())) return;
    }
  }

  /** One batch; false when the store failed. */
  async #writeBatch(): Promise<boolean> {
    const batch = this.#waiting.splice(0, batchLimit);
    try {
      const entries = await this.#store(batch.map(({ entry }) => entry));
      batch.forEach(({ settle }, i) => settle?.resolve(entries[i]!));
    } catch (error) {
      this.#fail(batch, error);
      return false;
    }
    // The entries stand, signed or not: a head that could not be signed now is signed after a later batch.
    await this.#signHead(this.#headEvery).catch(() => undefined);
    return true;
  }

  /** Who waits is told; what nobody waits for keeps its place and is tried again. */
  #fail(batch: readonly Waiting[], error: unknown): void {
    for (const { settle } of batch) settle?.reject(error);
    this.#waiting.unshift(...batch.filter(({ settle }) => settle === undefined));
    this.#retryLater();
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
      const ops: Op[] = linked.map(putEntry);
      const conditions: Condition[] = [{ key: endKey, revision: this.#endRevision }];
      const commit = await store.write([...ops, putEnd(end)], {
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
    const written = await readEnd(this.#options.store);
    if (written === undefined) return;
    const { end, revision } = written;
    const last = await this.#options.store.get(entryKey(end.length - 1));
    if (last === undefined) {
      const detail = `entry ${String(end.length - 1)}, its last, is missing`;
      throw new MeshError('STORE_CORRUPT', { store: 'audit', detail });
    }
    this.#end = end;
    this.#endRevision = revision;
    this.#headAt = ((await this.heads()).at(-1)?.index ?? -1) + 1;
  }

  /** Signs the end when at least `every` entries came since the last head. */
  async #signHead(every: number): Promise<void> {
    const { length, hash } = this.#end;
    if (hash === undefined || length - this.#headAt < every) return;
    const { signer, clock, store } = this.#options;
    const index = length - 1;
    const at = toInstant(clock.now());
    const head: AuditHead = { format: 1, ...keeperOf(this.#options), index, hash, at };
    const signed = await sign('audit-head', head, signer).catch((error: unknown) => {
      // An identity that was ended signs no more; what comes after its last head is only chained.
      if (!MeshError.is(error, 'DID_DEACTIVATED')) throw error;
      return undefined;
    });
    if (signed === undefined) return;
    await store.write([putHead(signed)]);
    this.#headAt = length;
  }

  async #finish(): Promise<void> {
    // A log that was never used has nothing to read, write or sign.
    if (this.#opened === undefined && this.#waiting.length === 0) return;
    await this.flush();
    // In one turn, so that no batch is in anybody else's hands when what is left is counted.
    await this.#inTurn(async () => {
      await this.#drain();
      this.#cancelRetry?.();
      if (this.#waiting.length > 0) {
        const detail = `${String(this.#waiting.length)} entries could not be written`;
        throw new MeshError('STORE_FAILED', { store: 'audit', detail });
      }
      await this.#signHead(1);
    });
  }

  #retryLater(): void {
    if (this.#waiting.length === 0 || this.#cancelRetry !== undefined) return;
    this.#cancelRetry = this.#options.clock.after(retryMs, () => {
      this.#cancelRetry = undefined;
      this.#flushSoon();
    });
  }

  /** One at a time: writers and the walk do not see each other half done. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#turn !== undefined) await this.#turn.catch(() => undefined);
    const turn = work();
    this.#turn = turn;
    try {
      return await turn;
    } finally {
      this.#turn = undefined;
    }
  }
}

const kindShape = text({ min: 1, max: 64, pattern: /^[a-z][a-z0-9.-]*$/, what: 'a kind' });

/** The body as it is now: what the caller does with it later changes nothing. */
function frozen(body: Json): Json {
  const json = canonicalJson(body);
  if (json.length > bodyLimit) {
    const params = { what: 'the body of an audit entry', limit: bodyLimit, got: json.length };
    throw new MeshError('LIMIT_EXCEEDED', params);
  }
  return JSON.parse(json) as Json;
}
