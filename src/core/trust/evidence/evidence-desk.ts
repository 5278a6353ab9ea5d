/**
 * Evidence, whole: what this node saw of its peers, what others say, and the exchange of both.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { loadOnce } from '../../../base/load-once.ts';
import type { SignedAttestation } from '../../../schema/attestation.ts';
import type { SignedReceipt } from '../../../schema/receipt.ts';
import type { TrustEvidence } from '../../../schema/trust-evidence.ts';
import { loadRestOfTrust } from '../load-later.ts';
import type { EvidenceSet } from '../reputation/evidence-table.ts';
import type { Reputation } from '../reputation/reputation.ts';
import { keyPart } from '../store-names.ts';
import type { TrustEngineOptions } from '../trust-engine-options.ts';
import { type AttestationRequest, attest } from './attest.ts';
import { AttestationBook } from './attestation-book.ts';
import type { Verdict } from './belief.ts';
import { EvidenceBook } from './evidence.ts';
import type { EvidenceExchange } from './evidence-exchange.ts';
import { EvidenceFeed } from './evidence-feed.ts';
import { EvidencePool } from './evidence-pool.ts';
import { PresenceBook } from './presence.ts';

/** Options of {@link EvidenceDesk}. */
export interface EvidenceDeskOptions extends TrustEngineOptions {
  readonly signal: AbortSignal;
  readonly background: (work: Promise<unknown>) => void;
  /** Told when what this node saw of `peer` is different now. */
  readonly onChanged: (peer: Did, because: string) => void;
  /** Told of whom something new was learnt from others, or said to them. */
  readonly onMerged: (about: ReadonlySet<Did>) => void;
}

/** Pieces that are deleted in one commit. */
const batchLimit = 256;

/** Wires everything that is evidence. */
export class EvidenceDesk {
  readonly evidence: EvidenceBook;
  readonly pool: EvidencePool;
  readonly attestations: AttestationBook;
  readonly presence: PresenceBook;
  /** Evidence on the street and in bundles, loaded on first use. */
  readonly exchange: () => Promise<EvidenceExchange>;
  readonly #feed: EvidenceFeed;
  readonly #options: EvidenceDeskOptions;
  #rest: Awaited<ReturnType<typeof loadRestOfTrust>> | undefined;
  readonly #shares: (peer: Did) => boolean;

  constructor(options: EvidenceDeskOptions) {
    const { store, clock, keys, sharesEvidence = () => false } = options;
    this.#shares = sharesEvidence;
    this.#options = options;
    this.#feed = new EvidenceFeed(options.random);
    const onKept = this.#feed.note;
    this.evidence = new EvidenceBook({ ...options, onKept });
    this.pool = new EvidencePool({ ...options, onKept });
    this.attestations = new AttestationBook(options);
    this.presence = new PresenceBook(store, clock);
    this.exchange = loadOnce(async () => {
      const { EvidenceExchange } = await this.#loadRest();
      return new EvidenceExchange({
        ...options,
        histories: keys,
        pool: this.pool,
        attestations: this.attestations,
        feed: this.#feed,
        shares: this.#shares,
      });
    });
  }

  /** Reads what was kept: own evidence, what was learnt from others, and what may be told to them. */
  async load(): Promise<void> {
    await this.evidence.load();
    await this.attestations.load();
    await this.pool.load();
    for (const prefix of ['evidence/', 'pool/']) {
      for await (const { key } of this.#options.store.scan({ prefix })) this.#feed.note(key);
    }
    if (this.pool.size + this.attestations.size > 0) await this.#loadRest();
    await this.presence.load();
  }

  /** Weighs what others say. It is here before any of that is, since all of it comes by the exchange or was kept. */
  readonly weigh = (evidence: EvidenceSet): Reputation => {
    if (this.#rest === undefined) throw new MeshError('INTERNAL', { what: 'reputation' });
    return new this.#rest.Reputation(evidence);
  };

  /** Begins to answer peers. */
  start(): void {
    const { street } = this.#options;
    street.handle('trust.evidence', async (call) => (await this.exchange()).answer(call));
  }

  /** Asks `peer` for what it has learnt, where this node shares evidence with it. */
  async ask(peer: Did): Promise<void> {
    if (this.#shares(peer)) await (await this.exchange()).ask(peer);
  }

  /** Signs and keeps how a task ended; `RECEIPT_INVALID`. */
  async observe(receipt: SignedReceipt, verdict: Verdict, note?: string): Promise<TrustEvidence> {
    const observing = this.evidence.observe(receipt, verdict, note);
    // Who closes meanwhile waits for the last word as well.
    this.#options.background(observing);
    const evidence = await observing;
    this.#options.onChanged(receipt.by, `task ${receipt.task} ${verdict}`);
    return evidence;
  }

  /** Signs and keeps how good a task was done; `RECEIPT_INVALID`, `INVALID_ARGUMENT`. */
  async feedback(receipt: SignedReceipt, score: number, note?: string): Promise<TrustEvidence> {
    const evidence = await this.evidence.feedback(receipt, score, note);
    this.#options.onChanged(receipt.by, `task ${receipt.task} was given ${String(score)}`);
    return evidence;
  }

  /** Signs a statement for others to weigh; `INVALID_ARGUMENT`. */
  async attest(request: AttestationRequest): Promise<SignedAttestation> {
    const attestation = await attest(request, this.#options);
    await this.attestations.take(attestation);
    this.#options.onMerged(new Set([attestation.about]));
    return attestation;
  }

  /** Deletes the pieces on `receipts`, and says how many. What they add up to, days and counts of a peer, stays. */
  async erase(receipts: ReadonlySet<string>): Promise<number> {
    if (receipts.size === 0) return 0;
    const { store } = this.#options;
    const names = new Set([...receipts].map(keyPart));
    const pieces: string[] = [];
    for (const prefix of ['evidence/', 'pool/']) {
      for await (const { key } of store.scan({ prefix })) {
        if (names.has(key.slice(key.lastIndexOf('/') + 1))) pieces.push(key);
      }
    }
    this.pool.forget(receipts);
    for (let from = 0; from < pieces.length; from += batchLimit) {
      const batch = pieces.slice(from, from + batchLimit);
      await store.write(batch.map((del) => ({ del, purge: true })));
    }
    return pieces.length;
  }

  /** What is done once an hour. */
  async hourly(): Promise<void> {
    await this.presence.save();
    await this.attestations.prune();
    for (const peer of this.#options.street.peers()) await this.ask(peer);
  }
  async #loadRest() {
    this.#rest = await loadRestOfTrust();
    return this.#rest;
  }
}
