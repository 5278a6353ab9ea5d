/**
 * What those who were judged have to say: appeals as they come in, until the issuer has decided.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { integer, object, oneOf, optional } from '../../../base/shape.ts';
import type { Store } from '../../../ports/store.ts';
import { type Signed, verifySigned } from '../../../schema/signed.ts';
import { appealShape, type TrustAppeal } from '../../../schema/trust-verdict.ts';
import type { Keys } from '../needs.ts';
import { keyPart, putJson, scanJson } from '../store-names.ts';
import { refuse, type VerdictBook } from './verdict-book.ts';

/** An appeal and what became of it. */
export interface BookedAppeal {
  readonly appeal: Signed<TrustAppeal>;
  /** Absent while the issuer has not decided. */
  readonly outcome?: 'granted' | 'refused';
  /** How often this verdict was appealed. */
  readonly times: number;
}

/** Options of {@link Appeals}. */
export interface AppealsOptions {
  readonly did: Did;
  readonly keys: Pick<Keys, 'verify'>;
  readonly store: Store;
  readonly book: VerdictBook;
}

/** A verdict can be appealed this often. */
const timesLimit = 3;

const rowShape = object({
  appeal: appealShape,
  outcome: optional(oneOf('granted', 'refused')),
  times: integer({ min: 1, max: timesLimit }),
});

/** Appeals against verdicts of this node, by verdict. */
export class Appeals {
  readonly #options: AppealsOptions;
  readonly #rows = new Map<string, BookedAppeal>();

  constructor(options: AppealsOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    for await (const { appeal, outcome, times } of scanJson(
      this.#options.store,
      'appeal/',
      rowShape,
    )) {
      this.#rows.set(appeal.verdict, { appeal, times, ...(outcome && { outcome }) });
    }
  }

  all(): readonly BookedAppeal[] {
    return [...this.#rows.values()];
  }

  /** Takes an appeal; undefined for one that waits for its decision already. `VERDICT_REFUSED`, `SCHEMA_INVALID`. */
  async take(foreign: unknown): Promise<BookedAppeal | undefined> {
    const appeal = appealShape(foreign, 'appeal');
    const { did, keys, book } = this.#options;
    const { verdict: id, by } = appeal;
    const booked = book.get(did, id);
    if (appeal.to !== did || booked?.verdict.about !== by) {
      throw refuse(id, 'no verdict of this node on who appeals');
    }
    if (booked.release !== undefined) throw refuse(id, 'it is over');
    const before = this.#rows.get(id);
    if (before !== undefined && before.outcome === undefined) return undefined;
    const times = (before?.times ?? 0) + 1;
    if (times > timesLimit || before?.appeal.proof.signature === appeal.proof.signature) {
      throw refuse(id, 'it was decided on');
    }
    try {
      await verifySigned('trust-appeal', appeal, by, keys.verify);
    } catch (cause) {
      if (!MeshError.is(cause)) throw cause;
      throw refuse(id, 'the signature of its appeal does not verify', cause);
    }
    return this.#put({ appeal, times });
  }

  /** Notes the decision; `NOT_FOUND` where nothing waits for one. */
  async decide(id: string, outcome: 'granted' | 'refused'): Promise<BookedAppeal> {
    const row = this.#rows.get(id);
    if (row === undefined || row.outcome !== undefined) {
      throw new MeshError('NOT_FOUND', { what: 'appeal', id });
    }
    return this.#put({ ...row, outcome });
  }

  async #put(row: BookedAppeal): Promise<BookedAppeal> {
    const id = row.appeal.verdict;
    this.#rows.set(id, row);
    await this.#options.store.write([putJson(`appeal/${keyPart(id)}`, row)]);
    return row;
  }
}
