/**
 * Evidence between those who federated: bundles to carry by hand, and small batches over the street.
 * @module
 */
import { withDeadline } from '../../../base/abort.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { integer, list, object, optional, text, unknown } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { SignedAttestation } from '../../../schema/attestation.ts';
import { type DidLog, didLogShape } from '../../../schema/did-log.ts';
import type { TrustEvidence } from '../../../schema/trust-evidence.ts';
import type { Histories, IncomingCall, Neighbours, Street } from '../needs.ts';
import { logsOf, memberOf } from '../unread.ts';
import type { AttestationBook } from './attestation-book.ts';
import type { EvidenceFeed, FeedCursor } from './evidence-feed.ts';
import type { EvidencePool } from './evidence-pool.ts';

/** Evidence as it is carried from node to node. Everything in it is signed; what carries it proves nothing. */
export interface EvidenceBundle {
  readonly format: 1;
  readonly evidence: readonly TrustEvidence[];
  readonly attestations: readonly SignedAttestation[];
  /** Histories of the did:mesh keys in it. */
  readonly logs: readonly DidLog[];
}

/** What came of a merge. */
export interface MergeResult {
  /** Pieces that were new. */
  readonly taken: number;
  /** Pieces that were here before. */
  readonly known: number;
  /** Pieces that prove nothing, and why. */
  readonly refused: readonly { readonly id: string; readonly because: string }[];
}

/** Options of {@link EvidenceExchange}. */
export interface EvidenceExchangeOptions {
  readonly clock: Clock;
  readonly street: Street & Neighbours;
  readonly histories: Histories;
  readonly pool: EvidencePool;
  readonly feed: EvidenceFeed;
  readonly attestations: AttestationBook;
  /** Whether evidence goes to and comes from `peer`. */
  readonly shares: (peer: Did) => boolean;
  readonly signal: AbortSignal;
  /** Told of whom something new was learnt. */
  readonly onMerged: (about: ReadonlySet<Did>) => void;
}

/** Pieces of one kind in a bundle, and in a batch over the street. */
const bundleLimit = 1_000;
const batchLimit = 32;
const logLimit = 64;
/** Batches that are asked for at a time: the rest comes with the next meeting. */
const roundLimit = 32;
const askMs = 5_000;

const bundleShape = object({
  format: integer({ min: 1, max: 1 }),
  evidence: list(unknown, { max: bundleLimit }),
  attestations: list(unknown, { max: bundleLimit }),
  logs: list(didLogShape, { max: logLimit }),
});

const cursorShape = object({ run: optional(text({ max: 64 })), next: optional(integer()) });
const answerShape = object({
  format: integer({ min: 1, max: 1 }),
  evidence: list(unknown, { max: batchLimit }),
  attestations: list(unknown, { max: bundleLimit }),
  logs: list(didLogShape, { max: logLimit }),
  run: text({ max: 64 }),
  next: integer(),
  more: integer({ max: 1 }),
});

/** Takes evidence in and hands it out. */
export class EvidenceExchange {
  readonly #options: EvidenceExchangeOptions;
  /** How far each peer was read. */
  readonly #cursors = new Map<Did, FeedCursor>();

  constructor(options: EvidenceExchangeOptions) {
    this.#options = options;
  }

  /** Asks `peer` for what it has learnt since it was asked last. A peer that does not answer shares nothing. */
  async ask(peer: Did): Promise<void> {
    if (!this.#options.shares(peer)) return;
    try {
      for (let round = 0; round < roundLimit; round += 1) {
        if (!(await this.#askOnce(peer))) return;
      }
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  }

  /** Everything that is known, or what is known about one organisation: the newest 1,000 pieces of each kind. */
  async export(about?: Did): Promise<EvidenceBundle> {
    const all = await this.#options.pool.read(this.#options.feed.keys);
    const evidence = all
      .filter(({ receipt }) => about === undefined || receipt.by === about)
      .slice(-bundleLimit);
    return this.#bundle(evidence, this.#statements(about));
  }

  /** Takes in every piece that proves something. The order of bundles, and of pieces in them, makes no difference. */
  async merge(foreign: unknown): Promise<MergeResult> {
    const { evidence, attestations, logs } = bundleShape(foreign, 'bundle');
    await this.#learn(logs, evidence, attestations);
    return this.#take(evidence, attestations);
  }

  async #take(
    evidence: readonly unknown[],
    attestations: readonly unknown[],
  ): Promise<MergeResult> {
    const { pool, attestations: book, onMerged } = this.#options;
    const about = new Set<Did>();
    const refused: { id: string; because: string }[] = [];
    let [taken, known] = [0, 0];
    const each = async (
      id: string,
      take: () => Promise<{ readonly about: Did } | undefined>,
    ): Promise<void> => {
      try {
        const news = await take();
        if (news === undefined) known += 1;
        else taken += 1;
        if (news !== undefined) about.add(news.about);
      } catch (error) {
        if (!MeshError.is(error)) throw error;
        refused.push({ id, because: error.message });
      }
    };
    for (const [i, piece] of evidence.entries()) {
      await each(`evidence[${String(i)}]`, async () => (await pool.take(piece))?.acceptance);
    }
    for (const [i, piece] of attestations.entries()) {
      await each(`attestations[${String(i)}]`, () => book.take(piece));
    }
    if (about.size > 0) onMerged(about);
    return { taken, known, refused };
  }

  /** One batch; whether there is more. */
  async #askOnce(peer: Did): Promise<boolean> {
    const { street, clock, signal } = this.#options;
    const what = 'trust.evidence';
    const cursor = this.#cursors.get(peer);
    const answer = await withDeadline(clock, askMs, { what, signal }, (within) =>
      street.call(peer, what, cursor ?? {}, { timeoutMs: askMs, signal: within }),
    );
    const { evidence, attestations, logs, run, next, more } = answerShape(answer, what);
    await this.#learn(logs, evidence, attestations);
    await this.#take(evidence, attestations);
    this.#cursors.set(peer, { run, next });
    return more === 1 && (cursor?.run !== run || next > cursor.next);
  }

  /** The answer to `trust.evidence`. */
  async answer({ from, body }: IncomingCall): Promise<unknown> {
    const asked = cursorShape(body, 'cursor');
    if (!this.#options.shares(from)) {
      throw new MeshError('UNSUPPORTED', { feature: 'sharing evidence', by: 'this node with you' });
    }
    const { keys, cursor, isFirst, isLast } = this.#options.feed.read(asked, batchLimit);
    const evidence = await this.#options.pool.read(keys);
    const statements = isFirst ? this.#statements().slice(0, batchLimit * 4) : [];
    const more = isLast ? 0 : 1;
    return { ...(await this.#bundle(evidence, statements)), ...cursor, more };
  }

  #statements(about?: Did): readonly SignedAttestation[] {
    const { attestations } = this.#options;
    const all = about === undefined ? attestations.all() : attestations.about(about);
    return all.slice(0, bundleLimit);
  }

  async #bundle(
    evidence: readonly TrustEvidence[],
    attestations: readonly SignedAttestation[],
  ): Promise<EvidenceBundle> {
    const parties = new Set([
      ...evidence.flatMap(({ receipt }) => [receipt.by, receipt.for]),
      ...attestations.map(({ by }) => by),
    ]);
    const logs: DidLog[] = [];
    for (const party of parties) {
      if (logs.length >= logLimit) break;
      const log = await this.#options.histories.logOf(party);
      if (log !== undefined) logs.push(log);
    }
    return { format: 1, evidence, attestations, logs };
  }

  /** Only histories of those who speak are taken in. */
  async #learn(
    logs: readonly DidLog[],
    evidence: readonly unknown[],
    attestations: readonly unknown[],
  ): Promise<void> {
    const speakers = [
      ...evidence.flatMap((piece) => ['by', 'for'].map((name) => memberOf(piece, 'receipt', name))),
      ...attestations.map((piece) => memberOf(piece, 'by')),
    ];
    for (const log of logsOf(logs, speakers)) {
      try {
        await this.#options.histories.learn(log);
      } catch (error) {
        if (!MeshError.is(error)) throw error;
      }
    }
  }
}
