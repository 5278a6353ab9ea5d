/**
 * Puts heads of the log where they cannot be taken back.
 * @module
 */
import { toBase64url } from '../../base/bytes.ts';
import { toMeshError } from '../../base/errors.ts';
import type { Anchor } from '../../ports/anchor.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import { toInstant } from '../../schema/words.ts';
import { anchorDigest } from './anchor-digest.ts';
import type { AnchoredHead } from './bundle.ts';
import type { Sha256 } from './chain.ts';
import type { CheckpointRows } from './checkpoint-rows.ts';
import type { AuditHead } from './log-rows.ts';

/** Anchors of one log. */
export class Anchoring {
  readonly #anchors: readonly Anchor[];
  readonly #rows: CheckpointRows;
  readonly #crypto: Sha256;
  readonly #emit: Emit;
  readonly #controller = new AbortController();
  #newest: AuditHead | undefined;
  #putting: Promise<void> | undefined;

  constructor(anchors: readonly Anchor[], rows: CheckpointRows, crypto: Sha256, emit: Emit) {
    this.#anchors = anchors;
    this.#rows = rows;
    this.#crypto = crypto;
    this.#emit = emit;
  }

  /** Puts `head` at every anchor, and keeps the proofs; throws what the first that fails throws, after all were tried. */
  async put(head: AuditHead): Promise<readonly AnchoredHead[]> {
    const tried = await Promise.allSettled(
      this.#anchors.map((anchor) => this.#putAt(anchor, head)),
    );
    const failed = tried.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason as Error;
    return tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /** Puts `head` without anybody waiting; while that is under way, the newest of the later ones comes next. */
  putSoon(head: AuditHead): void {
    if (this.#anchors.length === 0 || this.#controller.signal.aborted) return;
    this.#newest = head;
    this.#putting ??= this.#putAll().finally(() => {
      this.#putting = undefined;
    });
  }

  /** Waits for no anchor any longer. */
  async close(): Promise<void> {
    this.#controller.abort();
    await this.#putting;
  }

  async #putAll(): Promise<void> {
    while (this.#newest !== undefined && !this.#controller.signal.aborted) {
      const head = this.#newest;
      this.#newest = undefined;
      // An anchor that is away gets a later head, which stands for all before it.
      await this.put(head).catch((error: unknown) => {
        if (this.#controller.signal.aborted) return;
        const { code } = toMeshError(error, 'an anchor');
        this.#emit('audit.unanchored', { index: head.index, code });
      });
    }
  }

  async #putAt(anchor: Anchor, { log, index, hash }: AuditHead): Promise<AnchoredHead> {
    const digest = anchorDigest({ log, index, hash }, this.#crypto);
    const { at, proof } = await anchor.anchor(digest, { signal: this.#controller.signal });
    const kept = {
      index,
      hash,
      anchor: anchor.name,
      at: toInstant(at),
      proof: toBase64url(proof),
    };
    await this.#rows.anchored(kept);
    return kept;
  }
}
