/**
 * Peers that serve each other while some attack: the threats of the EigenTrust paper (A to D), a collective that serves
 * the roots of trust well (E), and one that comes back under new names each cycle (W). What good peers believe, and whom
 * they ask, is computed by the library's own functions. Everything follows from the seed.
 * @module
 */
import type { Did } from '../../src/base/ids.ts';
import { type Belief, lowerBound } from '../../src/core/trust/evidence/belief.ts';
import {
  afterNewcomer,
  chancesOf,
  drawn,
  type Option,
} from '../../src/core/trust/reputation/choice.ts';
import {
  type ReputationConstants,
  reputationConstants,
} from '../../src/core/trust/reputation/constants.ts';
import type { Report } from '../../src/core/trust/reputation/evidence-table.ts';
import { Reputation } from '../../src/core/trust/reputation/reputation.ts';
import { standingOf } from '../../src/core/trust/reputation/standing.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

/** Names of the threats. */
export type Threat = 'A' | 'B' | 'C' | 'D' | 'E' | 'W';

/** One threat, as it is played. */
export interface ThreatOptions {
  readonly threat: Threat;
  /** Part of the peers that is malicious, 0 up to 1. */
  readonly share: number;
  readonly seed: number;
  /** Part of the malicious peers' services that is good. Default 0. */
  readonly camouflage?: number;
  /** Part of the malicious peers that serves well and praises the others. Default 0. */
  readonly spies?: number;
  /** Default 30, of which the second half is counted. */
  readonly cycles?: number;
  /** Services each peer asks for in a cycle. Default 50. */
  readonly queries?: number;
  readonly constants?: ReputationConstants;
}

/** What each threat is played with in the table. */
export const threats: readonly (Omit<ThreatOptions, 'seed'> & { readonly what: string })[] = [
  { threat: 'A', share: 0.4, what: 'lone malicious peers that praise bad service' },
  { threat: 'B', share: 0.4, what: 'a collective that praises its own and blackens the others' },
  {
    threat: 'C',
    share: 0.27,
    camouflage: 0.5,
    what: 'the collective serves well half of the time',
  },
  { threat: 'D', share: 0.39, spies: 0.25, what: 'a quarter of the collective are spies' },
  { threat: 'E', share: 0.5, what: 'the collective serves the roots of trust well' },
  { threat: 'W', share: 0.5, what: 'the collective has new names every cycle' },
];

const [good, roots] = [60, 3];
/** How often good peers fail. */
const slip = 0.05;
/** How often a peer answers a query. */
const [goodAnswers, maliciousAnswers] = [0.1, 0.2];
const day = 20_000;

type Kind = 'good' | 'root' | 'malicious' | 'spy';

/** Part of the services good peers got in the second half that was bad. */
export function badService(options: ThreatOptions): number {
  const model = new ThreatModel(options);
  const { cycles = 30 } = options;
  for (let cycle = 0; cycle < cycles; cycle += 1) model.play(cycle, cycle >= cycles / 2);
  return model.bad / model.served;
}

class ThreatModel {
  bad = 0;
  served = 0;
  readonly #options: ThreatOptions;
  readonly #kinds: readonly Kind[];
  readonly #next: () => number;
  readonly #kept: readonly Int32Array[];
  readonly #broken: readonly Int32Array[];
  readonly #newcomers: Belief[];
  #names: Did[];
  /** What others say, by observer and subject, as of the beginning of the cycle. */
  #hearsay: (Belief | undefined)[][] = [];
  #reputation: Reputation;

  constructor(options: ThreatOptions) {
    const { threat, share, seed, spies = 0 } = options;
    const malicious = Math.round((share / (1 - share)) * (good + roots));
    const spying = Math.round(spies * malicious);
    const kinds = (kind: Kind, count: number) => Array.from({ length: count }, () => kind);
    this.#options = options;
    this.#kinds = [
      ...kinds('good', good),
      ...kinds('root', roots),
      ...kinds('spy', spying),
      ...kinds('malicious', malicious - spying),
    ];
    const random = seededRandom(seed).child(`threat ${threat}`);
    this.#next = () => random.next();
    this.#kept = this.#kinds.map(() => new Int32Array(this.#kinds.length));
    this.#broken = this.#kinds.map(() => new Int32Array(this.#kinds.length));
    this.#newcomers = this.#kinds.map(() => ({ good: 0, bad: 0 }));
    this.#names = this.#kinds.map((_, i) => nameOf(i, 0));
    this.#reputation = this.#look();
  }

  /** One cycle: everybody asks, then everybody reports. */
  play(cycle: number, counted: boolean): void {
    const { queries = 50, threat } = this.#options;
    for (let query = 0; query < queries; query += 1) {
      for (let peer = 0; peer < this.#kinds.length; peer += 1) this.#ask(peer, counted);
    }
    if (threat === 'W') this.#rename(cycle + 1);
    this.#reputation = this.#look();
  }

  #ask(peer: number, counted: boolean): void {
    const candidates = this.#answering(peer);
    if (candidates.length === 0) return;
    if (!this.#isHonest(peer)) {
      // Lone liars turn their own experience round; a collective agrees on its lies.
      if (this.#options.threat !== 'A') return;
      const to = candidates[Math.floor(this.#next() * candidates.length)]!;
      this.#note(peer, to, !this.#serves(to, peer));
      return;
    }
    const options = candidates.map((candidate) => this.#option(peer, candidate));
    const { constants } = this.#options;
    const chances = chancesOf(options, this.#newcomers[peer]!, constants);
    const index = drawn(chances, this.#next());
    const to = candidates[index]!;
    const ok = this.#serves(to, peer);
    if (options[index]!.standing === 'unknown') {
      this.#newcomers[peer] = afterNewcomer(this.#newcomers[peer]!, ok ? 1 : 0, constants);
    }
    this.#note(peer, to, ok);
    if (!counted) return;
    this.served += 1;
    if (!ok) this.bad += 1;
  }

  #answering(asker: number): readonly number[] {
    const candidates: number[] = [];
    for (let peer = 0; peer < this.#kinds.length; peer += 1) {
      const chance = peer < good + roots ? goodAnswers : maliciousAnswers;
      if (peer !== asker && this.#next() < chance) candidates.push(peer);
    }
    return candidates;
  }

  #serves(peer: number, asker: number): boolean {
    const { threat, camouflage = 0 } = this.#options;
    if (this.#isHonest(peer)) return this.#next() >= slip;
    if (this.#kinds[peer] === 'spy') return true;
    if (threat === 'E' && this.#kinds[asker] === 'root') return true;
    return this.#next() < camouflage;
  }

  #isHonest(peer: number): boolean {
    return this.#kinds[peer] === 'good' || this.#kinds[peer] === 'root';
  }

  #note(by: number, about: number, ok: boolean): void {
    const book = ok ? this.#kept : this.#broken;
    book[by]![about]! += 1;
  }

  #option(peer: number, about: number): Option {
    const belief = this.#belief(peer, about);
    const trust = lowerBound(belief);
    return { standing: standingOf(belief, this.#options.constants), trust, rank: -trust };
  }

  /** Own experience as it is now, and what others said by the end of the last cycle. */
  #belief(peer: number, about: number): Belief {
    const heard = (this.#hearsay[peer]![about] ??= this.#reputation.hearsay(
      this.#names[peer]!,
      this.#names[about]!,
    ));
    return {
      good: heard.good + this.#kept[peer]![about]!,
      bad: heard.bad + this.#broken[peer]![about]!,
    };
  }

  #rename(life: number): void {
    for (const [peer, kind] of this.#kinds.entries()) {
      if (kind !== 'malicious') continue;
      this.#names[peer] = nameOf(peer, life);
      for (const book of [this.#kept, this.#broken]) for (const row of book) row[peer] = 0;
    }
  }

  #look(): Reputation {
    this.#hearsay = this.#kinds.map(() => []);
    const seeds = this.#names.filter((_, i) => this.#kinds[i] === 'root');
    const reports = [...this.#reports()];
    return new Reputation({ reports, seeds, now: day * 86_400_000 }, this.#options.constants);
  }

  *#reports(): Iterable<Report> {
    const names = this.#names;
    for (const [by, rater] of names.entries()) {
      for (const [about, subject] of names.entries()) {
        const [kept, broken] = this.#word(by, about);
        if (kept + broken > 0) yield { rater, subject, days: [{ day, kept, broken }] };
      }
    }
  }

  /** What `by` says of `about`: the truth as it saw it, or what its collective has agreed on. */
  #word(by: number, about: number): readonly [kept: number, broken: number] {
    if (by === about) return [0, 0];
    if (this.#isHonest(by) || this.#options.threat === 'A') {
      return [this.#kept[by]![about]!, this.#broken[by]![about]!];
    }
    return this.#kinds[about] === 'malicious' ? [100, 0] : [0, 5];
  }
}

function nameOf(peer: number, life: number): Did {
  return `did:web:p${String(peer)}-${String(life)}.example`;
}

/** The constants with nothing to tell liars by: the table with and without shows what credibility is worth. */
export const gullible: ReputationConstants = { ...reputationConstants, disagreement: 1e9 };
