/**
 * The little that gossip wants from other rooms.
 * @module
 */
import type { Did, DidUrl } from '../../base/ids.ts';
import type { Awaitable } from '../../ports/crypto.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

export type { IncomingCall, Street } from '../../ports/street.ts';

/** The keys of origins. */
export interface Keys {
  readonly verify: ProofVerifier;
  /** Whether a key counted once and does not any more. Default: none ever does. */
  retired?(keyId: DidUrl): Promise<boolean>;
  /** Takes in the history of a did:mesh identifier once it is checked; rejects otherwise. */
  learn(log: DidLog): Promise<void>;
  /** The history to hand on with a message; undefined for DIDs that need none. */
  logOf(did: Did): Awaitable<DidLog | undefined>;
}

/** Whether broadcasts of `origin` on `topic` are taken in and passed on here: trust and policy, asked once a message. */
export type Welcomes = (origin: Did, topic: string) => boolean;
