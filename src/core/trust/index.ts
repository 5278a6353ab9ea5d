/**
 * How far do I believe them: credentials that can be checked and taken back, receipts of what was done, and one score
 * with its reasons. Strangers start at zero; nobody's word counts unless this node has named it an anchor.
 * @module
 */
export type { AnchorScope, TrustAnchor } from './anchors.ts';
export type { BookedAppeal } from './appeals.ts';
export type { AttestationRequest } from './attest.ts';
export type { Verdict } from './belief.ts';
export type { DelegationLink } from './chains.ts';
export type { Skew } from './claims.ts';
export type { BookedCredential } from './credential-book.ts';
export type { Delegation } from './delegation.ts';
export type { ProofOptions } from './eddsa-jcs.ts';
export type { EvidenceBundle, MergeResult } from './evidence-exchange.ts';
export type { CredentialRequest } from './issue.ts';
export { loadDidJwt } from './jws.ts';
export type { Histories, Neighbours, TownCrier } from './needs.ts';
export type { AppealRequest, FiledAppeal } from './notices.ts';
export type {
  PresentationDemands,
  PresentationRequest,
  PresentationVerification,
} from './presentations.ts';
export { type Check, type CheckName, type RefusalReason, reasons } from './refusals.ts';
export type {
  FactorName,
  FactorPart,
  TrustFactor,
  TrustScore,
  TrustState,
  TrustWeights,
  TrustWeightsChoice,
} from './score.ts';
export type { SaidStatus } from './status-list.ts';
export type { Reach } from './status-relay.ts';
export { TrustEngine, type TrustEngineOptions, type TrustStatus } from './trust-engine.ts';
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
} from './trust-graph.ts';
export type { BookedVerdict } from './verdict-book.ts';
export type { QuarantineRequest, SlashRequest, VerdictRequest } from './verdict-desk.ts';
export type { Verification } from './verification.ts';
export type { CredentialInput, VerifyRequest } from './verifier.ts';
export type { ViolationReport } from './violation.ts';
