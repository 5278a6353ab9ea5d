/**
 * What nodes say to each other about roles.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import { integer, object, oneOf, optional, type Shape, text } from '../../base/shape.ts';
import { did, name } from '../../schema/words.ts';
import { ttlBounds } from './grant.ts';

/** Question `roles.look`: how things stand. */
export interface LookRequest {
  readonly role: string;
}

/** How things stand at one acceptor. */
export interface Look {
  /** The highest epoch it knows of; 0 before the first. */
  readonly epoch: number;
  /** How long it will grant the role to nobody else; 0 when it is free. */
  readonly waitMs: number;
  readonly holder?: Did;
}

/** Question `roles.claim`. */
export interface ClaimRequest {
  readonly role: string;
  readonly epoch: number;
  readonly lease: string;
  readonly ttlMs: number;
}

/** The answer to a claim. */
export interface Claimed {
  readonly state: 'granted' | 'taken' | 'stale';
}

/** Question `roles.release`. */
export interface ReleaseRequest {
  readonly role: string;
  readonly epoch: number;
  readonly lease: string;
}

const epoch = integer({ min: 1 });
const lease = text({ min: 1, max: 64 });

/** Parser of `roles.look`. */
export const lookRequestShape: Shape<LookRequest> = object({ role: name });

/** Parser of the answer to `roles.look`. */
export const lookShape: Shape<Look> = object({
  epoch: integer(),
  waitMs: integer({ max: ttlBounds.max }),
  holder: optional(did),
});

/** Parser of `roles.claim`. */
export const claimRequestShape: Shape<ClaimRequest> = object({
  role: name,
  epoch,
  lease,
  ttlMs: integer(ttlBounds),
});

/** Parser of the answer to `roles.claim`. */
export const claimedShape: Shape<Claimed> = object({ state: oneOf('granted', 'taken', 'stale') });

/** Parser of `roles.release`. */
export const releaseRequestShape: Shape<ReleaseRequest> = object({ role: name, epoch, lease });
