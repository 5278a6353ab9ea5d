/**
 * What others have seen of each other: evidence that both parties have signed. A pool is a set; two pools that were merged
 * in any order, however often, hold the same.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { compareText, type Did } from '../../../base/ids.ts';
import { cidOfJson } from '../../../base/multiformat.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import { verifySigned } from '../../../schema/signed.ts';
import { type TrustEvidence, trustEvidenceShape } from '../../../schema/trust-evidence.ts';
import type { Keys } from '../needs.ts';
import type { Report } from '../reputation/evidence-table.ts';
import { jsonOf, keyPart, putJson, scanJson } from '../store-names.ts';
import { Turns } from '../turns.ts';
import { addScored, dayOf, type EvidenceDay } from './belief.ts';
import { receiptHashOf, scoreOf } from './evidence.ts';

/** Options of {@link EvidencePool}. */
export interface EvidencePoolOptions {
  readonly did: Did;
  readonly keys: Pick<Keys, 'verify'>;
  readonly store: Store;
  readonly clock: Clock;
  /** Told the store key of every piece that is new. */
  readonly onKept?: (key: string) => void;
}

/** Pieces of one rater about one peer: the newest. */
const perPair = 64;
/** Pieces in all; beyond it, no further pair is begun. */
const inAll = 10_000;
/** How far clocks may differ, and how old evidence may be, in milliseconds. */
const skewMs = 60_000;
const horizonMs = 1_096 * 86_400_000;

interface Piece {
  readonly key: string;
  /** Later judgements of the same receipt take the place of earlier ones; ties go by content. */
  readonly order: string;
  readonly day: number;
  readonly score: number;
}

/** Evidence of others, checked. */
export class EvidencePool {
  readonly #options: EvidencePoolOptions;
  /** By rater and subject, then by receipt. */
  readonly #pairs = new Map<
    string,
    { readonly rater: Did; readonly subject: Did; readonly pieces: Map<string, Piece> }
  >();
  readonly #turns = new Turns('merged evidence');
  #size = 0;

  constructor(options: EvidencePoolOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for await (const evidence of scanJson(this.#options.store, 'pool/', trustEvidenceShape)) {
      this.#enter(evidence);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Takes in one piece; whether it is news. `RECEIPT_INVALID`, `SCHEMA_INVALID`, `OVERLOADED`. */
  async take(foreign: unknown): Promise<TrustEvidence | undefined> {
    const evidence = trustEvidenceShape(foreign, 'evidence');
    return this.#turns.take(async () => {
      if (!this.#isNews(evidence)) return undefined;
      await this.#check(evidence);
      const { piece, dropped } = this.#enter(evidence);
      if (piece === undefined) return undefined;
      const { store, onKept } = this.#options;
      const ttl = store.features.ttl ? { ttlMs: horizonMs } : {};
      await store.write([
        { ...putJson(piece.key, evidence), ...ttl },
        ...dropped.map((del) => ({ del })),
      ]);
      onKept?.(piece.key);
      return evidence;
    });
  }

  /** Forgets the pieces on `receipts`, which are deleted from the store by somebody else. */
  forget(receipts: ReadonlySet<string>): void {
    for (const { pieces } of this.#pairs.values()) {
      for (const receipt of receipts) if (pieces.delete(receipt)) this.#size -= 1;
    }
  }

  /** What each has to say of each, day by day. */
  reports(): readonly Report[] {
    return [...this.#pairs.values()].map(({ rater, subject, pieces }) => {
      let days: readonly EvidenceDay[] = [];
      for (const { day, score } of pieces.values()) days = addScored(days, day, score);
      return { rater, subject, days };
    });
  }

  /** Receipts of `rater` about `subject`. */
  count(rater: Did, subject: Did): number {
    return this.#pairs.get(`${rater} ${subject}`)?.pieces.size ?? 0;
  }

  /** Raters and subjects, in no order. */
  pairs(): readonly { readonly rater: Did; readonly subject: Did }[] {
    return [...this.#pairs.values()];
  }

  /** Evidence by its store keys; what is gone meanwhile is left out. */
  async read(keys: readonly string[]): Promise<readonly TrustEvidence[]> {
    const entries = await Promise.all(keys.map((key) => this.#options.store.get(key)));
    return entries.flatMap((entry) =>
      entry === undefined ? [] : [jsonOf(entry, trustEvidenceShape)],
    );
  }

  #isNews(evidence: TrustEvidence): boolean {
    const known = this.#pairs.get(pairOf(evidence))?.pieces.get(evidence.receipt.id);
    return known === undefined || compareText(known.order, orderOf(evidence)) < 0;
  }

  async #check(evidence: TrustEvidence): Promise<void> {
    const { receipt, acceptance } = evidence;
    const problem = this.#problemOf(evidence);
    if (problem !== undefined) throw invalid(receipt.id, problem);
    const { verify } = this.#options.keys;
    try {
      // The other party's signed word is what dates a receipt; its own word dates nothing.
      await verifySigned('receipt', receipt, receipt.by, verify, Date.parse(acceptance.at));
      await verifySigned('acceptance', acceptance, acceptance.by, verify);
    } catch (cause) {
      if (!MeshError.is(cause)) throw cause;
      throw invalid(receipt.id, 'its signatures do not verify', cause);
    }
  }

  /** Why the piece proves nothing, whoever signed it. */
  #problemOf({ receipt, acceptance }: TrustEvidence): string | undefined {
    const { did, clock } = this.#options;
    const at = Date.parse(acceptance.at);
    const now = clock.now();
    // A score that is no number of hundredths would add up to something else in another order.
    const score = scoreOf(acceptance);
    const problems: readonly (readonly [boolean, string])[] = [
      [receipt.by === receipt.for, 'nobody rates himself'],
      [acceptance.by === did, 'it is this node itself that is said to have judged'],
      [acceptance.by !== receipt.for, 'its judge did not ask for the task'],
      [acceptance.about !== receipt.by, 'its judge speaks of somebody else'],
      [acceptance.receipt !== receipt.id, 'its judge speaks of another receipt'],
      [acceptance.receiptHash !== receiptHashOf(receipt), 'its judge saw another receipt'],
      [Math.round(score * 100) / 100 !== score, 'its score is not in hundredths'],
      [at > now + skewMs, 'it is of the future'],
      [at < now - horizonMs, 'it is too old to count'],
    ];
    return problems.find(([holds]) => holds)?.[1];
  }

  #enter(evidence: TrustEvidence): { piece?: Piece; dropped: readonly string[] } {
    const { receipt, acceptance } = evidence;
    const name = pairOf(evidence);
    const known = this.#pairs.get(name);
    if (known === undefined && this.#size >= inAll) {
      throw new MeshError('OVERLOADED', { what: 'merged evidence', limit: inAll });
    }
    const pair = known ?? {
      rater: acceptance.by,
      subject: receipt.by,
      pieces: new Map<string, Piece>(),
    };
    this.#pairs.set(name, pair);
    const piece: Piece = {
      key: `pool/${keyPart(name)}/${keyPart(receipt.id)}`,
      order: orderOf(evidence),
      day: dayOf(Date.parse(acceptance.at)),
      score: scoreOf(acceptance),
    };
    const { pieces } = pair;
    const before = pieces.size;
    pieces.set(receipt.id, piece);
    const dropped = dropOldest(pieces);
    this.#size += pieces.size - before;
    return { ...(pieces.has(receipt.id) && { piece }), dropped };
  }
}

/** Keeps the newest; by an order of the content alone, so that all pools keep the same. */
function dropOldest(pieces: Map<string, Piece>): readonly string[] {
  if (pieces.size <= perPair) return [];
  const ordered = [...pieces].sort(([, a], [, b]) => compareText(b.order, a.order));
  const dropped = ordered.slice(perPair);
  for (const [receipt] of dropped) pieces.delete(receipt);
  return dropped.map(([, { key }]) => key);
}

function orderOf(evidence: TrustEvidence): string {
  return `${evidence.acceptance.at} ${cidOfJson(evidence)}`;
}

function pairOf({ receipt, acceptance }: TrustEvidence): string {
  return `${acceptance.by} ${receipt.by}`;
}

function invalid(id: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('RECEIPT_INVALID', { id, detail }, { cause });
}
