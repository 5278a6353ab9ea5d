/**
 * A statement of one organisation about another, signed, of a type, with an end.
 * @module
 */
import type { Did } from '../base/ids.ts';
import { integer, number, object, optional, refused, type Shape, text } from '../base/shape.ts';
import { proofShape, type Signed } from './signed.ts';
import { did, instant, name } from './words.ts';

/** What the rater signs. Its newest statement of a type about a peer is the one that counts. */
export interface Attestation {
  readonly format: 1;
  /** What it is about, e.g. `reliable`; types that begin with `compliance/` are findings of auditors. */
  readonly type: string;
  readonly by: Did;
  readonly about: Did;
  readonly at: string;
  /** From this instant on it says nothing any more. At most a year after `at`. */
  readonly expiresAt: string;
  /** 0 (not at all) to 1 (entirely), in hundredths. */
  readonly value: number;
  /** For people. */
  readonly note?: string;
  /** CID of what it rests on. */
  readonly evidence?: string;
}

/** A statement as it travels. */
export type SignedAttestation = Signed<Attestation>;

/** How types of compliance findings begin. */
export const compliancePrefix = 'compliance/';

/** The longest life of an attestation in milliseconds: a year. */
export const attestationLifeMs = 366 * 86_400_000;

const members = object({
  format: integer({ min: 1, max: 1 }),
  type: name,
  by: did,
  about: did,
  at: instant,
  expiresAt: instant,
  value: number({ min: 0, max: 1 }),
  note: optional(text({ max: 500 })),
  evidence: optional(text({ min: 10, max: 128 })),
  proof: proofShape,
}) as unknown as Shape<SignedAttestation>;

/** Parser of signed attestations. */
export const attestationShape: Shape<SignedAttestation> = (value, at) => {
  const attestation = members(value, at);
  const life = Date.parse(attestation.expiresAt) - Date.parse(attestation.at);
  if (life <= 0 || life > attestationLifeMs) {
    throw refused(`${at}.expiresAt`, 'within a year after `at`', attestation.expiresAt);
  }
  if (attestation.by === attestation.about) {
    throw refused(`${at}.about`, 'somebody other than who says it', attestation.about);
  }
  return attestation;
};
