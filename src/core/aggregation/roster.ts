/**
 * Who takes part in a round as seen from one node, with the leader that follows from it.
 * @module
 */
import { compareText, type Did } from '../../base/ids.ts';
import { placeOf } from './election.ts';
import { participantLimit } from './messages.ts';

/** What a roster begins with. */
export interface RosterOptions {
  readonly round: string;
  readonly self: Did;
  readonly minParticipants: number;
  /** All who may take part, sorted; undefined when whoever announces itself does. */
  readonly participants: readonly Did[] | undefined;
}

/** Keeps who has announced itself and who seems gone. */
export class Roster {
  readonly #options: RosterOptions;
  /** Who has announced itself, best rank first. */
  readonly #ranked: { readonly did: Did; readonly place: string }[] = [];
  readonly #joined = new Set<Did>();
  readonly #suspects = new Set<Did>();
  #members: readonly Did[] | undefined;

  constructor(options: RosterOptions) {
    this.#options = options;
    this.join(options.self);
  }

  /** Whether `peer` may be one of the participants at all. */
  accepts(peer: Did): boolean {
    return this.#options.participants?.includes(peer) ?? true;
  }

  /** Notes that `peer` takes part and is alive; false when there is no place for it. */
  join(peer: Did): boolean {
    if (!this.accepts(peer)) return false;
    this.#suspects.delete(peer);
    if (this.#joined.has(peer)) return true;
    if (this.#joined.size >= participantLimit) return false;
    const place = placeOf(this.#options.round, peer);
    const worse = this.#ranked.findIndex((other) => other.place > place);
    this.#ranked.splice(worse < 0 ? this.#ranked.length : worse, 0, { did: peer, place });
    this.#joined.add(peer);
    this.#members = undefined;
    return true;
  }

  /** Whether `peer` has announced itself. */
  has(peer: Did): boolean {
    return this.#joined.has(peer);
  }

  /** Notes that `peer` does not answer; it leads no more until it announces itself again. */
  suspect(peer: Did): void {
    this.#suspects.add(peer);
  }

  /** Whether `peer` was given up. */
  suspects(peer: Did): boolean {
    return this.#suspects.has(peer);
  }

  /** Whether anyone was given up. */
  get shaken(): boolean {
    return this.#suspects.size > 0;
  }

  /** All who count: the agreed participants, or all who have announced themselves. Sorted. */
  get members(): readonly Did[] {
    this.#members ??= this.#options.participants ?? [...this.#joined].sort(compareText);
    return this.#members;
  }

  /** Agreed participants who never announced themselves. */
  get absent(): readonly Did[] {
    return this.members.filter((member) => !this.#joined.has(member));
  }

  /** How many have announced themselves, this node included. */
  get size(): number {
    return this.#joined.size;
  }

  /** The best-ranked participant that is not given up; undefined until enough have announced themselves. */
  get leader(): Did | undefined {
    if (this.#joined.size < this.#options.minParticipants) return undefined;
    return this.#ranked.find(({ did }) => !this.#suspects.has(did))?.did;
  }
}
