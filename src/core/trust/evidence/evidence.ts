/**
 * What peers did for this node: receipts they signed, and its own signed word on each.
 * @module
 */
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { cidOfJson } from '../../../base/multiformat.ts';
import { integer, list, number, object } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Signer } from '../../../ports/signer.ts';
import type { Store } from '../../../ports/store.ts';
import { receiptShape, type SignedReceipt } from '../../../schema/receipt.ts';
import { sign, verifySigned } from '../../../schema/signed.ts';
import {
  type Acceptance,
  type TrustEvidence,
  trustEvidenceShape,
} from '../../../schema/trust-evidence.ts';
import { did, toInstant } from '../../../schema/words.ts';
import type { Keys } from '../needs.ts';
import { jsonOf, keyPart, putJson, scanJson } from '../store-names.ts';
import { Turns } from '../turns.ts';
import { addScored, dayOf, type EvidenceDay, type Verdict } from './belief.ts';

/** Options of {@link EvidenceBook}. */
export interface EvidenceBookOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly keys: Keys;
  readonly store: Store;
  readonly clock: Clock;
  /** Told the store key of every piece that is new or was judged anew. */
  readonly onKept?: (key: string) => void;
}

/** Evidence older than the horizon of beliefs counts for nothing, so it need not be kept. */
const keepMs = 1_096 * 86_400_000;
/** The longest note. */
const noteLimit = 500;
/** How often a write is tried against other writers of the same store. */
const writeAttempts = 8;

const daysShape = object({
  peer: did,
  days: list(object({ day: integer(), kept: number({ min: 0 }), broken: number({ min: 0 }) }), {
    max: 2_000,
  }),
});

/** Keeps evidence, one piece for each receipt, and the counts that beliefs are made of. */
export class EvidenceBook {
  readonly #options: EvidenceBookOptions;
  readonly #days = new Map<Did, readonly EvidenceDay[]>();
  readonly #turns = new Turns('evidence');

  constructor(options: EvidenceBookOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for await (const { peer, days } of scanJson(this.#options.store, 'belief/', daysShape)) {
      this.#days.set(peer, days);
    }
  }

  /** What `peer` did, day by day. */
  of(peer: Did): readonly EvidenceDay[] {
    return this.#days.get(peer) ?? [];
  }

  /** Peers there is evidence of. */
  peers(): readonly Did[] {
    return [...this.#days.keys()];
  }

  /**
   * Adds one piece of evidence. The same receipt with the same verdict counts once; a receipt that is forged, meant for
   * somebody else, or whose id was seen with other content throws `RECEIPT_INVALID`.
   */
  async observe(foreign: unknown, verdict: Verdict, note?: string): Promise<TrustEvidence> {
    if (!['kept', 'broken'].includes(verdict)) {
      const expected = "'kept' or 'broken'";
      throw new MeshError('INVALID_ARGUMENT', { argument: 'verdict', expected, got: verdict });
    }
    const receipt = receiptShape(foreign, 'receipt');
    await this.#check(receipt);
    const acceptance = await this.#accept(receipt, verdict, { note });
    return this.#turns.take(() =>
      this.#add({ receipt, acceptance }, (known) => {
        // What somebody has looked at closely is not undone by a look in passing.
        if (known.acceptance.score !== undefined || known.acceptance.verdict === verdict)
          return known;
        throw invalid(receipt, 'it was judged otherwise before');
      }),
    );
  }

  /** Says how good it was, 0 to 1, in place of what was said before. `INVALID_ARGUMENT`, `RECEIPT_INVALID`. */
  async feedback(foreign: unknown, score: number, note?: string): Promise<TrustEvidence> {
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
      const expected = 'a number from 0 to 1';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'score', expected, got: score });
    }
    const receipt = receiptShape(foreign, 'receipt');
    await this.#check(receipt);
    const rounded = Math.round(score * 100) / 100;
    const verdict: Verdict = rounded >= 0.5 ? 'kept' : 'broken';
    const acceptance = await this.#accept(receipt, verdict, { note, score: rounded });
    return this.#turns.take(() => this.#add({ receipt, acceptance }, () => undefined));
  }

  /** Keeps `evidence`, unless there is some on the same receipt that `instead` prefers. */
  async #add(
    evidence: TrustEvidence,
    instead: (known: TrustEvidence) => TrustEvidence | undefined,
  ): Promise<TrustEvidence> {
    const { receipt } = evidence;
    const key = `evidence/${keyPart(receipt.by)}/${keyPart(receipt.id)}`;
    for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
      const entry = await this.#options.store.get(key);
      const known = entry && jsonOf(entry, trustEvidenceShape);
      if (known !== undefined) {
        if (bodyOf(known.receipt) !== bodyOf(receipt)) {
          throw invalid(receipt, 'its id was seen with other content');
        }
        const preferred = instead(known);
        if (preferred !== undefined) return preferred;
      }
      if (!(await this.#write(key, evidence, entry?.revision, known))) continue;
      this.#options.onKept?.(key);
      return evidence;
    }
    throw new MeshError('STORE_FAILED', { store: 'trust', detail: 'no turn to write evidence' });
  }

  async #check(receipt: SignedReceipt): Promise<void> {
    const { did: self, keys } = this.#options;
    if (receipt.for !== self) throw invalid(receipt, 'it is for somebody else');
    if (receipt.by === self) throw invalid(receipt, 'nobody earns trust with oneself');
    try {
      await verifySigned('receipt', receipt, receipt.by, keys.verify);
    } catch (cause) {
      if (!MeshError.is(cause)) throw cause;
      throw invalid(receipt, 'its signature does not verify', cause);
    }
  }

  async #accept(
    receipt: SignedReceipt,
    verdict: Verdict,
    { note, score }: { readonly note: string | undefined; readonly score?: number },
  ) {
    if (note !== undefined && typeof note !== 'string') {
      throw new MeshError('INVALID_ARGUMENT', { argument: 'note', expected: 'text', got: note });
    }
    const { did: by, clock, signer } = this.#options;
    const acceptance: Acceptance = {
      format: 1,
      receipt: receipt.id,
      receiptHash: receiptHashOf(receipt),
      by,
      about: receipt.by,
      verdict,
      ...(score !== undefined && { score }),
      // By this node's clock: a peer that dates its receipts ahead must not make them weigh more.
      at: toInstant(clock.now()),
      ...(note !== undefined && { note: note.slice(0, noteLimit) }),
    };
    return await sign('acceptance', acceptance, signer);
  }

  async #write(
    key: string,
    evidence: TrustEvidence,
    revision: number | undefined,
    known: TrustEvidence | undefined,
  ): Promise<boolean> {
    const { store } = this.#options;
    const peer = evidence.receipt.by;
    const daysKey = `belief/${keyPart(peer)}`;
    const entry = await store.get(daysKey);
    const before = entry === undefined ? [] : jsonOf(entry, daysShape).days;
    const without = known === undefined ? before : addScored(before, ...placeOf(known), -1);
    const days = addScored(without, ...placeOf(evidence));
    const ttl = store.features.ttl ? { ttlMs: keepMs } : {};
    const ops = [{ ...putJson(key, evidence), ...ttl }, putJson(daysKey, { peer, days })];
    const conditions = [
      { key, revision: revision ?? null },
      { key: daysKey, revision: entry?.revision ?? null },
    ];
    const commit = await store.write(ops, { if: conditions });
    if (commit.ok) this.#days.set(peer, days);
    return commit.ok;
  }
}

/** The CID of what a receipt says. */
export function receiptHashOf({ proof: _, ...body }: SignedReceipt): string {
  return cidOfJson(body);
}

/** How good the work was, 0 to 1. */
export function scoreOf({ score, verdict }: Acceptance): number {
  return score ?? (verdict === 'kept' ? 1 : 0);
}

function placeOf({ acceptance }: TrustEvidence): readonly [day: number, score: number] {
  return [dayOf(Date.parse(acceptance.at)), scoreOf(acceptance)];
}

function bodyOf({ proof: _, ...body }: SignedReceipt): string {
  return canonicalJson(body);
}

function invalid({ id }: SignedReceipt, detail: string, cause?: unknown): MeshError {
  return new MeshError('RECEIPT_INVALID', { id, detail }, { cause });
}
