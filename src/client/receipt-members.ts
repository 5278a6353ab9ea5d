/**
 * What extensions add to the receipts this node signs.
 * @module
 */
import { canonicalJson } from '../base/canonical.ts';
import { MeshError, toMeshError } from '../base/errors.ts';
import type { ReceiptContributor, ReceiptOccasion } from '../ports/extension.ts';
import { addedMembersShape, isCoreMember } from '../schema/receipt.ts';

/** Characters of all that extensions add to one receipt, as JSON. */
const sizeLimit = 16_384;

/** Asks extensions for members of receipts. */
export class ReceiptMembers {
  readonly #contributors = new Set<{ readonly by: string; readonly of: ReceiptContributor }>();
  readonly #report: (error: MeshError, extension: string) => void;

  constructor(report: (error: MeshError, extension: string) => void) {
    this.#report = report;
  }

  /** Asks `contribute` for each receipt; the result takes it away. */
  add(extension: string, contribute: ReceiptContributor): () => void {
    const contributor = { by: extension, of: contribute };
    this.#contributors.add(contributor);
    return () => {
      this.#contributors.delete(contributor);
    };
  }

  /** The members for one receipt. The work is done and paid for: what an extension does wrong is reported and left out. */
  of(occasion: ReceiptOccasion): Readonly<Record<string, unknown>> {
    const members: Record<string, unknown> = {};
    let size = 0;
    for (const { by, of } of this.#contributors) {
      try {
        const added = { ...of(occasion) };
        size += checkMembers(added, members, size);
        Object.assign(members, added);
      } catch (thrown) {
        this.#report(toMeshError(thrown, `the receipt members of extension '${by}'`), by);
      }
    }
    return members;
  }
}

/** The size of what is added; throws when it may not be. */
function checkMembers(
  added: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>>,
  size: number,
): number {
  for (const member of Object.keys(added)) {
    if (isCoreMember(member) || Object.hasOwn(before, member)) {
      throw new MeshError('ALREADY_EXISTS', { what: 'receipt member', id: member });
    }
  }
  addedMembersShape(added, 'receipt');
  const got = canonicalJson(added).length;
  if (size + got <= sizeLimit) return got;
  throw new MeshError('LIMIT_EXCEEDED', {
    what: 'what is added to a receipt',
    limit: sizeLimit,
    got,
  });
}
