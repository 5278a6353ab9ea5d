/**
 * The room's desk: receipts for what was done, and the log of what happened.
 * @module
 */
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { newId } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { SignedReceipt } from '../../schema/receipt.ts';
import { toInstant } from '../../schema/words.ts';
import {
  AuditLog,
  type AuditLogOptions,
  type EntryFilter,
  type EraseOptions,
  type Erasure,
} from './audit-log.ts';
import type { AuditBundle } from './bundle.ts';
import type { AuditEntry } from './chain.ts';
import {
  type AuditExportOptions,
  type ExporterParts,
  exportBundle,
  exportItems,
} from './exporter.ts';
import { type InclusionProof, proveInclusion } from './inclusion.ts';
import type { Histories } from './needs.ts';
import type { AboutSubject } from './personal.ts';
import {
  type ReceiptExpectations,
  type ReceiptFacts,
  signReceipt,
  verifyReceipt,
} from './receipts.ts';
import type { AuditVerdict } from './verify-log.ts';

/** Options of {@link Audit}. */
export interface AuditOptions extends AuditLogOptions {
  /** Key histories, which exports carry. Default: exports carry none. */
  readonly histories?: Histories;
}

/** What a task's executor says of it; the desk adds id, time and who did it. */
export type ReceiptRequest = Omit<ReceiptFacts, 'id' | 'at' | 'by'>;

/** Gives out receipts and keeps the log. */
export class Audit implements AsyncDisposable {
  readonly #options: AuditOptions;
  readonly #log: AuditLog;
  readonly #lifetime = new Lifetime('the audit log');

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#log = new AuditLog(options);
    this.#lifetime.own(() => this.#log.close());
  }

  /** Finds the end of the log. Throws `STORE_CORRUPT` when it is not where it was. */
  async start(): Promise<void> {
    this.#lifetime.assertOpen();
    await this.#log.open();
  }

  /** Stores what waits and signs the end of the log. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A signed receipt for what this node did. */
  receipt(request: ReceiptRequest): Promise<SignedReceipt> {
    const { did, signer, clock, random } = this.#options;
    const facts = { id: newId('receipt', random), at: toInstant(clock.now()), by: did };
    return signReceipt({ ...request, ...facts }, signer);
  }

  /** Checks a peer's receipt; throws `RECEIPT_INVALID` naming what does not fit. */
  verifyReceipt(foreign: unknown, expected: ReceiptExpectations = {}): Promise<SignedReceipt> {
    return verifyReceipt(foreign, { keys: this.#options.keys, expected });
  }

  /** Adds an entry and resolves once it is stored; see {@link AuditLog.append}. */
  append(kind: string, body: Json, about: AboutSubject = {}): Promise<AuditEntry> {
    return this.#log.append(kind, body, about);
  }

  /** Adds an entry without waiting; see {@link AuditLog.appendSoon}. */
  appendSoon(kind: string, body: Json, about: AboutSubject = {}): void {
    this.#log.appendSoon(kind, body, about);
  }

  /** Entries in order; sealed parts stay sealed unless the filter says `reveal`. */
  entries(filter: EntryFilter = {}): AsyncIterable<AuditEntry> {
    return this.#log.entries(filter);
  }

  /** Walks the chain and names the first break. */
  verify(): Promise<AuditVerdict> {
    return this.#log.verify();
  }

  /** Makes what was sealed about a subject unreadable for everybody, for ever; see {@link AuditLog.erase}. */
  erase(options: EraseOptions): Promise<Erasure> {
    this.#lifetime.assertOpen();
    return this.#log.erase(options);
  }

  /**
   * The log, or a part of it, for somebody who does not trust this node: `verifyAuditLog` of `@mesh/sdk/audit` checks it. Sealed
   * parts stay sealed unless `reveal`. `LIMIT_EXCEEDED` above 250,000 entries: then {@link exportLines}.
   */
  export(options: AuditExportOptions = {}): Promise<AuditBundle> {
    this.#lifetime.assertOpen();
    return exportBundle(this.#exporter, options);
  }

  /** The same as lines of JSON, each with its line feed, made one after the other: for logs of any length. */
  async *exportLines(options: AuditExportOptions = {}): AsyncIterable<string> {
    this.#lifetime.assertOpen();
    for await (const item of exportItems(this.#exporter, options)) yield `${canonicalJson(item)}\n`;
  }

  /** Shows that entry `index` is in the log, without the rest of it; `verifyInclusion` checks it. `NOT_FOUND`. */
  async prove(index: number): Promise<InclusionProof> {
    this.#lifetime.assertOpen();
    const proof = await proveInclusion(this.#log, index);
    const didLog = await this.#options.histories?.logOf(this.#options.did);
    return { ...proof, ...(didLog !== undefined && { didLog }) };
  }

  get #exporter(): ExporterParts {
    const { did: keeper, tenant, store, crypto, clock, signer, histories } = this.#options;
    return {
      keeper: { keeper, ...(tenant !== undefined && { tenant }) },
      log: this.#log,
      store,
      crypto,
      clock,
      signer,
      histories,
      testimony: () => Promise.resolve({ witnesses: [], anchors: [] }),
    };
  }
}
