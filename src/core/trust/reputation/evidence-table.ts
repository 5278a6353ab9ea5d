/**
 * Reports of many raters in a form that is fast to go through and has one order, whatever order they came in.
 * @module
 */

import { toHex } from '../../../base/bytes.ts';
import { canonicalBytes } from '../../../base/canonical.ts';
import { hashOf } from '../../../base/hashes.ts';
import { compareText, type Did } from '../../../base/ids.ts';
import { beliefAt, dayOf, type EvidenceDay, type HalfLives } from '../evidence/belief.ts';

/** What one organisation has to say of another: tasks with receipts that both signed, counted per day. */
export interface Report {
  readonly rater: Did;
  readonly subject: Did;
  readonly days: readonly EvidenceDay[];
}

/** What reputations are made of. */
export interface EvidenceSet {
  /** Reports by anybody, those of the observer among them. Reports on the same pair add up. */
  readonly reports: readonly Report[];
  /** Organisations whose word is taken to begin with: the roots of trust. */
  readonly seeds: readonly Did[];
  /** Milliseconds since the Unix epoch; only its day (UTC) counts. */
  readonly now: number;
  /** The organisation a DID belongs to: its members count as one voice. By default each DID is one of its own. */
  readonly organisationOf?: (did: Did) => string;
}

/** Pairs in rows: row `i` is `at[i]` to `at[i + 1]` of the other arrays, ascending by `other`. */
export interface PairRows {
  readonly at: Uint32Array;
  readonly other: Uint32Array;
  readonly good: Float64Array;
  readonly bad: Float64Array;
}

/** Evidence by numbers: DIDs in ascending order, weights as of the day. */
export class EvidenceTable {
  readonly dids: readonly Did[];
  /** Number of the organisation of a DID. */
  readonly organisation: Uint32Array;
  readonly organisations: number;
  /** What each said: rows by rater, `other` is the subject. */
  readonly byRater: PairRows;
  /** What was said of each: rows by subject, `other` is the rater. */
  readonly bySubject: PairRows;
  readonly seeds: readonly number[];
  readonly #numbers: ReadonlyMap<Did, number>;
  readonly #pairs: readonly Pair[];
  readonly #set: EvidenceSet;
  #hash: string | undefined;

  constructor(set: EvidenceSet, halfLives: HalfLives) {
    const { reports, seeds, now, organisationOf = (did: Did): string => did } = set;
    this.#set = set;
    const named = reports.flatMap(({ rater, subject }) => [rater, subject]);
    this.dids = [...new Set([...named, ...seeds])].sort(compareText);
    this.#numbers = new Map(this.dids.map((did, i) => [did, i]));
    const names = this.dids.map(organisationOf);
    const organisations = new Map(
      [...new Set(names)].sort(compareText).map((name, i) => [name, i]),
    );
    this.organisation = Uint32Array.from(names, (name) => organisations.get(name)!);
    this.organisations = organisations.size;
    this.seeds = [...new Set(seeds)].map((did) => this.#numbers.get(did)!).sort((a, b) => a - b);
    this.#pairs = this.#merged(reports);
    const weighed = this.#pairs.map(({ rater, subject, days }) => ({
      rater,
      subject,
      ...beliefAt(days, now, halfLives),
    }));
    const count = this.dids.length;
    this.byRater = rowsOf(count, weighed, 'rater', 'subject');
    // `weighed` is in the order of raters, so each row here ascends by rater too.
    this.bySubject = rowsOf(count, weighed, 'subject', 'rater');
  }

  /** The number of a DID; undefined when no report and no seed names it. */
  numberOf(did: Did): number | undefined {
    return this.#numbers.get(did);
  }

  /** SHA-256, in hexadecimal, of all that the weights depend on but the constants. */
  get hash(): string {
    this.#hash ??= toHex(
      hashOf(
        'sha256',
        canonicalBytes({
          day: dayOf(this.#set.now),
          seeds: this.seeds.map((seed) => this.dids[seed]),
          organisations: [...this.organisation],
          pairs: this.#pairs.map(({ rater, subject, days }) => [
            rater,
            subject,
            ...days.map(({ day, kept, broken }) => [day, kept, broken]),
          ]),
          dids: this.dids,
        }),
      ),
    );
    return this.#hash;
  }

  /** One entry for each pair, in the order of raters and subjects; nobody speaks for an organisation about itself. */
  #merged(reports: readonly Report[]): readonly Pair[] {
    const count = this.dids.length;
    const byPair = new Map<number, EvidenceDay[]>();
    for (const { rater, subject, days } of reports) {
      const [a, b] = [this.#numbers.get(rater)!, this.#numbers.get(subject)!];
      if (this.organisation[a] === this.organisation[b]) continue;
      const known = byPair.get(a * count + b);
      if (known === undefined) byPair.set(a * count + b, [...days]);
      else known.push(...days);
    }
    return Array.from(Float64Array.from(byPair.keys()).sort(), (pair) => ({
      rater: Math.floor(pair / count),
      subject: pair % count,
      days: mergedDays(byPair.get(pair)!),
    }));
  }
}

interface Pair {
  readonly rater: number;
  readonly subject: number;
  readonly days: readonly EvidenceDay[];
}

/** One entry for each day, in order. */
function mergedDays(days: readonly EvidenceDay[]): readonly EvidenceDay[] {
  if (days.length === 1) return days;
  const byDay = new Map<number, EvidenceDay>();
  // Feedback counts in fractions, and sums of fractions depend on their order.
  const ordered = [...days].sort((a, b) => a.day - b.day || a.kept - b.kept || a.broken - b.broken);
  for (const { day, kept, broken } of ordered) {
    const known = byDay.get(day);
    byDay.set(day, {
      day,
      kept: kept + (known?.kept ?? 0),
      broken: broken + (known?.broken ?? 0),
    });
  }
  return [...byDay.values()];
}

interface Weighed {
  readonly rater: number;
  readonly subject: number;
  readonly good: number;
  readonly bad: number;
}

function rowsOf(
  count: number,
  pairs: readonly Weighed[],
  row: 'rater' | 'subject',
  column: 'rater' | 'subject',
): PairRows {
  const at = new Uint32Array(count + 1);
  for (const pair of pairs) at[pair[row] + 1]! += 1;
  for (let i = 0; i < count; i += 1) at[i + 1]! += at[i]!;
  const next = at.slice();
  const other = new Uint32Array(pairs.length);
  const good = new Float64Array(pairs.length);
  const bad = new Float64Array(pairs.length);
  for (const pair of pairs) {
    const place = next[pair[row]]!++;
    other[place] = pair[column];
    good[place] = pair.good;
    bad[place] = pair.bad;
  }
  return { at, other, good, bad };
}
