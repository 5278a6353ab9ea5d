/**
 * What this node knows, as edges of the trust graph.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { CredentialBook } from '../credentials/credential-book.ts';
import type { AttestationBook } from '../evidence/attestation-book.ts';
import type { EvidenceDay } from '../evidence/belief.ts';
import type { EvidenceBook } from '../evidence/evidence.ts';
import type { EvidencePool } from '../evidence/evidence-pool.ts';
import type { VerdictBook } from '../verdicts/verdict-book.ts';
import type { TrustEdge } from './trust-graph.ts';

/** Where it is known from. */
export interface GraphSources {
  readonly did: Did;
  readonly credentials: CredentialBook;
  readonly evidence: EvidenceBook;
  readonly pool: EvidencePool;
  readonly attestations: AttestationBook;
  readonly verdicts: VerdictBook;
}

/** Every edge, in no order. */
export function* graphEdges(sources: GraphSources): Iterable<TrustEdge> {
  const { did, evidence, pool } = sources;
  yield* credentialEdges(sources.credentials);
  for (const peer of evidence.peers()) yield evidenceEdge(did, peer, evidence.of(peer));
  for (const { rater, subject, days } of pool.reports()) yield evidenceEdge(rater, subject, days);
  for (const { by: from, about: to, type, value } of sources.attestations.all()) {
    yield { kind: 'attestation', from, to, type, value };
  }
  yield* verdictEdges(sources.verdicts);
}

function* credentialEdges(credentials: CredentialBook): Iterable<TrustEdge> {
  for (const subject of credentials.subjects()) {
    for (const { issuer, counted, credential } of credentials.standing(subject)) {
      const types = credential.type.filter((type) => type !== 'VerifiableCredential');
      const edge = { from: issuer, to: subject, types, counted: counted.length > 0 };
      yield { kind: 'credential', ...edge };
    }
  }
}

function evidenceEdge(from: Did, to: Did, days: readonly EvidenceDay[]): TrustEdge {
  let [kept, broken] = [0, 0];
  for (const day of days) {
    kept += day.kept;
    broken += day.broken;
  }
  return { kind: 'evidence', from, to, kept, broken };
}

function* verdictEdges(verdicts: VerdictBook): Iterable<TrustEdge> {
  for (const { verdict, release } of verdicts.shown(Infinity)) {
    if (release !== undefined) continue;
    const { by: from, about: to, type, reason, expiresAt: until } = verdict;
    const kind = type === 'QuarantineAttestation' ? 'quarantine' : 'slash';
    yield { kind, from, to, reason, until };
  }
}
