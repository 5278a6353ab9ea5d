/**
 * What rooms see of the street between organisations: calls out, calls in, and who is there.
 * @module
 */
import type { Did } from '../base/ids.ts';

/** A call from a connected peer. */
export interface IncomingCall {
  /** Proven by the session. */
  readonly from: Did;
  /** Foreign: parse it. */
  readonly body: unknown;
  /** Fires when the caller cancels, its deadline passes or the session is lost. */
  readonly signal: AbortSignal;
}

/** Calls to peers that are connected. */
export interface Street {
  /** Calls `method` at `peer`; the body is JSON with Uint8Array and Float32Array anywhere in it. */
  call(
    peer: Did,
    method: string,
    body: unknown,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  /** Answers `method`. */
  handle(method: string, handler: (call: IncomingCall) => Promise<unknown>): void;
  /** Connected now. */
  peers(): readonly Did[];
  /** Tells `listener` of each peer whose session becomes active; the result takes it off. */
  onPeer(listener: (peer: Did) => void): () => void;
}
