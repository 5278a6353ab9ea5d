/**
 * What a score is made from: plain data, so that whoever has the same facts gets the same score.
 * @module
 */

import { compareText, type Did } from '../../../base/ids.ts';
import { cidOfJson } from '../../../base/multiformat.ts';
import type { EvidenceDay } from '../evidence/belief.ts';
import type { PresenceDay } from '../evidence/uptime.ts';

/** What one other organisation has seen of a peer, by how far it is believed: a contribution to an opinion. */
export interface RaterEvidence {
  readonly rater: Did;
  /** Receipts behind it. */
  readonly receipts: number;
  /** Tasks that speak for and against the peer, after weight and caps. */
  readonly good: number;
  readonly bad: number;
}

/** What one other organisation says of a peer. */
export interface Statement {
  readonly rater: Did;
  readonly type: string;
  /** 0 to 1. */
  readonly value: number;
  /** How far the rater is believed, 0 to 1. */
  readonly weight: number;
}

/** What an auditor that is an anchor has found. */
export interface Finding {
  readonly issuer: Did;
  readonly type: string;
  /** 0 to 1; from one half on it speaks for the peer. */
  readonly value: number;
}

/** A slashing that stands. */
export interface SlashingFact {
  readonly by: Did;
  readonly id: string;
  /** In broken tasks. */
  readonly weight: number;
}

/** What is known of a peer. Left out: nothing of that kind. */
export interface TrustFacts {
  /** What this node has seen itself. */
  readonly evidence: readonly EvidenceDay[];
  readonly others?: readonly RaterEvidence[];
  /** Credentials that stand and come from an anchor, one for each issuer and type. */
  readonly credentials: readonly { readonly issuer: Did; readonly type: string }[];
  readonly attestations?: readonly Statement[];
  readonly compliance?: readonly Finding[];
  readonly slashings?: readonly SlashingFact[];
  readonly presence: readonly PresenceDay[];
  /** What verdicts say: they stand before every score. */
  readonly standing?: 'quarantined' | 'probation';
}

/** `facts` in one order, whatever order they came in. */
export function inOrder(facts: TrustFacts): Required<Omit<TrustFacts, 'standing'>> {
  const { others = [], attestations = [], compliance = [], slashings = [] } = facts;
  return {
    evidence: facts.evidence,
    others: sorted(others, ({ rater }) => rater),
    credentials: sorted(facts.credentials, ({ issuer, type }) => `${issuer} ${type}`),
    attestations: sorted(attestations, ({ rater, type }) => `${rater} ${type}`),
    compliance: sorted(compliance, ({ issuer, type }) => `${issuer} ${type}`),
    slashings: sorted(slashings, ({ by, id }) => `${by} ${id}`),
    presence: facts.presence,
  };
}

/** The name of a set of facts: the same facts as of the same hour, by the same weights, have the same. */
export function nameOfFacts(
  facts: TrustFacts,
  hour: number,
  weights: Readonly<Record<string, number>>,
): string {
  const { standing } = facts;
  return cidOfJson({ ...inOrder(facts), ...(standing && { standing }), hour, weights });
}

function sorted<T>(list: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...list].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}
