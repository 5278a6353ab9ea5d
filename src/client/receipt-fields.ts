/**
 * Members that extensions add to the receipts of this node.
 * @module
 */
import { withDeadline } from '../base/abort.ts';
import { canonicalJson } from '../base/canonical.ts';
import { MeshError, toMeshError } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReceiptContributor, ReceiptSubject } from '../ports/receipt-contributor.ts';
import { addedMembersShape, isCoreMember } from '../schema/receipt.ts';

/** How long one contributor may take, in milliseconds. */
export const contributionMs = 1_000;
/** Bytes of all members of one contributor, as canonical JSON. */
export const contributionLimit = 16_384;

/** Who adds what, asked in the order in which they came. */
export class ReceiptFields {
  readonly #clock: Clock;
  readonly #report: (by: string, error: MeshError) => void;
  readonly #contributors = new Map<symbol, { readonly by: string; ask: ReceiptContributor }>();

  /** `report` hears of every contribution that was left out. */
  constructor(clock: Clock, report: (by: string, error: MeshError) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Asks `ask` for every receipt, in the name of `by`; the result takes it away. */
  add(by: string, ask: ReceiptContributor): () => void {
    const key = Symbol(by);
    this.#contributors.set(key, { by, ask });
    return () => {
      this.#contributors.delete(key);
    };
  }

  /**
   * What is added to the receipt for `subject`. The work is done by then, so nobody can withhold the receipt: what throws,
   * takes longer than a second, or says what is not its to say is left out whole, and reported.
   */
  async collect(subject: ReceiptSubject): Promise<Readonly<Record<string, unknown>>> {
    const contributors = [...this.#contributors.values()];
    const answers = await Promise.all(
      contributors.map(({ by, ask }) => this.#ask(by, ask, subject)),
    );
    const members = new Map<string, unknown>();
    for (const [index, answer] of answers.entries()) {
      const names = Object.keys(answer);
      const taken = names.find((name) => members.has(name));
      if (taken === undefined) for (const name of names) members.set(name, answer[name]);
      else this.#report(contributors[index]!.by, notIts(taken, 'a member nobody else has added'));
    }
    return Object.fromEntries(members);
  }

  async #ask(
    by: string,
    ask: ReceiptContributor,
    subject: ReceiptSubject,
  ): Promise<Readonly<Record<string, unknown>>> {
    const what = `the receipt members of '${by}'`;
    try {
      return checked(
        await withDeadline(this.#clock, contributionMs, { what }, async () => ask(subject)),
      );
    } catch (thrown) {
      this.#report(by, toMeshError(thrown, what));
      return {};
    }
  }
}

/** A copy of `members`, as they will be signed. */
function checked(members: unknown): Readonly<Record<string, unknown>> {
  const text = canonicalJson(members);
  if (text.length > contributionLimit) {
    throw new MeshError('FRAME_TOO_LARGE', { size: text.length, limit: contributionLimit });
  }
  const copy = addedMembersShape(JSON.parse(text), 'receipt') as Readonly<Record<string, unknown>>;
  const core = Object.keys(copy).find(isCoreMember);
  if (core !== undefined) throw notIts(core, 'no member of the core');
  return copy;
}

function notIts(member: string, expected: string): MeshError {
  return new MeshError('INVALID_ARGUMENT', {
    argument: `receipt.${member}`,
    expected,
    got: 'another',
  });
}
