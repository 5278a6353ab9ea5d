/**
 * The five factors of a score. Each says what every part of it adds; the parts add up to the factor.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import {
  type Belief,
  beliefAt,
  type EvidenceDay,
  type HalfLives,
  lowerBound,
} from '../evidence/belief.ts';
import type { Finding, Statement, TrustFacts } from './trust-facts.ts';

/** What a score is made of. */
export type FactorName = 'credentials' | 'history' | 'attestations' | 'compliance' | 'uptime';

/** What one group of receipts or statements adds to a factor. */
export interface FactorPart {
  readonly what: string;
  /** Whose word it is. Absent: this node's own. */
  readonly by?: Did;
  /** Points it adds to what stands before it; negative when it takes some away. */
  readonly points: number;
}

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
  /** What it is made of, in the order in which it was added up; the points add up to the contribution. */
  readonly parts: readonly FactorPart[];
}

/** Evidence by whom it is from, as it weighs now. */
export interface WeighedEvidence {
  readonly what: string;
  readonly by?: Did;
  readonly belief: Belief;
}

export const nothing: Belief = { good: 0, bad: 0 };

/** A part before it has points: the value of the factor with everything up to it. */
interface Step {
  readonly what: string;
  readonly by?: Did;
  readonly value: number;
}

/** A factor whose value is that of its last step. */
export function factor(
  name: FactorName,
  weight: number,
  because: string,
  steps: readonly Step[],
): TrustFactor {
  let before = 0;
  const parts: FactorPart[] = [];
  for (const { what, by, value } of steps) {
    const reached = round(weight * round(value, 6), 4);
    parts.push({ what, ...(by !== undefined && { by }), points: round(reached - before, 4) });
    before = reached;
  }
  const value = round(steps.at(-1)?.value ?? 0, 6);
  return { name, weight, value, contribution: before, because, parts };
}

/** Each further credential halves what is missing: the first tells most. */
export function credentialValue(count: number): number {
  return 1 - 2 ** -count;
}

export function credentialFactor(
  credentials: TrustFacts['credentials'],
  weight: number,
): TrustFactor {
  const count = credentials.length;
  const types = [...new Set(credentials.map(({ type }) => type))].sort().join(', ');
  const because = count === 0 ? 'none from an anchor' : `${String(count)} from anchors: ${types}`;
  const steps = credentials.map(({ issuer: by, type: what }, i) => {
    return { what, by, value: credentialValue(i + 1) };
  });
  return factor('credentials', weight, because, steps);
}

/** Own evidence first, then what others have seen, weighed as it comes; what slashings take away last. */
export function weighEvidence(
  { evidence, others = [], slashings = [] }: TrustFacts,
  hour: number,
  halfLives: HalfLives,
): readonly WeighedEvidence[] {
  const own = beliefAt(evidence, hour, halfLives);
  return [
    ...(evidence.length > 0 ? [{ what: describe(evidence), belief: own }] : []),
    ...others.map(({ rater: by, receipts, good, bad }) => {
      return { what: `${String(receipts)} receipts`, by, belief: { good, bad } };
    }),
    ...slashings.map(({ by, id, weight }) => {
      return { what: `slashing ${id}`, by, belief: { good: 0, bad: weight } };
    }),
  ];
}

export function historyFactor(weighed: readonly WeighedEvidence[], weight: number): TrustFactor {
  let sum = nothing;
  const steps = weighed.map(({ what, by, belief }) => {
    sum = plus(sum, belief);
    return { what, ...(by !== undefined && { by }), value: lowerBound(sum) };
  });
  return factor('history', weight, describeHistory(weighed, sum), steps);
}

/**
 * One vote for each rater: the mean of what it says, each word by its weight, and the weight of the weightiest. So a further good
 * word, however little it weighs, never makes the vote worse.
 */
export function votesOf(statements: readonly Statement[]): readonly WeighedEvidence[] {
  const raters = [...new Set(statements.map(({ rater }) => rater))];
  return raters.map((by) => {
    const said = statements.filter(({ rater }) => rater === by);
    const weight = Math.max(...said.map((one) => one.weight));
    const all = said.reduce((sum, one) => sum + one.weight, 0);
    const heard = said.reduce((sum, one) => sum + one.weight * one.value, 0);
    const mean = all > 0 ? heard / all : 0;
    const what = said.map(({ type }) => type).join(', ');
    return { what, by, belief: { good: weight * mean, bad: weight * (1 - mean) } };
  });
}

export function attestationFactor(votes: readonly WeighedEvidence[], weight: number): TrustFactor {
  let sum = nothing;
  const steps = votes.map(({ what, by, belief }) => {
    sum = plus(sum, belief);
    return { what, ...(by !== undefined && { by }), value: lowerBound(sum) };
  });
  const raters = `${String(votes.length)} raters, weighing ${(sum.good + sum.bad).toFixed(1)}`;
  return factor('attestations', weight, votes.length === 0 ? 'none seen' : raters, steps);
}

/** Each further good finding halves what is missing, each bad one quarters what there is. */
export function complianceValue(good: number, bad: number): number {
  return (1 - 2 ** -good) * 4 ** -bad;
}

export function complianceFactor(findings: readonly Finding[], weight: number): TrustFactor {
  let [good, bad] = [0, 0];
  const ordered = [...findings.filter(isGood), ...findings.filter((one) => !isGood(one))];
  const steps = ordered.map((finding) => {
    if (isGood(finding)) good += 1;
    else bad += 1;
    return { what: finding.type, by: finding.issuer, value: complianceValue(good, bad) };
  });
  const because = `${String(good)} findings for it, ${String(bad)} against`;
  return factor('compliance', weight, findings.length === 0 ? 'none seen' : because, steps);
}

export function uptimeFactor(presence: Belief, weight: number): TrustFactor {
  const { good, bad } = presence;
  if (good + bad === 0) return factor('uptime', weight, 'none that counts', []);
  const what = `connected ${good.toFixed(1)} of ${(good + bad).toFixed(1)} hours watched`;
  return factor('uptime', weight, what, [{ what, value: lowerBound(presence) }]);
}

/** How many good and bad findings there are. */
export function countFindings(findings: readonly Finding[]): readonly [good: number, bad: number] {
  const good = findings.filter(isGood).length;
  return [good, findings.length - good];
}

/** What pieces of evidence weigh together. */
export function sumOf(weighed: readonly WeighedEvidence[]): Belief {
  return weighed.reduce((sum, { belief }) => plus(sum, belief), nothing);
}

/** Receipts behind `days`. */
export function countReceipts(days: readonly EvidenceDay[]): number {
  return Math.round(days.reduce((sum, { kept, broken }) => sum + kept + broken, 0));
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  // No negative zero: it would be another text.
  return Math.round(value * scale) / scale + 0;
}

function isGood({ value }: Finding): boolean {
  return value >= 0.5;
}

function plus(a: Belief, b: Belief): Belief {
  return { good: a.good + b.good, bad: a.bad + b.bad };
}

function describe(days: readonly EvidenceDay[]): string {
  const [kept, broken] = totals(days);
  return `${String(kept)} tasks kept, ${String(broken)} broken`;
}

function describeHistory(weighed: readonly WeighedEvidence[], { good, bad }: Belief): string {
  if (weighed.length === 0) return 'no task was done for this node';
  const [first, ...rest] = weighed;
  const more = rest.length === 0 ? '' : ` and ${String(rest.length)} more`;
  return `${first!.what}${more}, weighing ${good.toFixed(1)} and ${bad.toFixed(1)} today`;
}

function totals(days: readonly EvidenceDay[]): readonly [kept: number, broken: number] {
  const sum = (member: 'kept' | 'broken'): number =>
    round(
      days.reduce((total, day) => total + day[member], 0),
      2,
    );
  return [sum('kept'), sum('broken')];
}
