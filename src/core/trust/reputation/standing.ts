/**
 * Whether a belief is enough to say something.
 * @module
 */
import { type Belief, lowerBound, upperBound } from '../evidence/belief.ts';
import { type ReputationConstants, reputationConstants } from './constants.ts';

/** `good`: enough speaks for it. `bad`: known to be bad. `unknown`: too little is known, which is neither. */
export type Standing = 'good' | 'bad' | 'unknown';

/** Good, bad, or too little known to say. */
export function standingOf(
  belief: Belief,
  { knownFrom, goodFrom, badBelow }: ReputationConstants = reputationConstants,
): Standing {
  if (belief.good + belief.bad < knownFrom) return 'unknown';
  if (lowerBound(belief) >= goodFrom) return 'good';
  return upperBound(belief) < badBelow ? 'bad' : 'unknown';
}
