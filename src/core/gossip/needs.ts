/**
 * The little that gossip wants from other rooms.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Awaitable } from '../../ports/crypto.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

/** A call from a connected peer. */
export interface IncomingCall {
  /** Proven by the session. */
  readonly from: Did;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** Calls to peers that are connected. */
export interface Street {
  call(
    peer: Did,
    method: string,
    body: unknown,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  handle(method: string, handler: (call: IncomingCall) => Promise<unknown>): void;
  peers(): readonly Did[];
  onPeer(listener: (peer: Did) => void): () => void;
}

/** The keys of origins. */
export interface Keys {
  readonly verify: ProofVerifier;
  /** Takes in the history of a did:mesh identifier once it is checked; rejects otherwise. */
  learn(log: DidLog): Promise<void>;
  /** The history to hand on with a message; undefined for DIDs that need none. */
  logOf(did: Did): Awaitable<DidLog | undefined>;
}

/** Whether broadcasts of `origin` on `topic` are taken in and passed on here: trust and policy, asked once a message. */
export type Welcomes = (origin: Did, topic: string) => boolean;
