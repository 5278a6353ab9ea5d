/**
 * The little that aggregation wants from other rooms.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Awaitable } from '../../ports/crypto.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

export type { IncomingCall, Street } from '../../ports/street.ts';

/** The keys of participants. */
export interface Keys {
  readonly verify: ProofVerifier;
}

/** How far a participant is believed here, 0 to 100. */
export interface TrustView {
  score(did: Did): { readonly score: number };
}

/** Whether `peer` may take part in rounds of `task`: the policy question `round.join`. */
export type MayJoin = (peer: Did, task: string) => Awaitable<boolean>;
