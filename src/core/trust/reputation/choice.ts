/**
 * Whom to ask next: the good in proportion to how good they are, the bad not at all, and newcomers with as much of one's
 * work as newcomers have lately been worth (the adaptive stranger policy of Feldman and others 2004). Who comes back under
 * a new name each time he is found out spoils that share for himself.
 * @module
 */
import type { Belief, Verdict } from '../belief.ts';
import { type ReputationConstants, reputationConstants } from './constants.ts';
import { standingOf } from './reputation.ts';

/** How much more one good subject is preferred than another; 0 unless it is good. */
export function preferenceFor(
  belief: Belief,
  constants: ReputationConstants = reputationConstants,
): number {
  if (standingOf(belief, constants) !== 'good') return 0;
  return ((belief.good + 1) / (belief.good + belief.bad + 2)) ** constants.preferencePower;
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
