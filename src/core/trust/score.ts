/**
 * The trust score: one number with its reasons. A pure function of the facts and the hour, so that two nodes with the
 * same facts say the same, byte for byte.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import {
  type Belief,
  beliefAt,
  confidenceOf,
  type EvidenceDay,
  type HalfLives,
  lowerBound,
  upperBound,
} from './belief.ts';
import { type PresenceDay, presenceBelief } from './uptime.ts';

/** What a score is made of. */
export type FactorName = 'credentials' | 'history' | 'attestations' | 'compliance' | 'uptime';

/**
 * Where a peer stands. `unknown`: nothing is known. `probation`: too little is known. `trusted`: enough good.
 * `degraded`: enough is known, and it is bad. `quarantined` is the verdict of signed attestations; nothing gives it yet.
 */
export type TrustState = 'unknown' | 'probation' | 'trusted' | 'degraded' | 'quarantined';

/** One reason of a score. */
export interface TrustFactor {
  readonly name: FactorName;
  /** Points this factor can give. */
  readonly weight: number;
  /** 0 to 1, a lower bound. */
  readonly value: number;
  /** Points it gives: weight times value. */
  readonly contribution: number;
  readonly because: string;
}

/** Trust in a peer. */
export interface TrustScore {
  /** 0 to 100, a lower confidence bound: the sum of the contributions. */
  readonly score: number;
  readonly state: TrustState;
  /** 0 to 1: how much of the score goes by what was seen rather than by what is not known. */
  readonly confidence: number;
  readonly factors: readonly TrustFactor[];
  /** Receipts and credentials behind it. */
  readonly evidence: number;
  /** What would raise it, the most effective first. */
  readonly raise: readonly string[];
}

/** Points per factor; they add up to 100. */
export type TrustWeights = Readonly<Record<FactorName, number>>;

/** The constants of the method. */
export interface TrustConstants {
  readonly weights: TrustWeights;
  readonly halfLives: HalfLives;
  /** Score from which a peer that is not degraded is trusted. */
  readonly trustedFrom: number;
  /** A peer is degraded when, with 95 % confidence, it keeps less than this share... */
  readonly degradedBelow: number;
  /** ...judged by at least this much evidence. */
  readonly degradedEvidence: number;
}

/** The constants in use unless others are given. */
export const trustConstants: TrustConstants = {
  weights: { credentials: 30, history: 25, attestations: 20, compliance: 15, uptime: 10 },
  halfLives: { goodDays: 30, badDays: 90 },
  trustedFrom: 30,
  degradedBelow: 0.8,
  degradedEvidence: 2,
};

/** What is known of a peer. */
export interface TrustFacts {
  readonly evidence: readonly EvidenceDay[];
  /** Credentials that stand and come from an anchor, one for each issuer and type. */
  readonly credentials: readonly { readonly issuer: Did; readonly type: string }[];
  readonly presence: readonly PresenceDay[];
}

const hourMs = 3_600_000;
/** Kept tasks by which the advice on history measures. */
const adviceTasks = 10;

/** The score of what is known, as of the hour of `now`. */
export function trustScore(
  facts: TrustFacts,
  now: number,
  constants: TrustConstants = trustConstants,
): TrustScore {
  const { weights } = constants;
  const hour = Math.floor(now / hourMs) * hourMs;
  const history = beliefAt(facts.evidence, hour, constants.halfLives);
  const evidence = countReceipts(facts) + facts.credentials.length;
  // A connection costs nothing, so by itself it earns nothing.
  const presence = evidence === 0 ? nothing : presenceBelief(facts.presence, now);
  const factors = [
    credentialFactor(facts.credentials, weights.credentials),
    factor('history', weights.history, lowerBound(history), describeHistory(facts, history)),
    factor('attestations', weights.attestations, 0, 'none seen'),
    factor('compliance', weights.compliance, 0, 'none seen'),
    factor('uptime', weights.uptime, lowerBound(presence), describePresence(presence)),
  ];
  const score = round(
    factors.reduce((sum, { contribution }) => sum + contribution, 0),
    2,
  );
  return {
    score,
    state: evidence === 0 ? 'unknown' : stateOf(score, history, constants),
    confidence: confidence(facts, history, presence, weights),
    factors,
    evidence,
    raise: advice(facts, history, presence, weights),
  };
}

const nothing: Belief = { good: 0, bad: 0 };

function factor(name: FactorName, weight: number, value: number, because: string): TrustFactor {
  const rounded = round(value, 6);
  return { name, weight, value: rounded, contribution: round(weight * rounded, 4), because };
}

function credentialFactor(credentials: TrustFacts['credentials'], weight: number): TrustFactor {
  const count = credentials.length;
  const types = [...new Set(credentials.map(({ type }) => type))].sort().join(', ');
  const because = count === 0 ? 'none from an anchor' : `${String(count)} from anchors: ${types}`;
  return factor('credentials', weight, credentialValue(count), because);
}

/** Each further credential halves what is missing: the first tells most. */
function credentialValue(count: number): number {
  return 1 - 2 ** -count;
}

function stateOf(score: number, history: Belief, constants: TrustConstants): TrustState {
  const enough = history.good + history.bad >= constants.degradedEvidence;
  if (enough && upperBound(history) < constants.degradedBelow) return 'degraded';
  return score >= constants.trustedFrom ? 'trusted' : 'probation';
}

function confidence(
  facts: TrustFacts,
  history: Belief,
  presence: Belief,
  weights: TrustWeights,
): number {
  const seen =
    (facts.credentials.length > 0 ? weights.credentials : 0) +
    weights.history * confidenceOf(history) +
    weights.uptime * confidenceOf(presence);
  return round(seen / 100, 4);
}

function advice(
  facts: TrustFacts,
  history: Belief,
  presence: Belief,
  weights: TrustWeights,
): readonly string[] {
  const count = facts.credentials.length;
  const later = { ...history, good: history.good + adviceTasks };
  const ways = [
    {
      points: weights.credentials * (credentialValue(count + 1) - credentialValue(count)),
      text: 'one more credential from an anchor',
    },
    {
      points: weights.history * (lowerBound(later) - lowerBound(history)),
      text: `${String(adviceTasks)} more tasks kept`,
    },
    { points: weights.uptime * (1 - lowerBound(presence)), text: 'staying connected' },
  ];
  return ways
    .map((way) => ({ ...way, points: round(way.points, 1) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map(({ points, text }) => `${text}: up to ${points.toFixed(1)} points`);
}

function describeHistory(facts: TrustFacts, { good, bad }: Belief): string {
  const kept = facts.evidence.reduce((sum, day) => sum + day.kept, 0);
  const broken = facts.evidence.reduce((sum, day) => sum + day.broken, 0);
  if (kept + broken === 0) return 'no task was done for this node';
  const weigh = `weighing ${good.toFixed(1)} and ${bad.toFixed(1)} today`;
  return `${String(kept)} tasks kept, ${String(broken)} broken, ${weigh}`;
}

function describePresence({ good, bad }: Belief): string {
  if (good + bad === 0) return 'none that counts';
  return `connected ${good.toFixed(1)} of ${(good + bad).toFixed(1)} hours watched`;
}

function countReceipts({ evidence }: TrustFacts): number {
  return evidence.reduce((sum, { kept, broken }) => sum + kept + broken, 0);
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
