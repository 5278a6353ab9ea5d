/**
 * What the policy room wants from the rest of the house.
 * @module
 */
import type { Did, DidUrl } from '../../base/ids.ts';
import type { Entity, EntityRef } from '../../ports/policy-engine.ts';
import type { Store } from '../../ports/store.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

/** Knows organisations and agents: trust and discovery do. Answers at once, from memory. */
export interface EntitySource {
  /** What is known of `ref` now; a new object whenever something changed is not required. */
  entity(ref: EntityRef): Entity | undefined;
}

/** One decision as it is written down. */
export interface DecisionRecord {
  /** Instant, UTC. */
  readonly at: string;
  readonly subject: Did;
  readonly action: string;
  readonly resource: string;
  readonly effect: 'allow' | 'deny';
  readonly determining: readonly string[];
  readonly revision: number;
  readonly errors: readonly string[];
}

/** Where decisions across organisations are written down: audit is. */
export interface DecisionLog {
  /** A throw here makes the decision fail: what cannot be accounted for does not happen. */
  append(decision: DecisionRecord): void;
}

/** Keeps published policies over restarts, signed, so that nobody else can put one there. */
export interface Persistence {
  readonly store: Store;
  readonly signer: { readonly keyId: DidUrl; sign(message: Uint8Array): Promise<Uint8Array> };
  readonly verify: ProofVerifier;
}
