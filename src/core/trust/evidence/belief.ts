/**
 * From things that happened to how far to believe: evidence that fades, and bounds that are honest about how little
 * there is. Evidence is counted per day, in hundredths, so the same evidence in any order is the same belief.
 * @module
 */

/** How a task ended in the eyes of the one who asked. */
export type Verdict = 'kept' | 'broken';

/** What one peer did for one other on one day (days since the Unix epoch, UTC), in tasks; hundredths come from feedback. */
export interface EvidenceDay {
  readonly day: number;
  readonly kept: number;
  readonly broken: number;
}

/** Evidence as it weighs now (Jøsang and Ismail 2002: r and s of a Beta belief). */
export interface Belief {
  readonly good: number;
  readonly bad: number;
}

/** Days until evidence weighs half. Bad deeds are remembered longer than good ones. */
export interface HalfLives {
  readonly goodDays: number;
  readonly badDays: number;
}

const dayMs = 86_400_000;

/** Days that are kept: after three years even bad evidence weighs less than a thousandth. */
const horizonDays = 1_096;

/** The one-sided 95 % quantile of the normal distribution. */
const z = 1.6448536269514722;

/** The day of an instant. */
export function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

/** `days` with one more piece of evidence; days beyond the horizon of the newest fall away. */
export function addEvidence(
  days: readonly EvidenceDay[],
  day: number,
  verdict: Verdict,
): readonly EvidenceDay[] {
  return addScored(days, day, verdict === 'kept' ? 1 : 0);
}

/** The same, for a task that was kept by the part `score` (0 to 1, in hundredths). */
export function addScored(
  days: readonly EvidenceDay[],
  day: number,
  score: number,
  count: 1 | -1 = 1,
): readonly EvidenceDay[] {
  const known = days.find((entry) => entry.day === day) ?? { day, kept: 0, broken: 0 };
  const updated = {
    day,
    kept: hundredths(known.kept + count * score),
    broken: hundredths(known.broken + count * (1 - score)),
  };
  const all = [...days.filter((entry) => entry.day !== day), updated];
  const newest = Math.max(...all.map((entry) => entry.day));
  return all
    .filter(({ day: at, kept, broken }) => at > newest - horizonDays && kept + broken > 0)
    .sort((a, b) => a.day - b.day);
}

/** A number of hundredths; the same sum in any order. */
function hundredths(value: number): number {
  return Math.max(0, Math.round(value * 100) / 100);
}

/** What the evidence weighs at `now`. */
export function beliefAt(
  days: readonly EvidenceDay[],
  now: number,
  { goodDays, badDays }: HalfLives,
): Belief {
  let [good, bad] = [0, 0];
  for (const { day, kept, broken } of days) {
    const age = Math.max(0, dayOf(now) - day);
    good += kept * 2 ** (-age / goodDays);
    bad += broken * 2 ** (-age / badDays);
  }
  return { good, bad };
}

/**
 * The share of good outcomes which is exceeded with 95 % confidence (Wilson 1927); 0 without evidence. More good never
 * lowers it, more bad never raises it, and fractions of evidence count as such.
 */
export function lowerBound({ good, bad }: Belief): number {
  const n = good + bad;
  if (n === 0) return 0;
  // Multiplied through by n, since evidence that has almost faded would divide by almost nothing.
  const spread = z * Math.sqrt((good * bad) / n + (z * z) / 4);
  return clamp((good + (z * z) / 2 - spread) / (n + z * z));
}

/** The share of good outcomes which is not reached with 95 % confidence; 1 without evidence. */
export function upperBound({ good, bad }: Belief): number {
  return 1 - lowerBound({ good: bad, bad: good });
}

/** How much the bounds go by evidence rather than by ignorance, 0 to 1. */
export function confidenceOf({ good, bad }: Belief): number {
  return (good + bad) / (good + bad + z * z);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
