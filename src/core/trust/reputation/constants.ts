/**
 * The constants by which the word of others is weighed. They are data: another set is another method, the same on all
 * nodes that use it. `docs/trust.md` lists them from here.
 * @module
 */
import type { HalfLives } from '../evidence/belief.ts';

/** The constants of a reputation. */
export interface ReputationConstants {
  /** Days until evidence weighs half. */
  readonly halfLives: HalfLives;
  /** Probability that a walk along good experience begins anew at a root: walks of 1 / restart steps on average. */
  readonly restart: number;
  /** Part of the usual mass (the median by mass) from which a rater is fully in reach. */
  readonly fullReach: number;
  /** Good tasks of one's own with a rater, bad ones taken off, from which the rater is fully in reach by acquaintance. */
  readonly acquaintance: number;
  /** Tasks one rater, and one organisation, can bring in on one subject. */
  readonly pairCap: number;
  /** Tasks that the word of all others together can bring in: own experience outweighs it in time. */
  readonly hearsayCap: number;
  /** Weight below which a voice is not heard at all. */
  readonly heardFrom: number;
  /** Tasks from which evidence on a subject serves to judge those who rate it. */
  readonly referenceFrom: number;
  /** What the roots' word counts as a yardstick, where own experience counts 1. */
  readonly hearsayYardstick: number;
  /** Disagreement beyond chance (mean squared) at which credibility is one half. */
  readonly disagreement: number;
  /** Common subjects that what is presumed of a stranger's disagreement counts for. */
  readonly presumption: number;
  /** Credibility of a rater there is nothing to judge by. */
  readonly strangerCredibility: number;
  /** Evidence below which nothing is known of a subject. */
  readonly knownFrom: number;
  /** Lower bound of the share of good outcomes from which a subject is good. */
  readonly goodFrom: number;
  /** Upper bound below which a subject is known to be bad. */
  readonly badBelow: number;
  /** Preference between good subjects goes with this power of their share of good outcomes. */
  readonly preferencePower: number;
  /** The most tasks, as a share, that go to newcomers; as little of it as newcomers turn out badly. */
  readonly newcomerShare: number;
  /** First tasks of newcomers that are remembered, about. */
  readonly newcomerMemory: number;
}

/** The constants in use unless others are given. */
export const reputationConstants: ReputationConstants = {
  halfLives: { goodDays: 30, badDays: 90 },
  restart: 0.3,
  fullReach: 0.5,
  acquaintance: 3,
  pairCap: 20,
  hearsayCap: 10,
  heardFrom: 0.01,
  referenceFrom: 3,
  hearsayYardstick: 0.25,
  disagreement: 0.05,
  presumption: 0.5,
  strangerCredibility: 0.05,
  knownFrom: 1,
  goodFrom: 0.6,
  badBelow: 0.85,
  preferencePower: 8,
  newcomerShare: 0.1,
  newcomerMemory: 20,
};
