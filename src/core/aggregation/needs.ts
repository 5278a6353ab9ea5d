/**
 * The little that aggregation wants from other rooms.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Awaitable } from '../../ports/crypto.ts';
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
