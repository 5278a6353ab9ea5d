/**
 * A set of policies as it travels: numbered, dated, signed.
 * @module
 */
import type { Did } from '../base/ids.ts';
import { integer, list, object, optional, type Shape, text } from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { did, instant, name } from './words.ts';

/** The bundle. */
export interface PolicyBundle {
  readonly format: 1;
  readonly publisher: Did;
  /** Grows with every publish; a lower one is refused. */
  readonly revision: number;
  readonly at: string;
  readonly expiresAt?: string;
  /** Why it was published, for people; a rollback always says. */
  readonly reason?: string;
  readonly policies: readonly { readonly id: string; readonly text: string }[];
}

/** A bundle as it travels. */
export type SignedPolicyBundle = Signed<PolicyBundle>;

/** Parser of signed bundles. */
export const policyBundleShape: Shape<SignedPolicyBundle> = object({
  format: integer({ min: 1, max: 1 }),
  publisher: did,
  revision: integer(),
  at: instant,
  expiresAt: optional(instant),
  reason: optional(text({ max: 1_000 })),
  policies: list(object({ id: name, text: text({ max: 100_000 }) }), { max: 10_000 }),
  proof: proofShape,
}) as unknown as Shape<SignedPolicyBundle>;
