/**
 * Whom the client's own audit entries are about, and what of them is personal.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { AboutSubject } from '../core/audit/index.ts';
import type { DecisionRecord } from '../core/policy/index.ts';
import type { SignedReceipt } from '../schema/receipt.ts';

/**
 * A receipt is about the subject its task named, else about the organisation that asked, unless that is this one. Hashes of what
 * went in and out are personal, for a name or a number can be found by trying them all; so is the signature, which says whether
 * a guess was right.
 */
export function aboutReceipt(
  receipt: SignedReceipt,
  subject: string | undefined,
  self: Did,
): AboutSubject {
  const whom = subject ?? (receipt.for === self ? undefined : receipt.for);
  return { subject: whom, personal: ['inputHash', 'outputHash', 'proof'] };
}

/** A decision is about the other organisation: what names it is personal. */
export function aboutDecision({ subject, resource }: DecisionRecord, self: Did): AboutSubject {
  const other = subject === self ? /^(?:agent|org):(did:[^#]+)/.exec(resource)?.[1] : subject;
  return { subject: other === self ? undefined : other, personal: [] };
}
