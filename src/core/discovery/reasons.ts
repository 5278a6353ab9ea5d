/**
 * Why a result stands where it stands, as data and as English sentences.
 * @module
 */
import type { IndexHit } from '../../ports/search-index.ts';
import { isNewcomer, type Ranked } from './ranking.ts';

/** The English sentence of each reason; `{name}` stands for a parameter. */
export const reasonSentences = {
  MATCHED: 'matches {words} in its {field}',
  ASKED_FOR_ALL: 'no words were asked for, so every agent that passes the filters counts alike',
  OWN: 'belongs to your own organisation',
  TRUSTED: 'trust in its publisher, as verified here, is {score} of 100 (times {factor})',
  NEWCOMER: 'too little was verified of its publisher yet: trust {score} of 100 (times {factor})',
  CERTIFIED: 'certification {name} was verified',
  FRESH: 'its record is {age} old (freshness {factor})',
  MEASURED: 'answered {uptime} % of your calls, in {latency} ms on average (usefulness {factor})',
  UNMEASURED: 'was never called from here (usefulness {factor})',
} as const;

/** One reason. */
export interface Reason {
  readonly code: keyof typeof reasonSentences;
  readonly params: Readonly<Record<string, string | number>>;
}

/** Every factor of the score of `ranked`, and what matched. */
export function reasonsOf(
  ranked: Ranked,
  matched: IndexHit['matched'] | undefined,
  now: number,
): Reason[] {
  const { candidate, factors } = ranked;
  return [
    ...wordReasons(matched),
    ...(candidate.own ? [{ code: 'OWN', params: {} } as const] : []),
    trustReason(ranked),
    ...certificationReasons(ranked),
    {
      code: 'FRESH',
      params: {
        age: span(now - Date.parse(candidate.record.issuedAt)),
        factor: round(factors.freshness),
      },
    },
    measuredReason(ranked),
  ];
}

/** The English sentence of `reason`. */
export function sayReason(reason: Reason): string {
  return reasonSentences[reason.code].replace(/\{(\w+)\}/g, (hole, name: string) =>
    name in reason.params ? String(reason.params[name]) : hole,
  );
}

function wordReasons(matched: IndexHit['matched'] | undefined): Reason[] {
  if (matched === undefined) return [{ code: 'ASKED_FOR_ALL', params: {} }];
  const words = new Map<string, string[]>();
  for (const { field, term } of matched) words.set(field, [...(words.get(field) ?? []), term]);
  return [...words].map(([field, terms]) => ({
    code: 'MATCHED',
    params: { field, words: terms.map((term) => `'${term}'`).join(', ') },
  }));
}

function trustReason({ candidate, factors }: Ranked): Reason {
  return {
    code: isNewcomer(candidate) ? 'NEWCOMER' : 'TRUSTED',
    params: { score: round(factors.trust * 100), factor: round(0.3 + 0.7 * factors.trust) },
  };
}

function certificationReasons({ candidate: { record, certifications } }: Ranked): Reason[] {
  return (record.certifications ?? [])
    .filter((name) => certifications.includes(name))
    .map((name) => ({ code: 'CERTIFIED', params: { name } }));
}

function measuredReason({ candidate: { observation }, factors }: Ranked): Reason {
  const factor = round(factors.usefulness);
  if (observation === undefined) return { code: 'UNMEASURED', params: { factor } };
  const { uptime, avgLatency } = observation;
  return {
    code: 'MEASURED',
    params: { uptime: round(uptime * 100), latency: Math.round(avgLatency), factor },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function span(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${String(minutes)} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${String(hours)} h` : `${String(Math.floor(hours / 24))} days`;
}
