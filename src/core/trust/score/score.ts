/**
 * The trust score: one number with its reasons. A pure function of the facts and the hour, so that two nodes with the
 * same facts say the same, byte for byte.
 * @module
 */
import {
  type Belief,
  confidenceOf,
  type HalfLives,
  lowerBound,
  upperBound,
} from '../evidence/belief.ts';
import { presenceBelief } from '../evidence/uptime.ts';
import { type Standing, standingOf } from '../reputation/standing.ts';
import {
  attestationFactor,
  complianceFactor,
  complianceValue,
  countFindings,
  countReceipts,
  credentialFactor,
  credentialValue,
  historyFactor,
  nothing,
  round,
  sumOf,
  type TrustFactor,
  uptimeFactor,
  votesOf,
  weighEvidence,
} from './factors.ts';
import { inOrder, nameOfFacts, type TrustFacts } from './trust-facts.ts';
import { type TrustWeights, trustWeights } from './weights.ts';

export type { FactorName, FactorPart, TrustFactor } from './factors.ts';
export type { TrustFacts } from './trust-facts.ts';
export type { TrustWeights, TrustWeightsChoice } from './weights.ts';

/**
 * Where a peer stands. `unknown`: nothing is known. `probation`: too little is known, or a quarantine has just ended.
 * `trusted`: enough good. `degraded`: enough is known, and it is bad. `quarantined`: a verdict shuts it out, whatever its score.
 */
export type TrustState = 'unknown' | 'probation' | 'trusted' | 'degraded' | 'quarantined';

/** Trust in a peer. */
export interface TrustScore {
  /** 0 to 100, a lower confidence bound: the sum of the contributions. */
  readonly score: number;
  readonly state: TrustState;
  /**
   * What its work makes it: `good` or `bad` with 95 % confidence, else `unknown`, as is whoever is on probation. Placement
   * gives those that are `unknown` a newcomer's share.
   */
  readonly standing: Standing;
  /** 0 to 1: how much of the score goes by what was seen rather than by what is not known. */
  readonly confidence: number;
  readonly factors: readonly TrustFactor[];
  /** Receipts, credentials and statements behind it. */
  readonly evidence: number;
  /** What would raise it, the most effective first. */
  readonly raise: readonly string[];
  /** CID of everything it was made from: two nodes with the same `inputs` say the same. */
  readonly inputs: string;
}

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
  weights: trustWeights.standard,
  halfLives: { goodDays: 30, badDays: 90 },
  trustedFrom: 30,
  degradedBelow: 0.8,
  degradedEvidence: 2,
};

const hourMs = 3_600_000;
/** Kept tasks by which the advice on history measures. */
const adviceTasks = 10;

/** What is known, as it weighs now. */
interface Weighed {
  readonly credentials: number;
  readonly history: Belief;
  readonly attestations: Belief;
  readonly findings: readonly [good: number, bad: number];
  readonly presence: Belief;
}

/** The score of what is known, as of the hour of `now`. */
export function trustScore(
  facts: TrustFacts,
  now: number,
  constants: TrustConstants = trustConstants,
): TrustScore {
  const { weights } = constants;
  const hour = Math.floor(now / hourMs) * hourMs;
  const known = inOrder(facts);
  const { credentials, attestations, compliance } = known;
  const evidence = countEvidence(known);
  const history = weighEvidence(known, hour, constants.halfLives);
  const votes = votesOf(attestations);
  // A connection costs nothing, so by itself it earns nothing.
  const presence = evidence === 0 ? nothing : presenceBelief(facts.presence, now);
  const factors = [
    credentialFactor(credentials, weights.credentials),
    historyFactor(history, weights.history),
    attestationFactor(votes, weights.attestations),
    complianceFactor(compliance, weights.compliance),
    uptimeFactor(presence, weights.uptime),
  ];
  const score = round(
    factors.reduce((sum, { contribution }) => sum + contribution, 0),
    2,
  );
  const weighed: Weighed = {
    credentials: credentials.length,
    history: sumOf(history),
    attestations: sumOf(votes),
    findings: countFindings(compliance),
    presence,
  };
  return {
    score,
    state: facts.standing === 'quarantined' ? 'quarantined' : state(),
    standing: standing(),
    confidence: confidence(weighed, weights),
    factors,
    evidence,
    raise: advice(weighed, weights),
    inputs: nameOfFacts(facts, hour, weights),
  };

  function standing(): Standing {
    const earned = standingOf(weighed.history);
    return earned === 'good' && facts.standing !== undefined ? 'unknown' : earned;
  }

  function state(): TrustState {
    if (evidence === 0) return facts.standing ?? 'unknown';
    const earned = stateOf(score, weighed.history, constants);
    return earned === 'trusted' ? (facts.standing ?? earned) : earned;
  }
}

function stateOf(score: number, history: Belief, constants: TrustConstants): TrustState {
  const enough = history.good + history.bad >= constants.degradedEvidence;
  if (enough && upperBound(history) < constants.degradedBelow) return 'degraded';
  return score >= constants.trustedFrom ? 'trusted' : 'probation';
}

function countEvidence(facts: ReturnType<typeof inOrder>): number {
  const { evidence, others, credentials, attestations, compliance, slashings } = facts;
  const receipts = others.reduce((sum, other) => sum + other.receipts, 0);
  const statements = attestations.length + compliance.length + slashings.length;
  return countReceipts(evidence) + receipts + credentials.length + statements;
}

function confidence(known: Weighed, weights: TrustWeights): number {
  const [good, bad] = known.findings;
  const seen =
    (known.credentials > 0 ? weights.credentials : 0) +
    weights.history * confidenceOf(known.history) +
    weights.attestations * confidenceOf(known.attestations) +
    (good + bad > 0 ? weights.compliance : 0) +
    weights.uptime * confidenceOf(known.presence);
  return round(seen / 100, 4);
}

function advice(known: Weighed, weights: TrustWeights): readonly string[] {
  const { credentials: count, history, attestations, presence } = known;
  const [good, bad] = known.findings;
  const ways = [
    {
      points: weights.credentials * (credentialValue(count + 1) - credentialValue(count)),
      text: 'one more credential from an anchor',
    },
    {
      points: weights.history * gain(history, adviceTasks),
      text: `${String(adviceTasks)} more tasks kept`,
    },
    {
      points: weights.attestations * gain(attestations, 1),
      text: 'one more rater who is believed and vouches for it',
    },
    {
      points: weights.compliance * (complianceValue(good + 1, bad) - complianceValue(good, bad)),
      text: 'one more finding of compliance from an anchor',
    },
    {
      points: weights.compliance * (complianceValue(good, 0) - complianceValue(good, bad)),
      text: 'findings against it that lapse or are set right',
    },
    { points: weights.uptime * (1 - lowerBound(presence)), text: 'staying connected' },
  ];
  return ways
    .map((way) => ({ ...way, points: round(way.points, 1) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map(({ points, text }) => `${text}: up to ${points.toFixed(1)} points`);
}

/** What `more` good evidence would add. */
function gain(belief: Belief, more: number): number {
  return lowerBound({ ...belief, good: belief.good + more }) - lowerBound(belief);
}
