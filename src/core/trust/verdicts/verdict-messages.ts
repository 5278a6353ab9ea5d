/**
 * Verdicts on their way: told to everybody at once, and to each peer again when it comes.
 * @module
 */
import { withDeadline } from '../../../base/abort.ts';
import { fromUtf8, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { list, object, optional, parseJson, unknown } from '../../../base/shape.ts';
import type { Clock } from '../../../ports/clock.ts';
import { type DidLog, didLogShape } from '../../../schema/did-log.ts';
import type { Histories, Neighbours, Street, TownCrier } from '../needs.ts';
import { logsOf, memberOf } from '../unread.ts';
import type { BookedVerdict, VerdictBook } from './verdict-book.ts';

/** Options of {@link VerdictMessages}. */
export interface VerdictMessagesOptions {
  readonly did: Did;
  readonly street: Street & Neighbours;
  readonly crier: TownCrier | undefined;
  readonly clock: Clock;
  readonly histories: Histories;
  readonly book: VerdictBook;
  readonly signal: AbortSignal;
  readonly background: (work: Promise<unknown>) => void;
}

const topic = 'trust.verdict';
/** Verdicts shown to a peer at once. */
const shownLimit = 256;
const askMs = 5_000;
/** How long a verdict is passed on; who comes later asks. */
const tellMs = 3_600_000;

const pieceShape = object({ verdict: optional(unknown), release: optional(unknown) });
const shownShape = object({
  verdicts: list(pieceShape, { max: shownLimit }),
  logs: list(didLogShape, { max: 32 }),
});

/** Brings verdicts to others and takes theirs to the book. */
export class VerdictMessages {
  readonly #options: VerdictMessagesOptions;

  constructor(options: VerdictMessagesOptions) {
    this.#options = options;
  }

  /** Begins to listen; the result ends it. */
  start(): () => void {
    const { street, crier, background } = this.#options;
    street.handle('trust.verdicts', () => this.#shown());
    street.handle('trust.verdict', async ({ from, body }) => {
      if (from === this.#options.did) await this.#takePiece(pieceShape(body, topic));
      return {};
    });
    const off = crier?.on(topic, ({ bytes }) => {
      background(this.#hear(bytes));
    });
    return () => off?.();
  }

  /** Tells everybody, before anything else that waits. */
  async tell(piece: BookedVerdict | Pick<Required<BookedVerdict>, 'release'>): Promise<void> {
    const bytes = utf8(JSON.stringify(piece));
    await this.#options.crier?.broadcast(topic, bytes, { priority: 'high', ttl: tellMs });
  }

  /**
   * Tells the other nodes of this organisation: what goes around the mesh comes to one node of each. Whoever knows it already
   * passes it on no more.
   */
  tellSiblings(piece: BookedVerdict): void {
    const { street, did, background } = this.#options;
    for (const node of street.siblings?.() ?? []) {
      const telling = street.call(did, topic, piece, { timeoutMs: askMs, node });
      background(telling.catch(() => undefined));
    }
  }

  /** Asks `peer` for what may have been missed. A peer that does not answer knows nothing. */
  async ask(peer: Did): Promise<void> {
    const { street, did } = this.#options;
    if (peer !== did) return this.#ask(peer);
    for (const node of street.siblings?.() ?? []) await this.#ask(did, node);
  }

  async #ask(peer: Did, node?: string): Promise<void> {
    const { street, clock, signal } = this.#options;
    const what = 'trust.verdicts';
    try {
      const answer = await withDeadline(clock, askMs, { what, signal }, (within) =>
        street.call(
          peer,
          what,
          {},
          { timeoutMs: askMs, signal: within, ...(node !== undefined && { node }) },
        ),
      );
      const { verdicts, logs } = shownShape(answer, what);
      if (verdicts.length === 0) return;
      const pieces = verdicts.flatMap(({ verdict, release }) => [verdict, release]);
      const speakers = pieces.map((piece) => memberOf(piece, 'by'));
      for (const log of logsOf(logs, speakers)) {
        await unlessRefused(() => this.#options.histories.learn(log));
      }
      for (const piece of verdicts) await this.#takePiece(piece);
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  }

  async #hear(bytes: Uint8Array): Promise<void> {
    await unlessRefused(() =>
      this.#takePiece(parseJson(fromUtf8(bytes, topic), pieceShape, topic)),
    );
  }

  async #takePiece({ verdict, release }: { verdict?: unknown; release?: unknown }): Promise<void> {
    const { book } = this.#options;
    // The end first: a verdict that is over already must not strike for a moment.
    if (release !== undefined) await unlessRefused(() => book.takeRelease(release));
    if (verdict !== undefined) await unlessRefused(() => book.take(verdict));
  }

  async #shown(): Promise<unknown> {
    const { book, histories } = this.#options;
    const verdicts = book.shown(shownLimit);
    const logs: DidLog[] = [];
    for (const issuer of new Set(verdicts.map(({ verdict }) => verdict.by))) {
      const log = logs.length < 32 ? await histories.logOf(issuer) : undefined;
      if (log !== undefined) logs.push(log);
    }
    return { verdicts, logs };
  }
}

/** What somebody else brings and is wrong is passed over. */
async function unlessRefused(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!MeshError.is(error)) throw error;
  }
}
