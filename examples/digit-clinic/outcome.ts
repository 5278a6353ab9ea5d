// From what the organisations said to the final table and the report.
import type { ReportCandidate, ReportDigit, ReportRound, RunReport } from './report.ts';
import type { News } from './role.ts';
import type { OrganisationStats } from './stats.ts';

/** What the lab had read. */
export interface Reading {
  readonly count: number;
  readonly accuracy: number;
  readonly receipts: number;
  readonly by: Readonly<Record<string, number>>;
  readonly msPerTask: number;
  readonly digits: readonly ReportDigit[];
}

/** Everything the parent collected during a run. */
export interface RunFacts {
  readonly started: number;
  readonly ended: number;
  readonly rounds: readonly ReportRound[];
  readonly listings: readonly ReportCandidate[];
  readonly reading: Reading;
  readonly revocation: { readonly ms: number; readonly reached: number; readonly who: string };
  readonly refusal: { readonly code: string; readonly gate: string; readonly message: string };
  readonly after: Reading;
  readonly stats: readonly OrganisationStats[];
  readonly news: readonly News[];
}

/** The final table, its head first. */
export function finalTable({ stats }: Pick<RunFacts, 'stats'>): readonly (readonly string[])[] {
  const head = [
    'organisation',
    'handshakes',
    'mean ms',
    'receipts',
    'decisions',
    'cache hits',
    'in',
    'out',
    'trust in others',
  ];
  return [head, ...stats.map(row)];
}

/** The run as the report tells it. */
export function runReport(facts: RunFacts): RunReport {
  const { started, ended, rounds, listings, reading, revocation, refusal, stats, news } = facts;
  return {
    title: 'The digit clinic',
    startedAt: new Date(started).toISOString(),
    ms: ended - started,
    organisations: stats.map(({ name, role, did }) => ({ name, role, did })),
    rounds,
    search: listings,
    reading: { ...reading, images: reading.count },
    revocation: { ...refusal, who: revocation.who, ms: revocation.ms, nodes: revocation.reached },
    trust: stats.flatMap(({ name: from, trust }) =>
      trust.map(({ to, score }) => ({ from, to: nameOf(to, stats), ...score })),
    ),
    timeline: news.map(({ at, who, what, kind }) => ({ at: at - started, who, what, kind })),
    table: finalTable(facts),
  };
}

function row(
  { name, federation, policy, decisions, receipts, trust }: OrganisationStats,
  _: number,
  stats: readonly OrganisationStats[],
): readonly string[] {
  const lookups = policy.hits + policy.misses;
  const hits =
    lookups === 0 ? '-' : `${((100 * policy.hits) / lookups).toFixed(0)} % of ${String(lookups)}`;
  return [
    name,
    String(federation.handshakes),
    federation.handshakeMs.toFixed(1),
    String(receipts),
    String(decisions),
    hits,
    bytes(federation.bytesIn),
    bytes(federation.bytesOut),
    trust
      .map(({ to, score }) => `${nameOf(to, stats)} ${score.score.toFixed(0)} ${score.state}`)
      .join(', '),
  ];
}

function nameOf(did: string, stats: readonly OrganisationStats[]): string {
  return stats.find((one) => one.did === did)?.name ?? did.split(':')[3] ?? did;
}

function bytes(count: number): string {
  if (count < 10_000) return `${String(count)} B`;
  return count < 10_000_000 ? `${(count / 1e3).toFixed(0)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
