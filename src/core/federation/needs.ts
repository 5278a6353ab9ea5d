/**
 * The little this room wants from others.
 * @module
 */
import type { Did, DidUrl } from '../../base/ids.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Endpoint } from '../../ports/transport.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

/** An identity this node speaks for. */
export interface LocalIdentity {
  readonly did: Did;
  readonly signer: Signer;
  /** The history that proves the DID; empty for did:key. */
  readonly log: DidLog;
  /** Takes over what another process of this identity has changed. */
  refresh?(): Promise<void>;
}

/** The keys of others. */
export interface Keys {
  /** Takes in the history of a DID; throws when it does not hold. */
  learn(log: DidLog): Promise<void>;
  readonly verify: ProofVerifier;
  /** Whether a key counted once and does not any more. Default: none ever does. */
  retired?(keyId: DidUrl): Promise<boolean>;
}

/** Where organisations can be reached, as far as somebody else knows. */
export interface AddressBook {
  /** Where `did` was said to listen; empty when nobody said. */
  endpoints(did: Did): readonly Endpoint[];
}

/** How busy a node is. */
export interface Workload {
  /** Tasks it is running. */
  readonly load: number;
  /** Tasks it can run at a time. */
  readonly capacity: number;
}
