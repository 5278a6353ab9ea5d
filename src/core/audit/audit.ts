/**
 * The room's desk: receipts for what was done, and the log of what happened.
 * @module
 */
import type { Json } from '../../base/canonical.ts';
import { newId } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Random } from '../../ports/random.ts';
import type { SignedReceipt } from '../../schema/receipt.ts';
import { toInstant } from '../../schema/words.ts';
import { AuditLog, type AuditLogOptions, type EntryFilter } from './audit-log.ts';
import type { AuditEntry } from './chain.ts';
import {
  type ReceiptExpectations,
  type ReceiptFacts,
  signReceipt,
  verifyReceipt,
} from './receipts.ts';
import type { AuditVerdict } from './verify-log.ts';

/** Options of {@link Audit}. */
export interface AuditOptions extends AuditLogOptions {
  readonly random: Random;
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
  append(kind: string, body: Json): Promise<AuditEntry> {
    return this.#log.append(kind, body);
  }

  /** Adds an entry without waiting; see {@link AuditLog.appendSoon}. */
  appendSoon(kind: string, body: Json): void {
    this.#log.appendSoon(kind, body);
  }

  /** Entries in order. */
  entries(filter: EntryFilter = {}): AsyncIterable<AuditEntry> {
    return this.#log.entries(filter);
  }

  /** Walks the chain and names the first break. */
  verify(): Promise<AuditVerdict> {
    return this.#log.verify();
  }
}
