/**
 * The room's desk: receipts for what was done, and the log of what happened.
 * @module
 */
import { canonicalJson, type Json } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, newId } from '../../base/ids.ts';
import { Lifetime } from '../../base/lifetime.ts';
import type { Anchor } from '../../ports/anchor.ts';
import type { SubjectEraser } from '../../ports/extension.ts';
import type { Street } from '../../ports/street.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import type { SignedReceipt } from '../../schema/receipt.ts';
import type { Signed } from '../../schema/signed.ts';
import { toInstant } from '../../schema/words.ts';
import { Anchoring } from './anchoring.ts';
import { AuditLog, checkErasure } from './audit-log.ts';
import type { AuditLogOptions, EntryFilter, EraseOptions, Erasure } from './audit-log-options.ts';
import type { AnchoredHead, AuditBundle } from './bundle.ts';
import type { AuditEntry } from './chain.ts';
import { CheckpointRows, type Equivocation } from './checkpoint-rows.ts';
import { Checkpoints } from './checkpoints.ts';
import {
  type AuditExportOptions,
  type ExporterParts,
  exportBundle,
  exportItems,
} from './exporter.ts';
import { type InclusionProof, proveInclusion } from './inclusion.ts';
import type { AuditHead } from './log-rows.ts';
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
  /** Peers that are shown the heads of this log, and whose heads are kept. Default: nobody. */
  readonly street?: Street;
  /** Where heads are put so that nobody can deny when they existed. Default: nowhere. */
  readonly anchors?: readonly Anchor[];
  readonly emit?: Emit;
  /** Told of a keeper that is proven to have signed two truths, once for each of its logs. */
  readonly onEquivocated?: (evidence: Equivocation) => void;
}

/** Which heads to name. */
export interface CheckpointFilter {
  /** Only of logs of this keeper. */
  readonly of?: Did;
  /** What this connected peer keeps, in place of what this node does. */
  readonly at?: Did;
}

/** What a task's executor says of it; the desk adds id, time and who did it. */
export type ReceiptRequest = Omit<ReceiptFacts, 'id' | 'at' | 'by'>;

/** Gives out receipts and keeps the log. */
export class Audit implements AsyncDisposable {
  readonly #options: AuditOptions;
  readonly #log: AuditLog;
  readonly #rows: CheckpointRows;
  readonly #anchoring: Anchoring;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #lifetime = new Lifetime('the audit log');
  readonly #erasers = new Map<string, SubjectEraser>();

  constructor(options: AuditOptions) {
    const { store, street, histories, emit = () => undefined, anchors = [], crypto } = options;
    this.#options = options;
    this.#rows = new CheckpointRows(store.sub('peers'));
    this.#anchoring = new Anchoring(anchors, this.#rows, crypto, emit);
    const log = new AuditLog({
      ...options,
      onHead: (head) => {
        options.onHead?.(head);
        if (this.#lifetime.closed) return;
        this.#checkpoints?.show(head);
        this.#anchoring.putSoon(head);
      },
    });
    this.#log = log;
    this.#checkpoints =
      street &&
      new Checkpoints({
        ...options,
        log,
        rows: this.#rows,
        street,
        histories,
        emit,
        onEquivocated: options.onEquivocated,
      });
    this.#lifetime.own(() => log.close());
    this.#lifetime.own(() => this.#anchoring.close());
    this.#lifetime.own(() => this.#checkpoints?.close());
  }

  /** Finds the end of the log, and answers peers. Throws `STORE_CORRUPT` when the end is not where it was. */
  async start(): Promise<void> {
    this.#lifetime.assertOpen();
    await this.#log.open();
    this.#checkpoints?.start();
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

  /** Checks a peer's receipt, of now or, with `hereAt`, of then; throws `RECEIPT_INVALID` naming what does not fit. */
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

  /** Walks the chain, and compares it with what peers signed that they saw; names the first break. */
  async verify(): Promise<AuditVerdict> {
    const verdict = await this.#log.verify();
    const { name } = this.#log;
    if (!verdict.intact || name === undefined) return verdict;
    const { entries, signed } = verdict;
    for (const { index, hash, by } of await this.#rows.witnesses(name.log)) {
      const found = index < entries ? (await this.#log.at(index)).hash : undefined;
      if (found === hash) continue;
      const firstBreak = Math.min(index, entries);
      return {
        intact: false,
        entries: firstBreak,
        signed,
        firstBreak,
        because: `${by} saw another`,
      };
    }
    return verdict;
  }

  /** Signs the end of the log now, shows it to peers, and puts it at every anchor; throws what an anchor throws. */
  async anchor(): Promise<readonly AnchoredHead[]> {
    this.#lifetime.assertOpen();
    const head = await this.#log.seal();
    return head === undefined ? [] : this.#anchoring.put(head);
  }

  /** The newest signed heads of others' logs: those this node keeps, or those a peer does. Hand them to `verifyAuditLog`. */
  async checkpoints({ of, at }: CheckpointFilter = {}): Promise<readonly Signed<AuditHead>[]> {
    this.#lifetime.assertOpen();
    if (at === undefined || this.#checkpoints === undefined) return this.#rows.heads(of);
    return this.#checkpoints.ask(at, of);
  }

  /** Pairs of heads that cannot both be true, signed by the keepers they speak against. */
  equivocations(): Promise<readonly Equivocation[]> {
    this.#lifetime.assertOpen();
    return this.#rows.equivocations();
  }

  /**
   * Takes two signed heads of one log and number that differ, e.g. `first` and `second` of another node's `equivocations()`:
   * they prove by themselves that their keeper lied to somebody, and what follows is what follows when peers show them.
   * `INVALID_ARGUMENT` for two that prove nothing, `SIGNATURE_INVALID`, and `UNSUPPORTED` without a street.
   */
  async accuse(heads: { readonly first: unknown; readonly second: unknown }): Promise<void> {
    this.#lifetime.assertOpen();
    if (this.#checkpoints === undefined) throw new MeshError('UNSUPPORTED', { what: 'to accuse' });
    await this.#checkpoints.accuse(heads);
  }

  /**
   * Forgets a subject: every room of this node deletes what it holds of it, then what the log says of it is made unreadable for
   * everybody, for ever; see {@link AuditLog.erase}. When a room fails, its error is thrown, and the erasure may be tried again.
   */
  async erase(options: EraseOptions): Promise<Erasure> {
    this.#lifetime.assertOpen();
    checkErasure(options);
    const { subject } = options;
    const receipts = await this.#log.receiptsAbout(subject);
    const removed: Record<string, number> = {};
    for (const [room, erase] of this.#erasers) {
      const count = await erase({ subject, receipts });
      if (count > 0) removed[room] = count;
    }
    return this.#log.erase(options, removed);
  }

  /** Asks `erase`, on behalf of `room`, whenever a subject is erased; the result takes it away. */
  onErase(room: string, erase: SubjectEraser): () => void {
    this.#erasers.set(room, erase);
    return () => {
      if (this.#erasers.get(room) === erase) this.#erasers.delete(room);
    };
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
      testimony: async () => ({
        witnesses: await this.#rows.witnesses(this.#log.name?.log ?? ''),
        anchors: await this.#rows.anchors(),
      }),
    };
  }
}
