/**
 * What happened, provably: receipts signed by the one who did the work, and a log in which a change
 * is found, and the entry it begins with named.
 * @module
 */
export { Audit, type AuditOptions, type CheckpointFilter, type ReceiptRequest } from './audit.ts';
export type { AnchorCheck, AuditCheck } from './audit-check.ts';
export { AuditLog } from './audit-log.ts';
export type { AuditLogOptions, EntryFilter, EraseOptions, Erasure } from './audit-log-options.ts';
export type {
  AnchoredHead,
  AnyBundle,
  AuditBundle,
  AuditManifest,
  AuditWitness,
  ShownKey,
} from './bundle.ts';
export {
  type AuditEntry,
  type AuditStub,
  type ChainEnd,
  type EntryContent,
  link,
  linkProblem,
  type SealedPart,
  type Sha256,
} from './chain.ts';
export type { Equivocation } from './checkpoint-rows.ts';
export type { AuditExportOptions } from './exporter.ts';
export {
  checkInclusion,
  type InclusionCheck,
  type InclusionProof,
} from './inclusion.ts';
export type { AuditHead, LogKeeper, LogName } from './log-rows.ts';
export type { Histories, Keys } from './needs.ts';
export type { AboutSubject } from './personal.ts';
export {
  contentHash,
  type ReceiptExpectations,
  type ReceiptFacts,
  signReceipt,
  verifyReceipt,
} from './receipts.ts';
export { verifyBundle } from './verify-bundle.ts';
export { type AuditVerdict, type VerifyParts, verifyLog } from './verify-log.ts';
