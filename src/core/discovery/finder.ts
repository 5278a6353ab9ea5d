/**
 * Looks through the directory with the eyes of this node: its trust, its measurements, its clock.
 * @module
 */
import { compareText, type Did } from '../../base/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IndexHit } from '../../ports/search-index.ts';
import type { SignedAgentRecord } from '../../schema/agent-record.ts';
import { analyse } from './analyse.ts';
import type { Directory } from './directory.ts';
import { type AgentListing, type Found, toListing } from './listing.ts';
import type { Observations, TrustReading, TrustView, ZoneOf } from './needs.ts';
import { byTrust, isNewcomer, rank, refusedBy } from './ranking.ts';
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
  /** Place in the order, 0 the first; equal for agents that nothing known here tells apart. */
  readonly rank: number;
}

/** What is known of a publisher. */
interface Publisher
  extends Pick<Found, 'own' | 'reading' | 'trust' | 'quarantined' | 'certifications'> {
  readonly newcomer: boolean;
}

/** One look at many records, which asks for the trust of each publisher once. */
interface Look {
  publisher(did: Did): Publisher;
  at(record: SignedAgentRecord, relevance?: number, matched?: IndexHit['matched']): Found;
}

/** Matches that are ranked; those beyond match far worse. */
const considered = 1_000;

/** Turns records into candidates and candidates into answers. */
export class Finder {
  readonly #options: FinderOptions;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** The best matches of a search. */
  search({ text, filters, limit }: CheckedQuery): AgentListing[] {
    const now = this.#options.clock.now();
    const look = this.#look();
    const passes = (found: Found): boolean => refusedBy(found, filters, now) === undefined;
    const found =
      analyse(text).length > 0
        ? this.#matches(text, look, passes)
        : this.#options.directory
            .all()
            .map((record) => look.at(record))
            .filter(passes);
    return rank(found, limit, now).map((ranked) => toListing(ranked, now));
  }

  /** Who offers exactly `capability`: own agents, then others by trust. */
  candidates(capability: string, limit: number): TaskCandidate[] {
    const now = this.#options.clock.now();
    const look = this.#look();
    const sorted = this.#options.directory
      .offering(capability)
      .map((record) => look.at(record))
      .filter((candidate) => refusedBy(candidate, {}, now) === undefined)
      .sort((a, b) => byTrust(a, b) || compareText(a.record.id, b.record.id))
      .slice(0, limit);
    let rank = 0;
    return sorted.map((candidate, i) => {
      if (i > 0 && byTrust(sorted[i - 1]!, candidate) !== 0) rank = i;
      const { record, own, reading } = candidate;
      return { record, own, trust: reading, rank };
    });
  }

  /** When there are more matches than are ranked, the best of known publishers are, whatever newcomers crowd in. */
  #matches(text: string, look: Look, passes: (found: Found) => boolean): Found[] {
    const { directory } = this.#options;
    const best = (accept: (record: SignedAgentRecord) => boolean): Found[] =>
      directory.index
        .search({ text, limit: considered, accept: (id) => accept(directory.get(id)!) })
        .map(({ id, relevance, matched }) => look.at(directory.get(id)!, relevance, matched));
    const isKnown = ({ meshId }: SignedAgentRecord): boolean => !look.publisher(meshId).newcomer;

    const all = best((record) => passes(look.at(record)));
    if (all.length < considered || all.every(({ record }) => isKnown(record))) return all;
    const known = best((record) => isKnown(record) && passes(look.at(record)));
    return [...known, ...all.filter(({ record }) => !isKnown(record))];
  }

  #look(): Look {
    const { observations, zoneOf } = this.#options;
    const known = new Map<Did, Publisher>();
    const publisher = (did: Did): Publisher => {
      const found = known.get(did) ?? this.#publisher(did);
      known.set(did, found);
      return found;
    };
    const at: Look['at'] = (record, relevance = 1, matched) => ({
      ...publisher(record.meshId),
      record,
      relevance,
      matched,
      zone: record.region === undefined ? undefined : zoneOf(record.region),
      observation: observations(record.id),
    });
    return { publisher, at };
  }

  #publisher(did: Did): Publisher {
    const { trust: view } = this.#options;
    const own = did === this.#options.did;
    const reading = own ? ownReading(view, did) : view.score(did);
    const trust = reading.score / 100;
    return {
      own,
      reading,
      trust,
      newcomer: isNewcomer({ own, trust }),
      quarantined: reading.state === 'quarantined',
      certifications: view.certifications?.(did) ?? [],
    };
  }
}

/** One's own organisation needs no evidence. */
function ownReading(trust: TrustView, did: Did): TrustReading {
  return { ...trust.score(did), score: 100, state: 'own' };
}
