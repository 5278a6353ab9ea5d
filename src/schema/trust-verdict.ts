/**
 * Verdicts on a peer: signed, with the hash of their evidence, an end, and a way to appeal. A verdict is a statement; who
 * goes by it is for each node to say.
 * @module
 */
import type { Did } from '../base/ids.ts';
import {
  integer,
  list,
  object,
  oneOf,
  optional,
  refused,
  type Shape,
  text,
} from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { type TrustEvidence, trustEvidenceShape } from './trust-evidence.ts';
import { did, instant } from './words.ts';

/** Kinds of verdicts; as types of an anchor they say that its verdicts of this kind are gone by. */
export type VerdictType = 'SlashingAttestation' | 'QuarantineAttestation';

/** Bounds of a verdict. */
export const verdictLimits = {
  /** The longest life in milliseconds: a year. */
  lifeMs: 366 * 86_400_000,
  /** The longest time in milliseconds that running tasks may be given to finish. */
  drainMs: 600_000,
  /** The most that one slashing weighs, in broken tasks. */
  weight: 100,
} as const;

/** What the issuer signs. */
export interface TrustVerdict {
  readonly format: 1;
  /** Unique for its issuer. */
  readonly id: string;
  readonly type: VerdictType;
  readonly by: Did;
  readonly about: Did;
  readonly at: string;
  /** From this instant on it says nothing any more. */
  readonly expiresAt: string;
  /** For people. */
  readonly reason: string;
  /** CID of the evidence. */
  readonly evidence: string;
  /** A slashing counts as this many broken tasks. Default 10. */
  readonly weight?: number;
  /** Milliseconds that running tasks have to finish when a quarantine begins. Default 0. */
  readonly drainMs?: number;
}

/** The end of a verdict before its time, by its issuer. */
export interface TrustRelease {
  readonly format: 1;
  /** Id of the verdict. */
  readonly verdict: string;
  readonly by: Did;
  readonly about: Did;
  readonly at: string;
  /** `appeal`: the issuer was convinced; `lifted`: it thought better of it. */
  readonly because: 'lifted' | 'appeal';
  readonly note?: string;
}

/** What the one a verdict is about has to say against it. */
export interface TrustAppeal {
  readonly format: 1;
  /** Id of the verdict. */
  readonly verdict: string;
  readonly by: Did;
  /** The issuer, who decides. */
  readonly to: Did;
  readonly at: string;
  /** For people. */
  readonly grounds: string;
  readonly evidence?: readonly TrustEvidence[];
}

const id = text({ min: 1, max: 128 });

const verdictMembers = object({
  format: integer({ min: 1, max: 1 }),
  id,
  type: oneOf('SlashingAttestation', 'QuarantineAttestation'),
  by: did,
  about: did,
  at: instant,
  expiresAt: instant,
  reason: text({ min: 1, max: 500 }),
  evidence: text({ min: 10, max: 128 }),
  weight: optional(integer({ min: 1, max: verdictLimits.weight })),
  drainMs: optional(integer({ max: verdictLimits.drainMs })),
  proof: proofShape,
}) as unknown as Shape<Signed<TrustVerdict>>;

/** Parser of signed verdicts. */
export const verdictShape: Shape<Signed<TrustVerdict>> = (value, at) => {
  const verdict = verdictMembers(value, at);
  const life = Date.parse(verdict.expiresAt) - Date.parse(verdict.at);
  if (life <= 0 || life > verdictLimits.lifeMs) {
    throw refused(`${at}.expiresAt`, 'within a year after `at`', verdict.expiresAt);
  }
  return verdict;
};

/** Parser of signed releases. */
export const releaseShape = object({
  format: integer({ min: 1, max: 1 }),
  verdict: id,
  by: did,
  about: did,
  at: instant,
  because: oneOf('lifted', 'appeal'),
  note: optional(text({ max: 500 })),
  proof: proofShape,
}) as unknown as Shape<Signed<TrustRelease>>;

/** Parser of signed appeals. */
export const appealShape = object({
  format: integer({ min: 1, max: 1 }),
  verdict: id,
  by: did,
  to: did,
  at: instant,
  grounds: text({ min: 1, max: 2_000 }),
  evidence: optional(list(trustEvidenceShape, { max: 16 })),
  proof: proofShape,
}) as unknown as Shape<Signed<TrustAppeal>>;
