/**
 * How far do I believe them: credentials that can be checked and taken back, receipts of what was done, and one score
 * with its reasons. Strangers start at zero; nobody's word counts unless this node has named it an anchor.
 * @module
 */
export type { AnchorScope, TrustAnchor } from './credentials/anchors.ts';
export type { DelegationLink } from './credentials/chains.ts';
export type { Skew } from './credentials/claims.ts';
export type { BookedCredential } from './credentials/credential-book.ts';
export type { Delegation } from './credentials/delegation.ts';
export type { ProofOptions } from './credentials/eddsa-jcs.ts';
export type { CredentialRequest } from './credentials/issue.ts';
export { loadDidJwt } from './credentials/jws.ts';
export type {
  PresentationDemands,
  PresentationRequest,
  PresentationVerification,
} from './credentials/presentations.ts';
export { type Check, type CheckName, type RefusalReason } from './credentials/refusals.ts';
export type { Verification } from './credentials/verification.ts';
export type { CredentialInput, VerifyRequest } from './credentials/verifier.ts';
export type { AttestationRequest } from './evidence/attest.ts';
export type { Verdict } from './evidence/belief.ts';
export type { EvidenceBundle, MergeResult } from './evidence/evidence-exchange.ts';
export {
  type AttestationEdge,
  type CredentialEdge,
  type EvidenceEdge,
  type GraphView,
  type MermaidOptions,
  type TrustEdge,
  TrustGraph,
  type TrustGraphJson,
  type VerdictEdge,
} from './graph/trust-graph.ts';
export { loadRestOfTrust } from './load-later.ts';
export type { Histories, Neighbours, TownCrier } from './needs.ts';
export {
  afterNewcomer,
  chancesOf,
  drawn,
  newcomerShare,
  type Option,
} from './reputation/choice.ts';
export type { Standing } from './reputation/standing.ts';
export type {
  FactorName,
  FactorPart,
  TrustFactor,
  TrustScore,
  TrustState,
  TrustWeights,
  TrustWeightsChoice,
} from './score/score.ts';
export type { JudgedCredential } from './status/own-list-records.ts';
export type { SaidStatus } from './status/status-list.ts';
export type { Reach } from './status/status-relay.ts';
export { TrustEngine } from './trust-engine.ts';
export type { TrustEngineOptions, TrustStatus } from './trust-engine-options.ts';
export type { BookedAppeal } from './verdicts/appeals.ts';
export type { AppealRequest, FiledAppeal } from './verdicts/notices.ts';
export type { BookedVerdict } from './verdicts/verdict-book.ts';
export type { QuarantineRequest, SlashRequest, VerdictRequest } from './verdicts/verdict-desk.ts';
export type { ViolationReport } from './verdicts/violation.ts';
