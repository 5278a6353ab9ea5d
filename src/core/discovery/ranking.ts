/**
 * Whom to show first: gates that must hold, a score made of named factors, and a limit to how much of the first page
 * one publisher can take. Pure; trust and measurements are the reader's own, never the publisher's claim.
 * @module
 */
import { compareText, type Did } from '../../base/ids.ts';
import type { AgentRecord } from '../../schema/agent-record.ts';
import type { Observation } from './needs.ts';

/** What a search may ask for beside words. Every filter that is given must hold. */
export interface SearchFilters {
  /** Least trust, 0 to 100, as verified here. */
  readonly trustScore?: { readonly min: number };
  /** Certifications the record claims *and* whose credentials were verified here. */
  readonly certifications?: readonly string[];
  /** Greatest mean latency in milliseconds, as measured here: an agent never called does not pass. */
  readonly maxLatency?: number;
  readonly region?: string;
  /** Zone the agent must lie in (`EU`), must not lie in (`no-US`), or `any`. A region of unknown zone passes only `any`. */
  readonly sovereignty?: string;
  /** Capabilities the agent must all offer. */
  readonly capabilities?: readonly string[];
  /** `verified` shows only publishers of whom something was verified here (trust of 30 or more). Default `all`. */
  readonly include?: 'all' | 'verified';
}

/** An agent with all that is known of it here. */
export interface Candidate {
  readonly record: AgentRecord;
  /** 0 to 1: how well it matches the words; 1 when no words were asked for. */
  readonly relevance: number;
  /** Verified trust in its publisher, 0 to 1. */
  readonly trust: number;
  /** It belongs to the reader's own organisation. */
  readonly own: boolean;
  readonly quarantined: boolean;
  /** Certifications of its publisher that were verified here. */
  readonly certifications: readonly string[];
  readonly zone: string | undefined;
  readonly observation: Observation | undefined;
}

/** What a score is made of; each from 0 to 1. */
export interface Factors {
  readonly relevance: number;
  readonly trust: number;
  /** exp(-age / 7 days) of the record. */
  readonly freshness: number;
  /** Measured reliability times speed; 0.5 when nothing was measured. */
  readonly usefulness: number;
}

/** A candidate in its place. */
export interface Ranked<C extends Candidate = Candidate> {
  readonly candidate: C;
  readonly score: number;
  readonly factors: Factors;
}

/** A gate that keeps a candidate out. */
export type Gate =
  | 'expired'
  | 'withdrawn'
  | 'quarantined'
  | 'unverified'
  | 'trust'
  | 'certifications'
  | 'latency'
  | 'region'
  | 'sovereignty'
  | 'capabilities';

/** Trust from which a publisher counts as verified; below it, it is a newcomer. */
export const verifiedFloor = 0.3;
/** How far the clocks of two organisations may differ. */
export const clockSkewMs = 60_000;

const firstPage = 10;
/** Places of the first page one publisher may take, and those all newcomers together may, while others match. */
const placesPerPublisher = 2;
const placesOfNewcomers = 2;
const freshnessMs = 7 * 86_400_000;
const middlingLatencyMs = 1_000;

/** The first gate that `candidate` fails, or undefined. */
export function refusedBy(
  candidate: Candidate,
  filters: SearchFilters,
  now: number,
): Gate | undefined {
  const { record } = candidate;
  if (record.withdrawn === true) return 'withdrawn';
  if (Date.parse(record.expiresAt) + clockSkewMs <= now) return 'expired';
  if (candidate.quarantined) return 'quarantined';
  if (filters.include === 'verified' && isNewcomer(candidate)) return 'unverified';
  if (!(candidate.trust * 100 >= (filters.trustScore?.min ?? 0))) return 'trust';
  if (!(filters.capabilities ?? []).every((wanted) => record.capabilities.includes(wanted))) {
    return 'capabilities';
  }
  if (!(filters.certifications ?? []).every((wanted) => isCertified(candidate, wanted))) {
    return 'certifications';
  }
  if (filters.region !== undefined && record.region !== filters.region) return 'region';
  if (!liesWithin(candidate.zone, filters.sovereignty)) return 'sovereignty';
  if (filters.maxLatency !== undefined && !isFaster(candidate, filters.maxLatency))
    return 'latency';
  return undefined;
}

/** `score = relevance * (0.3 + 0.7 trust) * (0.8 + 0.1 freshness + 0.1 usefulness)`, from 0 to 1. */
export function scoreOf(factors: Factors): number {
  const { relevance, trust, freshness, usefulness } = factors;
  return relevance * (0.3 + 0.7 * trust) * (0.8 + 0.1 * freshness + 0.1 * usefulness);
}

/** The factors of `candidate` at `now`. */
export function factorsOf(candidate: Candidate, now: number): Factors {
  const age = Math.max(0, now - Date.parse(candidate.record.issuedAt));
  return {
    relevance: within01(candidate.relevance),
    trust: within01(candidate.trust),
    freshness: Math.exp(-age / freshnessMs),
    usefulness: usefulnessOf(candidate.observation),
  };
}

/**
 * The best `limit` of `candidates`, which have passed the gates. Among the first ten a publisher has at most two
 * places, and so have newcomers together, as long as others match; what is put back follows in order of score, so
 * nothing is lost in a small mesh. Ties go by id: the order in which candidates come in does not matter.
 */
export function rank<C extends Candidate>(
  candidates: readonly C[],
  limit: number,
  now: number,
): Ranked<C>[] {
  const ranked = candidates.map((candidate) => {
    const factors = factorsOf(candidate, now);
    return { candidate, factors, score: scoreOf(factors) };
  });
  return spread(ranked.sort(byScore)).slice(0, limit);
}

/** Order of candidates for a task: own agents, then trust, then what was measured; 0 where nothing tells them apart. */
export function byTrust(a: Candidate, b: Candidate): number {
  return (
    Number(b.own) - Number(a.own) ||
    b.trust - a.trust ||
    usefulnessOf(b.observation) - usefulnessOf(a.observation)
  );
}

/** Nothing, or too little, was verified of its publisher. One's own organisation is no newcomer. */
export function isNewcomer(candidate: Pick<Candidate, 'own' | 'trust'>): boolean {
  return !candidate.own && candidate.trust < verifiedFloor;
}

function spread<C extends Candidate>(ranked: readonly Ranked<C>[]): Ranked<C>[] {
  const left = new Set(ranked);
  const first: Ranked<C>[] = [];
  const taken = new Map<Did, number>();
  let newcomers = 0;
  const fits = ({ candidate }: Ranked): boolean =>
    (taken.get(candidate.record.meshId) ?? 0) < placesPerPublisher;
  const fitsBoth = (item: Ranked): boolean =>
    fits(item) && (newcomers < placesOfNewcomers || !isNewcomer(item.candidate));
  while (first.length < firstPage && left.size > 0) {
    const next = firstOf(left, fitsBoth) ?? firstOf(left, fits) ?? firstOf(left, () => true)!;
    left.delete(next);
    first.push(next);
    const { meshId } = next.candidate.record;
    taken.set(meshId, (taken.get(meshId) ?? 0) + 1);
    if (isNewcomer(next.candidate)) newcomers += 1;
  }
  return [...first, ...left];
}

function firstOf<T>(items: Iterable<T>, holds: (item: T) => boolean): T | undefined {
  for (const item of items) if (holds(item)) return item;
  return undefined;
}

function byScore(a: Ranked, b: Ranked): number {
  return b.score - a.score || compareText(a.candidate.record.id, b.candidate.record.id);
}

function isCertified({ record, certifications }: Candidate, wanted: string): boolean {
  return certifications.includes(wanted) && (record.certifications ?? []).includes(wanted);
}

function isFaster({ own, observation }: Candidate, maxLatency: number): boolean {
  // An own agent runs in this process or beside it; before the first call there is nothing to measure.
  return observation === undefined ? own : observation.avgLatency <= maxLatency;
}

function liesWithin(zone: string | undefined, sovereignty = 'any'): boolean {
  if (sovereignty === 'any') return true;
  if (zone === undefined) return false;
  return sovereignty.startsWith('no-') ? zone !== sovereignty.slice(3) : zone === sovereignty;
}

function usefulnessOf(observation: Observation | undefined): number {
  if (observation === undefined) return 0.5;
  const { uptime, avgLatency } = observation;
  return within01(uptime) * within01(middlingLatencyMs / (middlingLatencyMs + avgLatency));
}

/** Numbers from outside are brought into range; what is no number counts as 0. */
function within01(value: number): number {
  return value > 0 ? Math.min(1, value) : 0;
}
