/**
 * Showing one entry without the rest of the log: the entry, the signed head of a log that has it, and the path between them.
 * @module
 */
import { fromBase64url, toBase64url } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { list, object, type Shape, unknown } from '../../base/shape.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type ProofVerifier, type Signed, verifySigned } from '../../schema/signed.ts';
import type { AuditLog } from './audit-log.ts';
import {
  type AuditEntry,
  type AuditStub,
  hashText,
  linkProblem,
  shownEntryShape,
} from './chain.ts';
import { type AuditHead, headShape } from './log-rows.ts';
import { isIncluded, leafHash } from './merkle.ts';

/** An entry, shown to be in a log. */
export interface InclusionProof {
  readonly entry: AuditEntry | AuditStub;
  readonly head: Signed<AuditHead>;
  /** base64url hashes from the entry up to the root (RFC 9162, section 2.1.3.1). */
  readonly path: readonly string[];
  /** Key history of the keeper, where its DID has one. */
  readonly didLog?: unknown;
}

/** Whether an entry is in a log. */
export interface InclusionCheck {
  readonly included: boolean;
  readonly because?: string;
}

/** What checking an inclusion needs. */
export interface InclusionParts {
  readonly crypto: CryptoProvider;
  readonly verify: ProofVerifier;
  readonly learn: (log: unknown) => Promise<void>;
}

/** Shows that entry `index` is in the log. `NOT_FOUND`. */
export async function proveInclusion(log: AuditLog, index: number): Promise<InclusionProof> {
  const entry = await log.at(index);
  const head = await log.seal();
  if (head === undefined) throw new MeshError('NOT_FOUND', { what: 'audit entry', id: index });
  const path = await log.tree.path(index, head.index + 1);
  return { entry, head, path: path.map(toBase64url) };
}

/** Checks a proof from elsewhere. What is wrong with it is a result, not an exception. */
export async function checkInclusion(
  foreign: unknown,
  { crypto, verify, learn }: InclusionParts,
): Promise<InclusionCheck> {
  try {
    const { entry, head, path, didLog } = proofShape(foreign, 'proof');
    const { index, previous } = entry;
    const before = { length: index, ...(previous !== undefined && { hash: previous }) };
    const problem = linkProblem(before, entry, crypto);
    if (problem !== undefined) return { included: false, because: problem };
    const claim = {
      leaf: leafHash(fromBase64url(entry.hash), crypto),
      index,
      size: head.index + 1,
    };
    const nodes = path.map((hash) => fromBase64url(hash));
    if (!isIncluded(claim, nodes, fromBase64url(head.root), crypto)) {
      return { included: false, because: 'the path does not lead to the root' };
    }
    if (didLog !== undefined) await learn(didLog);
    await verifySigned('audit-head', head, head.keeper, verify, Date.parse(head.at));
    return { included: true };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return { included: false, because: error.message };
  }
}

const proofShape: Shape<InclusionProof> = (value, at) =>
  object({
    entry: shownEntryShape,
    head: headShape,
    path: list(hashText, { max: 64 }),
    didLog: unknown,
  })(value, at);
