/**
 * What a verdict on a token, a record of what a peer did and a score can do without: loaded in one piece when the first of it is
 * needed. Documents with proofs inside, presentations, credentials of one's own with their status lists, the weighing of what
 * others say, and all that goes over the street.
 * @module
 */
export { DocumentDesk } from './credentials/documents.ts';
export { Introductions } from './credentials/introductions.ts';
export { issueCredential } from './credentials/issue.ts';
export { PresentationDesk } from './credentials/presentations.ts';
export { documentStatement, examineDocument } from './credentials/secured-document.ts';
export { EvidenceExchange } from './evidence/evidence-exchange.ts';
export { Reputation } from './reputation/reputation.ts';
export { OwnLists } from './status/own-lists.ts';
