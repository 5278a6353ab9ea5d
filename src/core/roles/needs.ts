/**
 * The little that roles want from other rooms.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Street as WholeStreet } from '../../ports/street.ts';

export type { IncomingCall } from '../../ports/street.ts';

/** Calls to peers that are connected. */
export type Street = Pick<WholeStreet, 'call' | 'handle'>;

/** Whether `peer` may hold `role`: the policy question `role.hold`, asked before its claims are answered. */
export type MayHold = (peer: Did, role: string) => boolean;
