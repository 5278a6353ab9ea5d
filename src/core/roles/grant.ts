/**
 * What an acceptor has promised about a role, and which claims it may grant: pure rules.
 *
 * A holder needs grants of one epoch from more than half of the acceptors. Two majorities share an acceptor, and an
 * acceptor grants an epoch to one lease only, never goes back to a lower one, and grants none while a lease is live. So
 * epochs name their holders, they grow, and two leases are never live at once. Gray, Cheriton, "Leases" (SOSP 1989).
 * @module
 */
import type { Did } from '../../base/ids.ts';
import { boolean, integer, object, optional, type Shape, text } from '../../base/shape.ts';
import { did, name } from '../../schema/words.ts';

/** Bounds of a lease in milliseconds. */
export const ttlBounds = { min: 100, max: 3_600_000 } as const;

/** A promise to let nobody else hold the role for `ttlMs`. */
export interface Grant {
  readonly epoch: number;
  readonly holder: Did;
  /** Tells apart what one holder claims at different times and in different processes. */
  readonly lease: string;
  readonly ttlMs: number;
  /** The holder gave it back. */
  readonly released: boolean;
}

/** What an acceptor keeps of a role, for ever: an epoch that was forgotten could be granted twice. */
export interface RoleState {
  readonly role: string;
  /** The last grant; its epoch is the highest granted. */
  readonly grant?: Grant;
  /** The highest epoch heard of, granted here or elsewhere. */
  readonly seen: number;
}

/** A wish to hold a role, or to go on holding it. */
export interface Claim {
  readonly epoch: number;
  readonly holder: Did;
  readonly lease: string;
  readonly ttlMs: number;
}

/** Parser of what is kept. */
export const roleStateShape: Shape<RoleState> = object({
  role: name,
  grant: optional(
    object({
      epoch: integer({ min: 1 }),
      holder: did,
      lease: text({ min: 1, max: 64 }),
      ttlMs: integer(ttlBounds),
      released: boolean,
    }),
  ),
  seen: integer(),
});

/** The answer to a claim: the state after granting it, or what is against it. */
export type Verdict =
  | { readonly granted: RoleState }
  /** `stale`: this epoch is over or taken. `taken`: somebody's lease is live. */
  | { readonly refused: 'stale' | 'taken' };

/** Whether `state` allows `claim`, when its grant is `live` or not. */
export function judge(state: RoleState, live: boolean, claim: Claim): Verdict {
  const { grant, seen } = state;
  if (claim.epoch < seen) return { refused: 'stale' };
  if (grant !== undefined && !isGrantOf(grant, claim)) {
    if (claim.epoch <= grant.epoch) return { refused: 'stale' };
    if (live) return { refused: 'taken' };
  }
  const { epoch, holder, lease, ttlMs } = claim;
  return {
    granted: { ...state, grant: { epoch, holder, lease, ttlMs, released: false }, seen: epoch },
  };
}

/** `state` after the lease was given back; undefined when it is no longer the last grant. */
export function releasedBy(
  state: RoleState,
  claim: Pick<Claim, 'epoch' | 'holder' | 'lease'>,
): RoleState | undefined {
  const { grant } = state;
  if (grant === undefined || !isGrantOf(grant, claim)) return undefined;
  return { ...state, grant: { ...grant, released: true } };
}

/** More than half of `count`. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** A lease that was given back is over, though its holder may not know that a late claim of its own is still on its way. */
function isGrantOf(grant: Grant, claim: Pick<Claim, 'epoch' | 'holder' | 'lease'>): boolean {
  return (
    !grant.released &&
    grant.epoch === claim.epoch &&
    grant.lease === claim.lease &&
    grant.holder === claim.holder
  );
}
