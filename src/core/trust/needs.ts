/**
 * The little this room wants from the others.
 * @module
 */
import type { Did, DidUrl } from '../../base/ids.ts';
import type { PublicKey } from '../../ports/crypto.ts';
import type { DidLog } from '../../schema/did-log.ts';
import type { ProofVerifier } from '../../schema/signed.ts';

/** What a key is wanted for. */
export interface KeyUse {
  readonly purpose: 'assertionMethod' | 'authentication';
  /** Epoch milliseconds at which what was signed was here, by an own clock or log. Default: now. */
  readonly at?: number | undefined;
}

/** A key that may be used. */
export interface ResolvedKey {
  readonly key: PublicKey;
  /** Another text as soon as the keys of the DID are others. */
  readonly epoch: string;
  /** Milliseconds since this was known to be so. */
  readonly ageMs: number;
}

/** The keys of others, as they stand today. */
export interface Keys {
  /**
   * The key `keyId` names, if its DID lets it be used so; throws `DID_NOT_FOUND`, `DID_UNREACHABLE` where nobody could be asked,
   * `DID_INVALID`, `DID_DEACTIVATED`, `KEY_REVOKED`, `KEY_INVALID`. It is asked at every verdict and must remember.
   */
  keyOf(keyId: DidUrl, use: KeyUse): Promise<ResolvedKey>;
  /** The key of today for `assertionMethod`, where that can be said at once; undefined says nothing. */
  keyAtHand?(keyId: DidUrl): ResolvedKey | undefined;
  /** Whether a signature is by a key its DID has today. */
  readonly verify: ProofVerifier;
}

/** Who is shut out here. */
export interface Standing {
  /** Whether `did` is in quarantine now. Asked at every verdict, so it must be quick. */
  isQuarantined(did: Did): boolean;
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
    options?: {
      readonly timeoutMs?: number;
      readonly signal?: AbortSignal;
      /** Which node of the peer. Default: any. */
      readonly node?: string;
    },
  ): Promise<unknown>;
  handle(method: string, handler: (call: IncomingCall) => Promise<unknown>): void;
}

/** Who is on the street now, and who comes. */
export interface Neighbours {
  /** Names of the other nodes of this organisation that are connected. Default: none. */
  siblings?(): readonly string[];
  /** Organisations with a session now. */
  peers(): readonly Did[];
  /** Tells `listener` of each peer whose session becomes active; the result takes it off. */
  onPeer(listener: (peer: Did) => void): () => void;
}

/** Tells all nodes of the mesh, and hears from them: gossip does. */
export interface TownCrier {
  /** Says `bytes` to everybody; peers that are away hear of it within `ttl` milliseconds. */
  broadcast(
    topic: string,
    bytes: Uint8Array,
    options: { readonly priority: 'high' | 'normal'; readonly ttl: number },
  ): Promise<unknown>;
  /** Tells `listener` what others say on `topic`; the result takes it off. */
  on(topic: string, listener: (message: { readonly bytes: Uint8Array }) => void): () => void;
}
