/**
 * The little this room wants from the others.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

/** Checks signatures with the keys others have, or had. */
export interface Keys {
  readonly verify: ProofVerifier;
  /** Of one that does not verify: whether its key counted until its owner called it compromised from before. Default: none did. */
  readonly disowned?: ProofVerifier;
}

/** Key histories: out, to those who check elsewhere, and in. */
export interface Histories {
  /** The key history of `did` as far as it is known; undefined where its method has none. */
  logOf(did: Did): Promise<unknown>;
  /** Takes in a history, once checked; throws for one that does not hold. */
  learn(log: unknown): Promise<void>;
}
