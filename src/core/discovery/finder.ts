/**
 * Looks through the directory with the eyes of this node: its trust, its measurements, its clock.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IndexHit } from '../../ports/search-index.ts';
import type { SignedAgentRecord } from '../../schema/agent-record.ts';
import { analyse } from './analyse.ts';
import type { Directory } from './directory.ts';
import { type AgentListing, type Found, toListing } from './listing.ts';
import type { Observations, TrustReading, TrustView, ZoneOf } from './needs.ts';
import { byTrust, rank, refusedBy } from './ranking.ts';
import type { CheckedQuery } from './search-query.ts';

/** Options of {@link Finder}. */
export interface FinderOptions {
  readonly did: Did;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly trust: TrustView;
  readonly observations: Observations;
  readonly zoneOf: ZoneOf;
}

/** An agent that could be given a task. */
export interface TaskCandidate {
  readonly record: SignedAgentRecord;
  /** It belongs to the caller's own organisation. */
  readonly own: boolean;
  readonly trust: TrustReading;
}

/** What is known of a record beside the record. */
type View = (
  record: SignedAgentRecord,
  relevance?: number,
  hit?: Pick<IndexHit, 'matched'>,
) => Found;

/** Turns records into candidates and candidates into answers. */
export class Finder {
  readonly #options: FinderOptions;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** The best matches of a search. */
  search({ text, filters, limit }: CheckedQuery): AgentListing[] {
    const now = this.#options.clock.now();
    const found = this.#matches(text).filter(
      (candidate) => refusedBy(candidate, filters, now) === undefined,
    );
    return rank(found, limit, now).map((ranked) => toListing(ranked, now));
  }

  /** Who offers exactly `capability`: own agents, then others by trust. */
  candidates(capability: string, limit: number): TaskCandidate[] {
    const now = this.#options.clock.now();
    const view = this.#view();
    return this.#options.directory
      .offering(capability)
      .map((record) => view(record))
      .filter((candidate) => refusedBy(candidate, {}, now) === undefined)
      .sort(byTrust)
      .slice(0, limit)
      .map(({ record, own, reading }) => ({ record, own, trust: reading }));
  }

  #matches(text: string): Found[] {
    const { directory } = this.#options;
    const view = this.#view();
    if (analyse(text).length === 0) return directory.all().map((record) => view(record));
    // Every match is ranked, not the most relevant few: otherwise copies of one record could fill the few places.
    const hits = directory.index.search({ text, limit: directory.index.size });
    return hits.map((hit) => view(directory.get(hit.id)!, hit.relevance, hit));
  }

  /** Asks for the trust of each publisher once. */
  #view(): View {
    const { did, observations, zoneOf } = this.#options;
    const publisherOf = this.#publishers();
    return (record, relevance = 1, hit) => {
      const own = record.meshId === did;
      const { reading, certifications } = publisherOf(record.meshId);
      return {
        record,
        relevance,
        own,
        reading,
        trust: reading.score / 100,
        quarantined: reading.state === 'quarantined',
        certifications,
        zone: record.region === undefined ? undefined : zoneOf(record.region),
        observation: observations(record.id),
        // Read for the few that are shown only.
        get matched() {
          return hit?.matched;
        },
      };
    };
  }

  #publishers(): (did: Did) => { reading: TrustReading; certifications: readonly string[] } {
    const { did, trust } = this.#options;
    const known = new Map<Did, { reading: TrustReading; certifications: readonly string[] }>();
    return (publisher) => {
      const found = known.get(publisher) ?? {
        reading: publisher === did ? ownReading(trust, did) : trust.score(publisher),
        certifications: trust.certifications?.(publisher) ?? [],
      };
      known.set(publisher, found);
      return found;
    };
  }
}

/** One's own organisation needs no evidence. */
function ownReading(trust: TrustView, did: Did): TrustReading {
  return { ...trust.score(did), score: 100, state: 'own' };
}
