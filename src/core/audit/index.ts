/**
 * What happened, provably: receipts signed by the one who did the work, and a log in which nothing can be changed
 * unnoticed.
 * @module
 */
export { Audit, type AuditOptions, type ReceiptRequest } from './audit.ts';
export {
  type AuditHead,
  AuditLog,
  type AuditLogOptions,
  type AuditVerdict,
  type EntryFilter,
} from './audit-log.ts';
export { type AuditEntry, type ChainEnd, link, linkProblem } from './chain.ts';
export type { Keys } from './needs.ts';
export {
  contentHash,
  type ReceiptExpectations,
  type ReceiptFacts,
  signReceipt,
  verifyReceipt,
} from './receipts.ts';
