/**
 * Verdicts on this node itself, as others have told it, and the way to speak against them.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { object, unknown } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Signer } from '../../../ports/signer.ts';
import type { Store } from '../../../ports/store.ts';
import type { Emit } from '../../../schema/mesh-event.ts';
import { type Signed, sign } from '../../../schema/signed.ts';
import type { TrustEvidence } from '../../../schema/trust-evidence.ts';
import {
  type TrustAppeal,
  type TrustVerdict,
  verdictShape,
} from '../../../schema/trust-verdict.ts';
import { toInstant } from '../../../schema/words.ts';
import type { Neighbours, Street } from '../needs.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';
import { refuse, type VerdictBook } from './verdict-book.ts';

/** Options of {@link Notices}. */
export interface NoticesOptions {
  readonly did: Did;
  readonly signer: Signer;
  readonly store: Store;
  readonly clock: Clock;
  readonly street: Street & Neighbours;
  readonly book: VerdictBook;
  readonly emit: Emit;
}

/** What somebody has to say against a verdict. */
export interface AppealRequest {
  /** For the people who decide. */
  readonly grounds: string;
  /** Receipts that speak for this node, at most 16. */
  readonly evidence?: readonly TrustEvidence[];
}

/** An appeal on its way. */
export interface FiledAppeal {
  /** Signed; can be carried to the issuer by any other way too, and handed to its `trust.hear`. */
  readonly appeal: Signed<TrustAppeal>;
  /** Whether the issuer has it. */
  readonly delivered: boolean;
}

const noticeLimit = 256;
/** Peers that are asked to carry an appeal, and how long each may take in milliseconds. */
const carriers = 8;
const carryMs = 5_000;

const noticeShape = object({ verdict: unknown });

/** The notices a node has got. */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #rows = new Map<string, Signed<TrustVerdict>>();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for await (const row of scanJson(this.#options.store, 'notice/', verdictShape)) {
      this.#rows.set(`${row.by} ${row.id}`, row);
    }
  }

  start(): void {
    this.#options.street.handle('trust.notice', async ({ body }) => {
      await this.take(noticeShape(body, 'notice').verdict);
      return {};
    });
  }

  /** Verdicts on this node that have not expired. */
  all(): readonly Signed<TrustVerdict>[] {
    const now = this.#options.clock.now();
    return [...this.#rows.values()].filter(({ expiresAt }) => Date.parse(expiresAt) > now);
  }

  /** Takes a verdict on this node; `VERDICT_REFUSED` for one that is none. */
  async take(foreign: unknown): Promise<void> {
    const { did, book, store, emit } = this.#options;
    const verdict = verdictShape(foreign, 'verdict');
    const { id, by, about, type, reason, expiresAt: until } = verdict;
    if (about !== did) throw refuse(id, 'it is about somebody else');
    const name = `${by} ${id}`;
    if (this.#rows.has(name)) return;
    await book.check(verdict);
    await this.#makeRoom();
    if (this.#rows.has(name)) return;
    this.#rows.set(name, verdict);
    const kind = type === 'QuarantineAttestation' ? 'quarantine' : 'slash';
    emit('trust.noticed', { verdict: id, kind, by, reason, until }, { peer: by });
    await store.write([putJson(keyOf(verdict), verdict)]);
  }

  /** Signs an appeal and has it carried to the issuer, by others where it listens no more. `NOT_FOUND`. */
  async appeal(id: string, request: AppealRequest): Promise<FiledAppeal> {
    const { did, signer, clock } = this.#options;
    const verdict = this.all().find((one) => one.id === id);
    if (verdict === undefined) throw new MeshError('NOT_FOUND', { what: 'verdict', id });
    const { grounds, evidence = [] } = request;
    const body: TrustAppeal = {
      format: 1,
      verdict: id,
      by: did,
      to: verdict.by,
      at: toInstant(clock.now()),
      grounds,
      ...(evidence.length > 0 && { evidence }),
    };
    const appeal = await sign('trust-appeal', body, signer);
    return { appeal, delivered: await this.#carry(appeal) };
  }

  async #carry(appeal: Signed<TrustAppeal>): Promise<boolean> {
    const { street } = this.#options;
    const peers = street.peers();
    const issuerFirst = peers.includes(appeal.to)
      ? [appeal.to, ...peers.filter((peer) => peer !== appeal.to)]
      : peers;
    for (const peer of issuerFirst.slice(0, carriers)) {
      try {
        await street.call(peer, 'trust.appeal', appeal, { timeoutMs: carryMs });
        return true;
      } catch (error) {
        if (!MeshError.is(error)) throw error;
      }
    }
    return false;
  }

  /** The oldest give way: whoever floods this node with accusations must not fill it. */
  async #makeRoom(): Promise<void> {
    if (this.#rows.size < noticeLimit) return;
    const [name, oldest] = this.#rows.entries().next().value!;
    this.#rows.delete(name);
    await this.#options.store.write([{ del: keyOf(oldest) }]);
  }
}

function keyOf({ by, id }: TrustVerdict): string {
  return `notice/${keyPart(`${by} ${id}`)}`;
}
