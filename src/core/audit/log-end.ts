/**
 * The end of a stored log: where the next entries go, sealed, linked and put into the tree in one write.
 * @module
 */
import { fromBase64url, toBase64url } from '../../base/bytes.ts';
import type { Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Random } from '../../ports/random.ts';
import type { Condition, Op, Store } from '../../ports/store.ts';
import {
  type AuditEntry,
  type ChainEnd,
  emptyChain,
  endOf,
  link,
  type SealedPart,
} from './chain.ts';
import {
  endKey,
  entryKey,
  type LogRow,
  logKey,
  putEnd,
  putEntry,
  putLog,
  readEnd,
  readLog,
} from './log-rows.ts';
import { type SubjectKey, SubjectKeys, seal } from './subject-keys.ts';
import { readEdge, TreeEdge } from './tree.ts';

/** Options of {@link LogEnd}. */
export interface LogEndOptions {
  readonly store: Store;
  readonly crypto: CryptoProvider;
  readonly random: Random;
  readonly sealingKey?: Uint8Array;
}

/** An entry before it has its place. */
export interface Draft {
  readonly at: string;
  readonly kind: string;
  readonly body: Json;
  /** Sealed with the key of `subject`. */
  readonly personal?: Json;
  readonly subject?: string;
  /** The subject whose key is deleted with the write of this entry; then it is written alone. */
  readonly erases?: string;
}

/** A batch on its way: its entries, what else is written with them, and the keys they were sealed with. */
interface Batch {
  readonly entries: AuditEntry[];
  readonly ops: Op[];
  readonly keys: Map<string, SubjectKey>;
}

/** How often a batch is tried against other writers of the same log. */
const writeAttempts = 8;

/** Where a log ends, as its store has it. One call at a time. */
export class LogEnd {
  readonly #options: LogEndOptions;
  #chain: ChainEnd = emptyChain;
  #revision: number | null = null;
  #edge = new TreeEdge();
  #row: LogRow | undefined;
  /** Whether `#row` is stored. */
  #named = false;
  #keys: SubjectKeys | undefined;

  constructor(options: LogEndOptions) {
    this.#options = options;
  }

  /** Number, time and hash of the last entry. */
  get chain(): ChainEnd {
    return this.#chain;
  }

  /** Name of the log; undefined before the first entry. */
  get log(): string | undefined {
    return this.#named ? this.#row?.log : undefined;
  }

  /** Keys of its subjects; undefined before the first entry. */
  get keys(): SubjectKeys | undefined {
    return this.#keys;
  }

  /** base64url root of the tree. */
  root(): string {
    return toBase64url(this.#edge.root(this.#options.crypto));
  }

  /** Reads where the log ends. Throws `STORE_CORRUPT` when its last entry is missing. */
  async find(): Promise<void> {
    const { store, crypto } = this.#options;
    const row = await readLog(store);
    if (row !== undefined) this.#know(row, true);
    const written = await readEnd(store);
    if (written === undefined) return;
    if (row === undefined) {
      throw new MeshError('STORE_VERSION', { store: 'audit', found: 0, supported: 1 });
    }
    const { end, revision } = written;
    if ((await store.get(entryKey(end.length - 1))) === undefined) {
      const detail = `entry ${String(end.length - 1)}, its last, is missing`;
      throw new MeshError('STORE_CORRUPT', { store: 'audit', detail });
    }
    this.#edge = await readEdge(store, end.length, crypto);
    this.#chain = end;
    this.#revision = revision;
  }

  /** Adds `drafts` in one write; nothing was added when it throws, unless the store itself does not know. */
  async store(drafts: readonly Draft[]): Promise<readonly AuditEntry[]> {
    const { store, crypto } = this.#options;
    const { durable } = store.features;
    for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
      if (this.#row === undefined) this.#know(this.#newRow(), false);
      const { entries, ops, keys } = await this.#link(drafts);
      const hashes = entries.map(({ hash }) => hash);
      const { edge, rows } = this.#edge.with(hashes, crypto);
      const end = endOf(entries.at(-1)!);
      const conditions: Condition[] = [{ key: endKey, revision: this.#revision }];
      if (!this.#named) conditions.push({ key: logKey, revision: null });
      // As durable as this store can: a deleted key must not come back, and a head is signed over what cannot be lost.
      const commit = await store.write([...ops, ...rows, putEnd(end)], { if: conditions, durable });
      if (commit.ok) {
        this.#chain = end;
        this.#revision = commit.revision;
        this.#edge = edge;
        this.#named = true;
        for (const [subject, key] of keys) this.#keys?.kept(subject, key);
        return entries;
      }
      // Another process wrote to the same log, and may have erased a subject: go on after it.
      if (!this.#named) this.#row = undefined;
      this.#keys?.forget();
      await this.find();
    }
    throw new MeshError('STORE_FAILED', { store: 'audit', detail: 'no turn to write the log' });
  }

  async #link(drafts: readonly Draft[]): Promise<Batch> {
    const { crypto } = this.#options;
    const entries: AuditEntry[] = [];
    const ops: Op[] = this.#named ? [] : [putLog(this.#row!)];
    const keys = new Map<string, SubjectKey>();
    let end = this.#chain;
    for (const draft of drafts) {
      const { at, kind } = draft;
      const body = draft.erases === undefined ? draft.body : await this.#erase(draft, ops);
      const sealed = await this.#sealed(draft, end.length, keys);
      const entry = link(end, { at, kind, body, ...(sealed && { sealed }) }, crypto);
      entries.push(entry);
      end = endOf(entry);
    }
    ops.push(...entries.map(putEntry), ...[...keys.values()].flatMap(({ rows }) => rows));
    return { entries, ops, keys };
  }

  /** The body of an erasure; what deletes the key goes to `ops`. */
  async #erase({ erases, body }: Draft, ops: Op[]): Promise<Json> {
    const { tag, found, rows } = await this.#keys!.erasure(erases!);
    ops.push(...rows);
    return { ...(body as object), tag, found: found || 'removed' in (body as object) };
  }

  async #sealed(
    { subject, personal, kind }: Draft,
    index: number,
    keys: Map<string, SubjectKey>,
  ): Promise<SealedPart | undefined> {
    if (subject === undefined || personal === undefined) return undefined;
    const key = keys.get(subject) ?? (await this.#keys!.of(subject));
    keys.set(subject, key);
    return seal(personal, key, { log: this.#row!.log, index, kind }, this.#options.random);
  }

  #newRow(): LogRow {
    const { random } = this.#options;
    const secret = toBase64url(random.bytes(32));
    return { format: 1, log: toBase64url(random.bytes(16)), secret };
  }

  #know(row: LogRow, named: boolean): void {
    const { crypto, random, store, sealingKey } = this.#options;
    this.#named = named;
    if (row.log === this.#row?.log) return;
    const secret = sealingKey ?? fromBase64url(row.secret);
    this.#row = row;
    this.#keys = new SubjectKeys({ crypto, random, store }, secret);
  }
}
