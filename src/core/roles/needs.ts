/**
 * The little that roles want from other rooms.
 * @module
 */
import type { Did } from '../../base/ids.ts';

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
}

/** Whether `peer` may hold `role`: the policy question `role.hold`, asked before its claims are answered. */
export type MayHold = (peer: Did, role: string) => boolean;
