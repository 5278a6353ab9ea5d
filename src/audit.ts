/**
 * `@mesh/sdk/audit`: what happened, provably. The log itself is kept by a node (`mesh.audit`); what stands here checks, without any
 * node, what was exported from one.
 *
 * @example
 * ```ts
 * import { MeshClient } from '@mesh/sdk';
 * import { verifyAuditLog } from '@mesh/sdk/audit';
 *
 * await using mesh = new MeshClient();
 * const check = await verifyAuditLog(await mesh.audit.export());
 * console.log(check.intact, check.complete);
 * ```
 * @module
 */
import { platform } from '#platform';
import { memoryStore } from './adapters/stores/memory.ts';
import {
  type AnyBundle,
  type AuditCheck,
  checkInclusion,
  type InclusionCheck,
  type InclusionProof,
  verifyBundle,
} from './core/audit/index.ts';
import { KeyRing } from './core/identity/index.ts';
import type { Anchor } from './ports/anchor.ts';
import type { Clock } from './ports/clock.ts';
import type { CryptoProvider } from './ports/crypto.ts';
import type { ProofVerifier } from './schema/signed.ts';

export {
  type AboutSubject,
  type AnchorCheck,
  type AnchoredHead,
  type AnyBundle,
  Audit,
  type AuditBundle,
  type AuditCheck,
  type AuditEntry,
  type AuditExportOptions,
  type AuditHead,
  AuditLog,
  type AuditLogOptions,
  type AuditManifest,
  type AuditOptions,
  type AuditStub,
  type AuditVerdict,
  type AuditWitness,
  type ChainEnd,
  type CheckpointFilter,
  contentHash,
  type EntryContent,
  type EntryFilter,
  type Equivocation,
  type EraseOptions,
  type Erasure,
  type Histories,
  type InclusionCheck,
  type InclusionProof,
  type Keys,
  type LogKeeper,
  type LogName,
  link,
  linkProblem,
  type ReceiptExpectations,
  type ReceiptFacts,
  type ReceiptRequest,
  type SealedPart,
  type Sha256,
  type ShownKey,
  signReceipt,
  type VerifyParts,
  verifyLog,
  verifyReceipt,
} from './core/audit/index.ts';
export type { Anchor, AnchorProof } from './ports/anchor.ts';

/** Options of {@link verifyAuditLog}. */
export interface VerifyAuditOptions {
  /**
   * Heads of the same log that came from others, e.g. out of `mesh.audit.checkpoints()` at a peer: a keeper who cut its log off
   * or wrote it anew cannot know them all.
   */
  readonly checkpoints?: readonly unknown[];
  /** Anchors that can check their proofs. Default: none, and proofs are listed without a verdict. */
  readonly anchors?: readonly Anchor[];
  /** Checks signatures of DIDs that neither carry their key nor have a history in the bundle. Default: such do not verify. */
  readonly verify?: ProofVerifier;
  /** Default: the platform's. */
  readonly crypto?: CryptoProvider;
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * Checks a bundle that `mesh.audit.export` or `exportLines` gave: an object, its JSON, or its lines as text, bytes or chunks of
 * either. Depends on nothing but the bundle, the key histories in it, and what is handed in. Memory is bounded for lines.
 *
 * What is wrong with a bundle is a result and never an exception: `firstBreak` is the number of the first entry that does not
 * stand. Rejects with `INVALID_ARGUMENT` only for options that make no sense.
 */
export async function verifyAuditLog(
  bundle: AnyBundle,
  options: VerifyAuditOptions = {},
): Promise<AuditCheck> {
  const { checkpoints, anchors } = options;
  return verifyBundle(bundle, {
    ...(await ground(options)),
    ...(checkpoints !== undefined && { checkpoints }),
    ...(anchors !== undefined && { anchors }),
  });
}

/** Checks a proof that `mesh.audit.prove` gave. What is wrong with it is a result, not an exception. */
export async function verifyInclusion(
  proof: InclusionProof,
  options: Pick<VerifyAuditOptions, 'verify' | 'crypto' | 'clock'> = {},
): Promise<InclusionCheck> {
  return checkInclusion(proof, await ground(options));
}

/** Keys out of DIDs and histories alone. */
async function ground({
  verify,
  crypto: given,
  clock = platform.clock,
}: Pick<VerifyAuditOptions, 'verify' | 'crypto' | 'clock'>): Promise<{
  readonly crypto: CryptoProvider;
  readonly verify: ProofVerifier;
  readonly disowned: ProofVerifier;
  readonly learn: (log: unknown) => Promise<void>;
}> {
  const crypto = given ?? (await platform.crypto());
  const keys = new KeyRing({ clock: clock as Clock, crypto, store: memoryStore() });
  return {
    crypto,
    verify: async (...signed) =>
      (await keys.verify(...signed)) || ((await verify?.(...signed)) ?? false),
    disowned: keys.disowned,
    learn: (log) => keys.learn(log),
  };
}
