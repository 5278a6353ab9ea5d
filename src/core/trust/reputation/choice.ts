/**
 * Whom to ask next: the good in proportion to how good they are, the bad not at all, and newcomers with as much of one's
 * work as newcomers have lately been worth (the adaptive stranger policy of Feldman and others 2004). Who comes back under
 * a new name each time he is found out spoils that share for himself.
 * @module
 */
import type { Belief, Verdict } from '../evidence/belief.ts';
import { type ReputationConstants, reputationConstants } from './constants.ts';
import { standingOf } from './reputation.ts';

/** Whom to ask of several. */
export interface Choice {
  /** Place in the list. */
  readonly index: number;
  /** Whether it was taken as a newcomer, of whom too little is known. */
  readonly newcomer: boolean;
}

/**
 * Chooses one of `beliefs`, which are not empty. Newcomers get their share, and everything where nobody good is there;
 * the best of the bad is taken where there is nobody else. `chance` gives numbers from 0 up to 1.
 */
export function choose(
  beliefs: readonly Belief[],
  newcomers: Belief,
  chance: () => number,
  constants: ReputationConstants = reputationConstants,
): Choice {
  const good = beliefs.map((belief) => preferenceFor(belief, constants));
  const unknown = beliefs.map((belief) =>
    standingOf(belief, constants) === 'unknown' ? shareOf(belief) : 0,
  );
  const [anyGood, anyUnknown] = [good, unknown].map((each) => each.some((value) => value > 0));
  const newcomer = anyUnknown! && (!anyGood! || chance() < newcomerShare(newcomers, constants));
  if (newcomer) return { index: drawn(unknown, chance()), newcomer };
  if (anyGood!) return { index: drawn(good, chance()), newcomer };
  const shares = beliefs.map(shareOf);
  return { index: shares.indexOf(Math.max(...shares)), newcomer };
}

/** How much more one good subject is preferred than another; 0 unless it is good. */
export function preferenceFor(
  belief: Belief,
  constants: ReputationConstants = reputationConstants,
): number {
  if (standingOf(belief, constants) !== 'good') return 0;
  return shareOf(belief) ** constants.preferencePower;
}

/** What newcomers were worth with one more of their first tasks; older ones fade. */
export function afterNewcomer(
  newcomers: Belief,
  verdict: Verdict,
  { newcomerMemory }: ReputationConstants = reputationConstants,
): Belief {
  const fade = 1 - 1 / newcomerMemory;
  return {
    good: newcomers.good * fade + (verdict === 'kept' ? 1 : 0),
    bad: newcomers.bad * fade + (verdict === 'broken' ? 1 : 0),
  };
}

/** Share of tasks that newcomers may get now, never 0. */
export function newcomerShare(
  { good, bad }: Belief,
  constants: ReputationConstants = reputationConstants,
): number {
  return (constants.newcomerShare * (good + 1)) / (good + bad + 2);
}

function shareOf({ good, bad }: Belief): number {
  return (good + 1) / (good + bad + 2);
}

/** A place in proportion to its weight; some weight is above 0. */
function drawn(weights: readonly number[], chance: number): number {
  let left = chance * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (weight > 0 && left < 0) return i;
  }
  return weights.findLastIndex((weight) => weight > 0);
}
