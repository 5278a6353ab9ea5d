/**
 * Whom to ask next: the good in proportion to how far they are trusted, the bad not at all, and newcomers with as much of
 * one's work as newcomers have lately been worth (the adaptive stranger policy of Feldman and others 2004). Who comes back
 * under a new name each time he is found out spoils that share for himself.
 * @module
 */
import type { Belief } from '../evidence/belief.ts';
import { type ReputationConstants, reputationConstants } from './constants.ts';
import type { Standing } from './standing.ts';

/** One that could be asked. */
export interface Option {
  readonly standing: Standing;
  /** Trust in it, a lower bound from 0 to 1: the good are preferred by a power of it. */
  readonly trust: number;
  /** Place by all that is known, the least first; equal for those that nothing known tells apart. */
  readonly rank: number;
}

/**
 * How likely each of `options` is to be asked first; the chances add up to 1, and there are none for nobody. Newcomers get
 * their share, and everything where nobody good is there: the first by rank, and of equals each as much. The best of the
 * bad is asked where there is nobody else.
 */
export function chancesOf(
  options: readonly Option[],
  newcomers: Belief,
  constants: ReputationConstants = reputationConstants,
): readonly number[] {
  const good = options.map((option) => preferenceFor(option, constants));
  const unknown = firstOf(options, 'unknown');
  const [anyGood, anyUnknown] = [good, unknown].map((each) => each.some((value) => value > 0));
  if (!anyGood && !anyUnknown) return parts(firstOf(options, 'bad'), 1);
  const share = anyUnknown! ? (anyGood! ? newcomerShare(newcomers, constants) : 1) : 0;
  const [known, fresh] = [parts(good, 1 - share), parts(unknown, share)];
  return known.map((chance, i) => chance + fresh[i]!);
}

/** The place that `chance`, from 0 up to 1, falls on; some of `chances` is above 0. */
export function drawn(chances: readonly number[], chance: number): number {
  let left = chance;
  for (const [i, part] of chances.entries()) {
    left -= part;
    if (part > 0 && left < 0) return i;
  }
  return chances.findLastIndex((part) => part > 0);
}

/** What newcomers were worth with one more of their first tasks, which went well by the part `score`; older ones fade. */
export function afterNewcomer(
  newcomers: Belief,
  score: number,
  { newcomerMemory }: ReputationConstants = reputationConstants,
): Belief {
  const fade = 1 - 1 / newcomerMemory;
  return { good: newcomers.good * fade + score, bad: newcomers.bad * fade + 1 - score };
}

/** Share of tasks that newcomers may get now, never 0. */
export function newcomerShare(
  { good, bad }: Belief,
  constants: ReputationConstants = reputationConstants,
): number {
  return (constants.newcomerShare * (good + 1)) / (good + bad + 2);
}

/** Trust below which all are preferred alike: with weights that give history nothing, one may be good and have none. */
const leastTrust = 0.01;

/** How much more one good option is preferred than another; 0 unless it is good. */
function preferenceFor(
  { standing, trust }: Option,
  { preferencePower }: ReputationConstants,
): number {
  return standing === 'good' ? Math.max(trust, leastTrust) ** preferencePower : 0;
}

/** 1 for each option of `standing` that none of them comes before. */
function firstOf(options: readonly Option[], standing: Standing): readonly number[] {
  let first = Infinity;
  for (const option of options) {
    if (option.standing === standing) first = Math.min(first, option.rank);
  }
  return options.map((option) => (option.standing === standing && option.rank === first ? 1 : 0));
}

/** `weights` scaled so that they add up to `total`; all 0 where nothing has any weight. */
function parts(weights: readonly number[], total: number): readonly number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => (sum > 0 ? (total * weight) / sum : 0));
}
