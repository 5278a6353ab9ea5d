/**
 * The little this room wants from the others.
 * @module
 */
import type { ProofVerifier } from '../../schema/signed.ts';

/** Checks signatures with the keys others have today. */
export interface Keys {
  readonly verify: ProofVerifier;
}
