/**
 * Why somebody is believed: things that happened, each with its proof.
 * @module
 */
import type { Did } from '../base/ids.ts';
import { integer, number, object, oneOf, optional, type Shape, text } from '../base/shape.ts';
import { receiptShape, type SignedReceipt } from './receipt.ts';
import { proofShape, type Signed } from './signed.ts';
import { did, instant } from './words.ts';

/** The caller's word on a receipt: with it, both parties have signed that the task took place. */
export interface Acceptance {
  readonly format: 1;
  /** Id of the receipt. */
  readonly receipt: string;
  readonly by: Did;
  readonly about: Did;
  /** `kept`: the output was what was asked for. With a `score`: whether that is at least one half. */
  readonly verdict: 'kept' | 'broken';
  /** How good it was, 0 to 1 in hundredths. Absent: 1 when kept, 0 when broken. */
  readonly score?: number;
  /** CID of what the receipt says; evidence without it convinces nobody but its author. */
  readonly receiptHash?: string;
  readonly at: string;
  readonly note?: string;
}

/** Evidence from one task: the receipt, and the caller's acceptance. */
export interface TrustEvidence {
  readonly receipt: SignedReceipt;
  readonly acceptance: Signed<Acceptance>;
}

const acceptanceShape = object({
  format: integer({ min: 1, max: 1 }),
  receipt: text({ min: 1, max: 128 }),
  by: did,
  about: did,
  verdict: oneOf('kept', 'broken'),
  score: optional(number({ min: 0, max: 1 })),
  receiptHash: optional(text({ min: 10, max: 128 })),
  at: instant,
  note: optional(text({ max: 500 })),
  proof: proofShape,
}) as unknown as Shape<Signed<Acceptance>>;

/** Parser of evidence. */
export const trustEvidenceShape: Shape<TrustEvidence> = object({
  receipt: receiptShape,
  acceptance: acceptanceShape,
});
