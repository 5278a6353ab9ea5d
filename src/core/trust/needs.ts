/**
 * The little this room wants from the others.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Resolution } from '../../ports/resolver.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

/** The keys of others, as they stand today. */
export interface Keys {
  /** The document of a DID; throws `DID_UNREACHABLE` where nobody could be asked. */
  resolve(did: Did): Promise<Resolution>;
  /** Whether a signature is by a key its DID has today. */
  readonly verify: ProofVerifier;
}

/** The histories behind did:mesh keys, so that they can travel with what they prove. */
export interface Histories {
  /** Checks a history and keeps it. */
  learn(log: unknown): Promise<void>;
  /** What is known of the history of `did`. */
  logOf(did: Did): Promise<DidLog | undefined>;
}

/** A call from a peer; `from` is proven by its session, `body` is foreign. */
export interface IncomingCall {
  readonly from: Did;
  readonly body: unknown;
}

/** The street between organisations: calls out, calls in. */
export interface Street {
  call(
    peer: Did,
    method: string,
    body: unknown,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  handle(method: string, handler: (call: IncomingCall) => Promise<unknown>): void;
}

/** Who is on the street now, and who comes. */
export interface Neighbours {
  /** Organisations with a session now. */
  peers(): readonly Did[];
  /** Tells `listener` of each peer whose session becomes active; the result takes it off. */
  onPeer(listener: (peer: Did) => void): () => void;
}
