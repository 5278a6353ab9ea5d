/**
 * The placement a client has by itself: own agents first, then other organisations by how far they are trusted, with a
 * share of the work for newcomers, so that somebody new can earn trust and nobody gains by a new name.
 * @module
 */
import { utf8 } from '../base/bytes.ts';
import { hashOf } from '../base/hashes.ts';
import type { Did } from '../base/ids.ts';
import {
  afterNewcomer,
  chancesOf,
  drawn,
  newcomerShare,
  type Option,
} from '../core/trust/index.ts';
import type { Candidate, CandidateTrust, Placement, PlacementReason } from '../ports/placement.ts';
import type { Random } from '../ports/random.ts';
import type { TaskRequest } from '../schema/task.ts';

/** First tasks of newcomers that are remembered; older ones have faded to nothing. */
const rememberedTasks = 128;

/** An organisation among the candidates. */
interface Asked extends Option {
  readonly peer: Did;
}

/** Orders candidates by trust. What newcomers were worth is remembered until the client closes. */
export class ByTrust implements Placement {
  readonly #random: Random;
  /** How the last tasks of newcomers went, 0 to 1, by task; the oldest first. */
  readonly #newcomers = new Map<string, number>();
  #salt: Uint8Array | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Own agents first. Of other organisations one is drawn, the same one each time for the same task; the rest follow, the
   * good, those that are unknown, and the bad, as discovery ranked them. Work under a key is never drawn for: a repetition
   * must come to the node that may have begun it.
   */
  choose(task: TaskRequest, candidates: readonly Candidate[]): readonly Candidate[] {
    const asked = organisationsIn(candidates);
    if (asked.length < 2) return candidates;
    const chances = this.#chancesOf(task, asked);
    const certain = chances.indexOf(1);
    const first = asked[certain < 0 ? drawn(chances, this.#chance(task)) : certain]!.peer;
    return [
      ...candidates.filter(isOwn),
      ...candidates.filter((candidate) => !isOwn(candidate) && candidate.meshId === first),
      ...standings.flatMap((standing) =>
        candidates.filter(({ meshId, trust }) => meshId !== first && trust?.standing === standing),
      ),
    ];
  }

  /** As things stand now; the candidates carry what was known of them then. */
  explain(task: TaskRequest, candidates: readonly Candidate[]): readonly PlacementReason[] {
    const asked = organisationsIn(candidates);
    const chances = this.#chancesOf(task, asked);
    const chanceOf = new Map(asked.map(({ peer }, i) => [peer, chances[i]!]));
    const share = newcomerShare(this.#worth());
    return candidates.map(({ meshId, trust }) => {
      if (trust === undefined)
        return { chance: 0, because: 'an own agent, or the one that was named' };
      return { chance: chanceOf.get(meshId)!, because: said(trust, share) };
    });
  }

  /** The task `task` of `candidate` went well by the part `score`, 0 to 1; said again, it counts in place of what was said. */
  judged({ trust }: Candidate, task: string, score: number): void {
    if (trust?.standing !== 'unknown') return;
    this.#newcomers.set(task, score);
    const oldest = this.#newcomers.keys().next().value;
    if (this.#newcomers.size > rememberedTasks) this.#newcomers.delete(oldest!);
  }

  #chancesOf({ idempotencyKey }: TaskRequest, asked: readonly Asked[]): readonly number[] {
    if (idempotencyKey === undefined) return chancesOf(asked, this.#worth());
    const best = standings
      .flatMap((standing) => asked.filter((one) => one.standing === standing))
      .at(0);
    return asked.map((one) => (one === best ? 1 : 0));
  }

  #worth() {
    let worth = { good: 0, bad: 0 };
    for (const score of this.#newcomers.values()) worth = afterNewcomer(worth, score);
    return worth;
  }

  /** A number from 0 up to 1 that nobody outside can foresee. */
  #chance({ id }: TaskRequest): number {
    this.#salt ??= this.#random.bytes(16);
    const { buffer } = hashOf('sha256', this.#salt, utf8(id));
    return new DataView(buffer).getUint32(0) / 2 ** 32;
  }
}

const standings = ['good', 'unknown', 'bad'] as const;

/** Organisations other than the own one, each by the best of its agents, as discovery ranked them. */
function organisationsIn(candidates: readonly Candidate[]): readonly Asked[] {
  const found = new Map<Did, Asked>();
  for (const [i, { meshId: peer, trust, rank = i }] of candidates.entries()) {
    if (trust === undefined || found.has(peer)) continue;
    found.set(peer, { peer, standing: trust.standing, trust: trust.score / 100, rank });
  }
  return [...found.values()];
}

function isOwn({ trust }: Candidate): boolean {
  return trust === undefined;
}

function said({ score, standing }: CandidateTrust, share: number): string {
  const trust = `trust ${String(score)} of 100`;
  if (standing === 'good') return `${trust}; good work, asked in proportion to trust`;
  if (standing === 'bad') return `${trust}; bad work, asked where there is nobody else`;
  const percent = (100 * share).toFixed(1);
  return `${trust}; too little is known: newcomers get ${percent} % of the work beside good peers`;
}
