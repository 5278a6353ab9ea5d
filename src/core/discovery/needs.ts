/**
 * The little that discovery wants from other rooms.
 * @module
 */
import type { Did, DidUrl } from '../../base/ids.ts';
import type { Awaitable } from '../../ports/crypto.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

export type { IncomingCall, Street } from '../../ports/street.ts';

/** The keys of publishers. */
export interface Keys {
  readonly verify: ProofVerifier;
  /** Whether a key counted once and does not any more. Default: none ever does. */
  retired?(keyId: DidUrl): Promise<boolean>;
  /** Takes in the history of a did:mesh identifier once it is checked; rejects otherwise. */
  learn(log: DidLog): Promise<void>;
  /** The history to hand on with a record; undefined for DIDs that need none. */
  logOf(did: Did): Awaitable<DidLog | undefined>;
}

/** How far a publisher is believed here. */
export interface TrustReading {
  /** 0 to 100, a lower confidence bound of what was verified. */
  readonly score: number;
  /** `quarantined` keeps a publisher's records out altogether. */
  readonly state: string;
  /** How much stands behind the publisher's name. */
  readonly level: 'self-asserted' | 'domain' | 'organisation';
}

/** The part of trust that search reads. */
export interface TrustView {
  score(did: Did): TrustReading;
  /** Certifications of `did` whose credentials were verified here. Default: none. */
  certifications?(did: Did): readonly string[];
}

/** What this node measured of an agent. */
export interface Observation {
  /** Mean time to an answer in milliseconds. */
  readonly avgLatency: number;
  /** Share of calls that were answered, 0 to 1. */
  readonly uptime: number;
}

/** The measurements of an agent, by its id; undefined when it was never called. */
export type Observations = (agentId: string) => Observation | undefined;

/** The zone a region lies in, e.g. `EU` for `eu-west-1`; undefined when it is not known. */
export type ZoneOf = (region: string) => string | undefined;
