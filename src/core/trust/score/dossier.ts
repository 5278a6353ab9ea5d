/**
 * Everything that is known of a peer, brought together for its score.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { compliancePrefix, type SignedAttestation } from '../../../schema/attestation.ts';
import type { TrustAnchor } from '../credentials/anchors.ts';
import type { CredentialBook } from '../credentials/credential-book.ts';
import type { AttestationBook } from '../evidence/attestation-book.ts';
import type { EvidenceBook } from '../evidence/evidence.ts';
import type { EvidencePool } from '../evidence/evidence-pool.ts';
import type { PresenceBook } from '../evidence/presence.ts';
import { isAnchorFor } from '../evidence/word-of.ts';
import type { EvidenceSet } from '../reputation/evidence-table.ts';
import type { Reputation } from '../reputation/reputation.ts';
import type { VerdictBook } from '../verdicts/verdict-book.ts';
import { slashWeight } from '../verdicts/verdict-desk.ts';
import type { Finding, RaterEvidence, Statement, TrustFacts } from './trust-facts.ts';

/** Options of {@link Dossiers}. */
export interface DossiersOptions {
  readonly did: Did;
  readonly anchors: readonly TrustAnchor[];
  readonly evidence: EvidenceBook;
  readonly pool: EvidencePool;
  readonly credentials: CredentialBook;
  readonly attestations: AttestationBook;
  readonly verdicts: VerdictBook;
  readonly presence: PresenceBook;
  /** Weighs what others say; asked only where they have said anything. */
  readonly weigh: (evidence: EvidenceSet) => Reputation;
}

const hourMs = 3_600_000;

/** Brings facts together. */
export class Dossiers {
  readonly #options: DossiersOptions;
  /** Opinions by the evidence as it stood at the beginning of the hour, or when something was merged since. */
  #reputation: { readonly hour: number; readonly of: Reputation } | undefined;

  constructor(options: DossiersOptions) {
    this.#options = options;
  }

  /** Something was merged: what raters weigh is found anew. */
  renew(): void {
    this.#reputation = undefined;
  }

  /** What is known of `peer` at `now`. */
  factsOf(peer: Did, now: number): TrustFacts {
    const { evidence, presence, verdicts } = this.#options;
    const standing = this.#standingOf(peer);
    const said = this.#options.attestations.about(peer);
    return {
      evidence: evidence.of(peer),
      others: this.#othersOn(peer, now),
      credentials: this.credentialsOf(peer),
      attestations: this.#statements(said, now),
      compliance: this.#findings(said),
      slashings: verdicts.slashingsOf(peer).map(({ by, id, weight = slashWeight }) => {
        return { by, id, weight };
      }),
      presence: presence.of(peer),
      ...(standing !== undefined && { standing }),
    };
  }

  /** Epoch milliseconds until which {@link factsOf} stays as it is, unless something happens. */
  standsUntil(peer: Did): number {
    const { credentials, attestations, verdicts } = this.#options;
    return Math.min(
      credentials.standsUntil(peer),
      attestations.standsUntil(peer),
      verdicts.nextChange(peer),
    );
  }

  #standingOf(peer: Did): 'quarantined' | 'probation' | undefined {
    const { verdicts } = this.#options;
    if (verdicts.quarantineOf(peer) !== undefined) return 'quarantined';
    return verdicts.isOnProbation(peer) ? 'probation' : undefined;
  }

  /** Credentials of `did` that stand and count, one for each issuer and type; not those by issuers in quarantine. */
  credentialsOf(did: Did): readonly { readonly issuer: Did; readonly type: string }[] {
    const { credentials, verdicts } = this.#options;
    const pairs = new Map<string, { issuer: Did; type: string }>();
    for (const { issuer, counted, via } of credentials.standing(did)) {
      const speakers = [issuer, ...via.map((link) => link.issuer)];
      if (speakers.some((speaker) => verdicts.quarantineOf(speaker) !== undefined)) continue;
      for (const type of counted) pairs.set(`${issuer} ${type}`, { issuer, type });
    }
    return [...pairs.values()];
  }

  #othersOn(peer: Did, now: number): readonly RaterEvidence[] {
    const { did, pool } = this.#options;
    if (pool.size === 0) return [];
    return this.#opinions(now)
      .opinion(did, peer)
      .contributions.filter(({ rater }) => rater !== did)
      .map(({ rater, good, bad }) => ({ rater, receipts: pool.count(rater, peer), good, bad }));
  }

  #statements(said: readonly SignedAttestation[], now: number): readonly Statement[] {
    return said
      .filter(({ type }) => !type.startsWith(compliancePrefix))
      .map((one) => {
        const { by: rater, type, value } = one;
        return { rater, type, value, weight: this.#voiceOf(one, now) };
      })
      .filter(({ weight }) => weight > 0);
  }

  /** Findings count from anchors for their type only. */
  #findings(said: readonly SignedAttestation[]): readonly Finding[] {
    return said
      .filter((one) => one.type.startsWith(compliancePrefix) && this.#vouchesFor(one))
      .map(({ by: issuer, type, value }) => ({ issuer, type, value }));
  }

  /** How far its word counts: this node's and its anchors' fully, others' as good as they have proven to be. */
  #voiceOf(statement: SignedAttestation, now: number): number {
    const { did, verdicts } = this.#options;
    const { by } = statement;
    if (verdicts.quarantineOf(by) !== undefined) return 0;
    if (this.#vouchesFor(statement)) return 1;
    const { standing, value } = this.#opinions(now).opinion(did, by);
    return standing === 'good' ? value : 0;
  }

  #vouchesFor({ by, type, about }: SignedAttestation): boolean {
    const { did, anchors } = this.#options;
    return by === did || isAnchorFor(anchors, by, type, about);
  }

  #opinions(now: number): Reputation {
    const hour = Math.floor(now / hourMs);
    if (this.#reputation?.hour === hour) return this.#reputation.of;
    const { did, anchors, pool, evidence } = this.#options;
    const own = evidence.peers().map((subject) => {
      return { rater: did, subject, days: evidence.of(subject) };
    });
    const of = this.#options.weigh({
      reports: [...own, ...pool.reports()],
      seeds: [...new Set(anchors.map(({ issuer }) => issuer))],
      now: hour * hourMs,
    });
    this.#reputation = { hour, of };
    return of;
  }
}
