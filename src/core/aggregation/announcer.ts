/**
 * Tells every connected peer once that this node takes part in a round.
 * @module
 */
import { canonicalJson } from '../../base/canonical.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { type Announced, announcedShape, type Terms } from './messages.ts';
import type { Roster } from './roster.ts';
import type { RoundPlan, RoundSetting } from './round-plan.ts';

/** Keeps who was told, and who answered with other terms. */
export class Announcer {
  readonly #setting: RoundSetting;
  readonly #plan: RoundPlan;
  readonly #roster: Roster;
  readonly #told = new Set<Did>();
  readonly #otherTerms = new Set<Did>();

  constructor(setting: RoundSetting, plan: RoundPlan, roster: Roster) {
    this.#setting = setting;
    this.#plan = plan;
    this.#roster = roster;
  }

  /** Peers that take part in a round of this name on terms of their own. */
  get otherTerms(): readonly Did[] {
    return [...this.#otherTerms];
  }

  /** Tells `peer`, or everyone, again at the next occasion. */
  forget(peer?: Did): void {
    if (peer === undefined) this.#told.clear();
    else this.#told.delete(peer);
  }

  /** Tells all who were not told; `heard` gets their answers, later. */
  announce(heard: (peer: Did, answer: Announced) => void): void {
    const { street, did } = this.#setting;
    for (const peer of street.peers()) {
      if (peer === did || this.#told.has(peer) || !this.#roster.accepts(peer)) continue;
      this.#told.add(peer);
      void this.#announceTo(peer, heard);
    }
  }

  /** Notes that `peer` takes part on `terms`. */
  meet(peer: Did, terms: Terms): void {
    const agreed = canonicalJson(terms) === canonicalJson(this.#plan.terms);
    if (agreed && this.#roster.join(peer)) this.#otherTerms.delete(peer);
    else if (!agreed) this.#otherTerms.add(peer);
  }

  async #announceTo(peer: Did, heard: (peer: Did, answer: Announced) => void): Promise<void> {
    const { street, leaseMs, signal } = this.#setting;
    const { name, terms } = this.#plan;
    const options = { timeoutMs: leaseMs, signal };
    try {
      const answer = await street.call(peer, 'round.announce', { ...name, terms }, options);
      heard(peer, announcedShape(answer, 'the answer'));
    } catch (error) {
      // Tried again at the next look; a refusal is an answer.
      if (MeshError.is(error) && error.retryable) this.#told.delete(peer);
    }
  }
}
