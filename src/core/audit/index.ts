/**
 * What happened, provably: receipts signed by the one who did the work, and a log in which a change
 * is found, and the entry it begins with named.
 * @module
 */
export { Audit, type AuditOptions, type ReceiptRequest } from './audit.ts';
export { AuditLog, type AuditLogOptions, type EntryFilter } from './audit-log.ts';
export { type AuditEntry, type ChainEnd, link, linkProblem } from './chain.ts';
export type { AuditHead, LogKeeper } from './log-rows.ts';
export type { Keys } from './needs.ts';
export {
  contentHash,
  type ReceiptExpectations,
  type ReceiptFacts,
  signReceipt,
  verifyReceipt,
} from './receipts.ts';
export { type AuditVerdict, verifyLog } from './verify-log.ts';
