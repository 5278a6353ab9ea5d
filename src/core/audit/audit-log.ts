/**
 * The log of what happened: appended to, never changed, each entry bound to all before it.
 * @module
 */
import { throwIfAborted } from '../../base/abort.ts';
import { fromUtf8 } from '../../base/bytes.ts';
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { parseJson, text } from '../../base/shape.ts';
import type { Entry } from '../../ports/store.ts';
import { type Signed, sign } from '../../schema/signed.ts';
import { toInstant } from '../../schema/words.ts';
import type { AuditLogOptions, EntryFilter, EraseOptions, Erasure } from './audit-log-options.ts';
import { type AuditEntry, auditEntryShape, type ChainEnd } from './chain.ts';
import { type Draft, LogEnd } from './log-end.ts';
import {
  type AuditHead,
  entryKey,
  entryPrefix,
  type LogKeeper,
  type LogName,
  putHead,
  readHeads,
  readNewestHead,
} from './log-rows.ts';
import { type AboutSubject, putTogether, takeApart } from './personal.ts';
import { type SubjectKeys, unseal } from './subject-keys.ts';
import { StoredTree } from './tree.ts';
import { type AuditVerdict, verifyLog } from './verify-log.ts';

interface Waiting {
  readonly entry: Draft;
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
/** Characters of the basis of an erasure. */
const basisLimit = 256;

/** Whose log it is. */
function keeperOf({ did, tenant }: AuditLogOptions): LogKeeper {
  return { keeper: did, ...(tenant !== undefined && { tenant }) };
}

/** A hash-chained log in a store. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #headEvery: number;
  readonly #end: LogEnd;
  /** The newest signed head. */
  #head: Signed<AuditHead> | undefined;
  #waiting: Waiting[] = [];
  /** A flush is under way that has not begun to write. */
  #scheduled = false;
  #turn: Promise<unknown> | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelHead: (() => void) | undefined;
  #opened: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#headEvery = options.headEvery ?? 256;
    this.#end = new LogEnd(options);
  }

  /** Finds the end of the log; the first append does so by itself. Throws `STORE_CORRUPT` when the end is not there. */
  open(): Promise<void> {
    this.#opened ??= this.#find().catch((error: unknown) => {
      // What failed once, e.g. a store that was away, may be tried again.
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Which log it is; undefined before its first entry. */
  get name(): LogName | undefined {
    const { log } = this.#end;
    return log === undefined ? undefined : { ...keeperOf(this.#options), log };
  }

  /** Where the chain ends now. */
  get end(): ChainEnd {
    return this.#end.chain;
  }

  /**
   * Adds an entry and resolves once it is stored. Throws `SCHEMA_INVALID` for a body that is not JSON, `LIMIT_EXCEEDED`
   * above 64 KiB, `OVERLOADED` while 10,000 wait, `CLOSED`, or what the store throws: then nothing was added.
   */
  append(kind: string, body: Json, about: AboutSubject = {}): Promise<AuditEntry> {
    return new Promise((resolve, reject) => {
      this.#add(this.#draft(kind, body, about), { resolve, reject });
    });
  }

  /**
   * Adds an entry without waiting; it is stored in its turn, and tried again while the store fails. Throws like
   * {@link append}, at once; nothing is dropped silently.
   */
  appendSoon(kind: string, body: Json, about: AboutSubject = {}): void {
    this.#add(this.#draft(kind, body, about));
  }

  /**
   * Deletes the key of `subject`: what was sealed with it can no longer be read by anybody, here or in any copy, and the chain
   * still holds. Resolves once the deletion and the entry that says so are as durable as the store can make them. What is added
   * about the subject later is sealed with a new key.
   */
  async erase(options: EraseOptions, removed: Erasure['removed'] = {}): Promise<Erasure> {
    checkErasure(options);
    const { subject, basis } = options;
    const body = { basis, ...(Object.keys(removed).length > 0 && { removed }) };
    const draft = { ...this.#draft('erasure', body, {}), erases: subject };
    const entry = await new Promise<AuditEntry>((resolve, reject) => {
      this.#add(draft, { resolve, reject });
    });
    return { entry, found: (entry.body as { found: boolean }).found, removed };
  }

  /** Ids of the receipts about `subject`. Walks the whole log. */
  async receiptsAbout(subject: string): Promise<ReadonlySet<string>> {
    const receipts = new Set<string>();
    await this.flush();
    const tag = await this.#end.keys?.tagOf(subject);
    if (tag === undefined) return receipts;
    for await (const { sealed, body } of this.entries({ kind: 'task' })) {
      if (sealed?.tag === tag) receipts.add((body as { readonly id: string }).id);
    }
    return receipts;
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
    const { from, to, kind, limit = Infinity, reveal = false, signal } = filter;
    await this.flush();
    let count = 0;
    for await (const { key, value } of this.#options.store.scan({ prefix: entryPrefix })) {
      throwIfAborted(signal, 'reading the audit log');
      if (count >= limit) return;
      const entry = parseJson(fromUtf8(value, key), auditEntryShape, key);
      if (kind !== undefined && entry.kind !== kind) continue;
      if ((from !== undefined && entry.at < from) || (to !== undefined && entry.at >= to)) continue;
      count += 1;
      yield reveal ? await this.revealed(entry) : entry;
    }
  }

  /** `entry` with what was sealed put back into its body; as it is where its subject was erased. */
  async revealed(entry: AuditEntry): Promise<AuditEntry> {
    const { sealed, index, kind, body } = entry;
    const [keys, log] = [this.#end.keys, this.#end.log];
    if (sealed === undefined || keys === undefined || log === undefined) return entry;
    const secret = await keys.secretOf(sealed.tag);
    const plain = secret && unseal(sealed, secret, { log, index, kind }, this.#options.crypto);
    if (plain === undefined) return entry;
    const personal = JSON.parse(fromUtf8(plain)) as Json;
    return { ...entry, body: putTogether(body, personal) };
  }

  /** Walks the whole chain and its signed heads, and names the first break. Appends wait meanwhile. */
  async verify(): Promise<AuditVerdict> {
    await this.open();
    const { keys, crypto, store } = this.#options;
    const keeper = keeperOf(this.#options);
    return this.#inTurn(async () => {
      // Other processes may write to the same log during the walk; a snapshot does not see it.
      const snapshot = await store.snapshot?.();
      try {
        return await verifyLog(snapshot ?? store, keeper, { keys, crypto });
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

  /** Stores what waits and signs the end of the log, unless it is signed; undefined for a log without entries. */
  async seal(): Promise<Signed<AuditHead> | undefined> {
    await this.flush();
    return this.#inTurn(async () => {
      await this.#drain();
      return (await this.#signHead(1)) ?? this.#head;
    });
  }

  /**
   * The log's tree, for proofs.
   * @internal
   */
  get tree(): StoredTree {
    return new StoredTree(this.#options.store, this.#options.crypto);
  }

  /**
   * Keys of subjects; undefined before the first entry.
   * @internal
   */
  get subjects(): SubjectKeys | undefined {
    return this.#end.keys;
  }

  /** The entry with this number; `NOT_FOUND`. */
  async at(index: number): Promise<AuditEntry> {
    const row = Number.isSafeInteger(index) && index >= 0 && (await this.#row(index));
    if (!row) throw new MeshError('NOT_FOUND', { what: 'audit entry', id: index });
    return parseJson(fromUtf8(row.value), auditEntryShape, 'the entry');
  }

  /** Stores what waits, signs the end, and takes no more. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  #row(index: number): Promise<Entry | undefined> {
    return this.#options.store.get(entryKey(index));
  }

  #draft(kind: string, body: Json, about: AboutSubject): Draft {
    const at = toInstant(this.#options.clock.now());
    const { body: open, personal } = takeApart(frozen(body), about);
    return {
      at,
      kind: kindShape(kind, 'kind'),
      body: open,
      ...(personal !== undefined && { personal, subject: about.subject! }),
    };
  }

  #add(entry: Draft, settle?: Waiting['settle']): void {
    if (this.#closing !== undefined) throw new MeshError('CLOSED', { what: 'the audit log' });
    if (this.#waiting.length >= waitingLimit) {
      throw new MeshError('OVERLOADED', { what: 'the audit log', limit: waitingLimit });
    }
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
    const batch = this.#waiting.splice(0, this.#batchLength());
    try {
      const entries = await this.#end.store(batch.map(({ entry }) => entry));
      batch.forEach(({ settle }, i) => settle?.resolve(entries[i]!));
    } catch (error) {
      this.#fail(batch, error);
      return false;
    }
    // The entries stand, signed or not: a head that could not be signed now is signed after a later batch.
    await this.#signHead(this.#headEvery).catch(() => undefined);
    this.#signLater();
    return true;
  }

  /** An erasure is written alone: before it lies what its key sealed, behind it what a new key does. */
  #batchLength(): number {
    const erasure = this.#waiting.findIndex(({ entry }) => entry.erases !== undefined);
    if (erasure < 0) return batchLimit;
    return erasure === 0 ? 1 : Math.min(erasure, batchLimit);
  }

  /** Who waits is told; what nobody waits for keeps its place and is tried again. */
  #fail(batch: readonly Waiting[], error: unknown): void {
    for (const { settle } of batch) settle?.reject(error);
    this.#waiting.unshift(...batch.filter(({ settle }) => settle === undefined));
    this.#retryLater();
  }

  async #find(): Promise<void> {
    await this.#end.find();
    this.#head = await readNewestHead(this.#options.store);
  }

  /** Signs the end when at least `every` entries came since the last head. */
  async #signHead(every: number): Promise<Signed<AuditHead> | undefined> {
    const { length, hash } = this.#end.chain;
    const { name } = this;
    if (hash === undefined || name === undefined || length - this.#headAt < every) return undefined;
    const { signer, clock, store } = this.#options;
    const root = this.#end.root();
    const at = toInstant(clock.now());
    const head: AuditHead = { format: 1, ...name, index: length - 1, hash, root, at };
    const signed = await sign('audit-head', head, signer).catch((error: unknown) => {
      // An identity that was ended signs no more; what comes after its last head is only chained.
      if (!MeshError.is(error, 'DID_DEACTIVATED')) throw error;
      return undefined;
    });
    if (signed === undefined) return undefined;
    await store.write([putHead(signed)]);
    this.#head = signed;
    this.#cancelHead?.();
    this.#cancelHead = undefined;
    this.#options.onHead?.(signed);
    return signed;
  }

  /** Entries under the newest signed head. */
  get #headAt(): number {
    return (this.#head?.index ?? -1) + 1;
  }

  #signLater(): void {
    const { headAfterMs, clock } = this.#options;
    if (headAfterMs === undefined || this.#cancelHead !== undefined) return;
    if (this.#headAt === this.#end.chain.length || this.#closing !== undefined) return;
    this.#cancelHead = clock.after(headAfterMs, () => {
      this.#cancelHead = undefined;
      // What cannot be signed now is signed after a later batch.
      this.seal().catch(() => undefined);
    });
  }

  async #finish(): Promise<void> {
    // A log that was never used has nothing to read, write or sign.
    if (this.#opened === undefined && this.#waiting.length === 0) return;
    this.#cancelHead?.();
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

/** Throws `INVALID_ARGUMENT` for a subject that is no name, or a basis that says it. */
export function checkErasure({ subject, basis }: EraseOptions): void {
  takeApart(null, { subject });
  if (basis !== '' && basis.length <= basisLimit && !basis.includes(subject)) return;
  const expected = `1 to ${String(basisLimit)} characters without the subject's name`;
  throw new MeshError('INVALID_ARGUMENT', { argument: 'basis', expected, got: basis });
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
