/**
 * What to think of a subject, from what one saw oneself and from what others say: a pure function of the evidence set,
 * its day and the constants. The order in which evidence came makes no difference to a single bit.
 *
 * What is said of a subject has no influence on the voice of those who say it: reach and credibility are found without
 * the evidence on the subject. So more good evidence from anybody never makes an opinion worse.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { type Belief, lowerBound } from '../evidence/belief.ts';
import { type ReputationConstants, reputationConstants } from './constants.ts';
import { Credibility } from './credibility.ts';
import type { EdgeGraph } from './edge-graph.ts';
import { type EvidenceSet, EvidenceTable } from './evidence-table.ts';
import { experienceGraph, Reach } from './reach.ts';
import { type Standing, standingOf } from './standing.ts';
import { type Voice, Voices } from './voices.ts';

/** What one rater adds to an opinion. */
export interface Contribution {
  readonly rater: Did;
  /** 0 to 1: how much of its evidence is taken, credibility times reach; 1 for the observer itself. */
  readonly weight: number;
  readonly credibility: number;
  readonly reach: number;
  /** Tasks brought in, after weight and caps. */
  readonly good: number;
  readonly bad: number;
  /** What they add to, or take from, the opinion's `value`. */
  readonly points: number;
}

/** What to think of a subject. */
export interface Opinion {
  readonly subject: Did;
  readonly standing: Standing;
  /** Tasks that speak for and against it: the sums over the contributions. */
  readonly good: number;
  readonly bad: number;
  /** Share of good outcomes that is exceeded with 95 % confidence, 0 to 1: the sum of the contributions' points. */
  readonly value: number;
  /** The observer first, where it has seen anything, then raters by DID; those whose word counts nothing are left out. */
  readonly contributions: readonly Contribution[];
  /** SHA-256 of the evidence set this goes by. */
  readonly evidence: string;
}

/** Opinions on one evidence set. Keep it while the set stands: what is the same for several subjects is found once. */
export class Reputation {
  readonly #table: EvidenceTable;
  readonly #constants: ReputationConstants;
  readonly #graph: EdgeGraph;
  readonly #seedReach: Reach | undefined;
  readonly #views = new Map<Did, View>();
  readonly #voices: Voices;

  constructor(set: EvidenceSet, constants: ReputationConstants = reputationConstants) {
    this.#table = new EvidenceTable(set, constants.halfLives);
    this.#constants = constants;
    this.#voices = new Voices(this.#table.organisations);
    this.#graph = experienceGraph(this.#table, constants.pairCap);
    const roots = this.#organisationsOf(this.#table.seeds);
    this.#seedReach = roots.length > 0 ? new Reach(this.#graph, roots, constants) : undefined;
  }

  /** SHA-256, in hexadecimal, of the evidence set. */
  get evidence(): string {
    return this.#table.hash;
  }

  /** What `self` thinks of `subject`, and why. */
  opinion(self: Did, subject: Did): Opinion {
    const own = this.own(self, subject);
    const seen = own.good + own.bad > 0 ? [{ rater: self, credibility: 1, reach: 1, ...own }] : [];
    const heard = [...this.#listen(self, subject)].map((voice) => ({
      ...voice,
      rater: this.#table.dids[voice.rater]!,
    }));
    const parts = [...seen, ...heard];
    const belief = summed(parts);
    return {
      subject,
      standing: standingOf(belief, this.#constants),
      ...belief,
      value: lowerBound(belief),
      contributions: explained(parts, belief),
      evidence: this.evidence,
    };
  }

  /** What `self` saw of `subject` itself. */
  own(self: Did, subject: Did): Belief {
    const { byRater } = this.#table;
    const [rater, wanted] = [this.#table.numberOf(self), this.#table.numberOf(subject)];
    if (rater === undefined || wanted === undefined) return nothing;
    for (let k = byRater.at[rater]!; k < byRater.at[rater + 1]!; k += 1) {
      if (byRater.other[k] === wanted) return { good: byRater.good[k]!, bad: byRater.bad[k]! };
    }
    return nothing;
  }

  /** What others say of `subject`, by what their word is worth to `self`. */
  hearsay(self: Did, subject: Did): Belief {
    const wanted = this.#table.numberOf(subject);
    return wanted === undefined ? nothing : this.#hear(self, wanted).sum();
  }

  *#listen(self: Did, subject: Did): Iterable<Voice> {
    const wanted = this.#table.numberOf(subject);
    if (wanted === undefined) return;
    const voices = this.#hear(self, wanted);
    for (let i = 0; i < voices.length; i += 1) yield voices.at(i);
  }

  /** Those whose word on a subject counts, and what is heard of it. The same arrays each time. */
  #hear(self: Did, subject: number): Voices {
    const { bySubject, organisation } = this.#table;
    const { heardFrom, pairCap } = this.#constants;
    const view = this.#viewOf(self);
    const reach = view.reach.about(organisation[subject]!);
    const voices = this.#voices;
    voices.clear();
    for (let k = bySubject.at[subject]!; k < bySubject.at[subject + 1]!; k += 1) {
      const rater = bySubject.other[k]!;
      const reached = Math.max(reach[organisation[rater]!]!, view.acquaintance[rater]!);
      if (rater === view.self || reached < heardFrom) continue;
      const [good, bad] = [bySubject.good[k]!, bySubject.bad[k]!];
      const credibility = view.credibility.of(rater, subject, good, bad);
      if (credibility * reached < heardFrom) continue;
      voices.add(rater, organisation[rater]!, credibility, reached);
      voices.say(good, bad, pairCap);
    }
    voices.settle(this.#constants);
    return voices;
  }

  #viewOf(self: Did): View {
    const known = this.#views.get(self);
    if (known !== undefined) return known;
    const number = this.#table.numberOf(self);
    const roots = number === undefined ? [] : this.#organisationsOf([number]);
    const view = {
      self: number,
      reach: this.#seedReach ?? new Reach(this.#graph, roots, this.#constants),
      acquaintance: this.#acquaintanceOf(number),
      credibility: new Credibility(this.#table, number, this.#constants),
    };
    this.#views.set(self, view);
    return view;
  }

  /** Whom one has worked with oneself, one may ask, however far from the roots. */
  #acquaintanceOf(self: number | undefined): Float64Array {
    const known = new Float64Array(this.#table.dids.length);
    if (self === undefined) return known;
    const { at, other, good, bad } = this.#table.byRater;
    for (let k = at[self]!; k < at[self + 1]!; k += 1) {
      const net = Math.max(0, good[k]! - bad[k]!);
      known[other[k]!] = Math.min(1, net / this.#constants.acquaintance);
    }
    return known;
  }

  #organisationsOf(numbers: readonly number[]): readonly number[] {
    const { organisation } = this.#table;
    return [...new Set(numbers.map((number) => organisation[number]!))].sort((a, b) => a - b);
  }
}

/** What `self` thinks of `subject`, from nothing but the evidence set. */
export function opinionOf(
  subject: Did,
  set: EvidenceSet & { readonly self: Did; readonly constants?: ReputationConstants },
): Opinion {
  return new Reputation(set, set.constants).opinion(set.self, subject);
}

/** What one observer brings along. */
interface View {
  readonly self: number | undefined;
  readonly reach: Reach;
  readonly acquaintance: Float64Array;
  readonly credibility: Credibility;
}

interface Part extends Belief {
  readonly rater: Did;
  readonly credibility: number;
  readonly reach: number;
}

const nothing: Belief = { good: 0, bad: 0 };

function summed(beliefs: readonly Belief[]): Belief {
  let [good, bad] = [0, 0];
  for (const belief of beliefs) {
    good += belief.good;
    bad += belief.bad;
  }
  return { good, bad };
}

/**
 * Good evidence shares in what it alone would give, bad evidence in what that is lowered by: the points add up to the
 * lower bound of the sums.
 */
function explained(parts: readonly Part[], { good, bad }: Belief): readonly Contribution[] {
  const gain = lowerBound({ good, bad: 0 });
  const loss = gain - lowerBound({ good, bad });
  return parts.map((part) => ({
    rater: part.rater,
    weight: part.credibility * part.reach,
    credibility: part.credibility,
    reach: part.reach,
    good: part.good,
    bad: part.bad,
    points: (good > 0 ? (gain * part.good) / good : 0) - (bad > 0 ? (loss * part.bad) / bad : 0),
  }));
}
