/**
 * A search result as an application sees it.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { IndexHit } from '../../ports/search-index.ts';
import type { Pricing, SignedAgentRecord } from '../../schema/agent-record.ts';
import type { Observation, TrustReading } from './needs.ts';
import type { Candidate, Factors, Ranked } from './ranking.ts';
import { type Reason, reasonsOf, sayReason } from './reasons.ts';

/** A candidate with the documents it was made from. */
export interface Found extends Candidate {
  readonly record: SignedAgentRecord;
  /** What the trust view said of its publisher. */
  readonly reading: TrustReading;
  /** Which words matched; undefined when none were asked for. */
  readonly matched: IndexHit['matched'] | undefined;
}

/** One agent that was found. Its identity is proven; whether to trust it is said by `trust`, not by being listed. */
export interface AgentListing {
  readonly agentId: string;
  readonly meshId: Did;
  readonly node: string;
  readonly name: string;
  readonly description?: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  /** 0 to 1; follows from `factors` and nothing else. */
  readonly score: number;
  readonly factors: Factors;
  /** Why it stands where it stands, in English. */
  readonly why: readonly string[];
  /** The same as data. */
  readonly reasons: readonly Reason[];
  /** Trust in its publisher, verified here. */
  readonly trust: TrustReading;
  readonly identity: { readonly level: TrustReading['level'] };
  /** Measured here; absent when the agent was never called. */
  readonly availability?: Observation & { readonly region?: string };
  /** As claimed, in credits. */
  readonly pricing?: { readonly perQuery?: bigint; readonly perHour?: bigint };
  readonly region?: string;
}

/** The listing of a ranked agent. */
export function toListing(ranked: Ranked<Found>, now: number): AgentListing {
  const { candidate, score, factors } = ranked;
  const { record, reading, observation } = candidate;
  const { id, meshId, node, name, description, version, capabilities, region, pricing } = record;
  const reasons = reasonsOf(ranked, candidate.matched, now);
  const where = region === undefined ? {} : { region };
  return {
    agentId: id,
    meshId,
    node,
    name,
    ...(description === undefined ? {} : { description }),
    version,
    capabilities,
    score,
    factors,
    why: reasons.map(sayReason),
    reasons,
    trust: reading,
    identity: { level: reading.level },
    ...(observation === undefined ? {} : { availability: { ...observation, ...where } }),
    ...(pricing === undefined ? {} : { pricing: inCredits(pricing) }),
    ...where,
  };
}

function inCredits({ perQuery, perHour }: Pricing): { perQuery?: bigint; perHour?: bigint } {
  return {
    ...(perQuery === undefined ? {} : { perQuery: BigInt(perQuery) }),
    ...(perHour === undefined ? {} : { perHour: BigInt(perHour) }),
  };
}
