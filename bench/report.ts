/**
 * Results as people and programs read them: a table, the committed file of results, and the comparison between the two.
 * @module
 */
import type { Result, Row } from './harness.ts';

/** A ratio may get this much worse before `--compare` fails: what the same code varies by on one machine. */
export const tolerance = 0.1;

/** `result` as a Markdown table with the machine below it. */
export function table(result: Result): string {
  const { rows, unit, peer } = result;
  const withLimit = rows.some(({ timesLimit }) => timesLimit !== undefined);
  const limit = (cell: string) => (withLimit ? ` ${cell} |` : '');
  const lines = rows.map(
    (row) =>
      `| ${row.role === 'ours' ? `**${row.name}**` : row.name} | ${row.role} | ${figure(row.median)} | ${figure(row.min)} to ${figure(row.max)} | ${times(row.timesPeer)} |${limit(times(row.timesLimit))}`,
  );
  return [
    result.what,
    '',
    `| case | role | ${unit}, median | range | times ${peer} |${limit('of the limit')}`,
    `| --- | --- | ---: | ---: | ---: |${limit('---:')}`,
    ...lines,
    '',
    `${result.rounds} interleaved rounds. ${result.machine}.`,
  ].join('\n');
}

/** `page` with the section of `result` refreshed, or added at the end. */
export function refreshed(page: string, result: Result): string {
  const name = `bench:${result.name}`;
  const known = page.includes(`<!-- ${name} -->`);
  const [begin, end] = marks(name);
  const whole = known ? page : `${page.trimEnd()}\n\n## ${result.name}\n\n${begin}\n${end}\n`;
  return withSection(whole, name, table(result));
}

/** `page` with `text` between the marks of the section `name`; unchanged where it has none. */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = marks(name);
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) return page;
  return `${page.slice(0, from)}${begin}\n${text}\n${page.slice(to)}`;
}

function marks(name: string): readonly [begin: string, end: string] {
  return [`<!-- ${name} -->`, `<!-- /${name} -->`];
}

/** One line for each of our ratios that got worse than the tolerance allows, went missing, or is to somebody else now. */
export function regressions(before: Result, after: Result): readonly string[] {
  if (after.peer !== before.peer) {
    return [
      `${before.name}: ratios were to ${before.peer} and are to ${after.peer}; --write first`,
    ];
  }
  const ours = before.rows.filter(({ role }) => role === 'ours');
  return ours.flatMap((then) => {
    const now = after.rows.find(({ name }) => name === then.name);
    if (now === undefined) return [`${before.name}: '${then.name}' is no longer measured`];
    if (now.timesPeer >= then.timesPeer * (1 - tolerance)) return [];
    return [`${before.name}: '${then.name}' ${worse(then, now)} times ${before.peer}`];
  });
}

function worse(then: Row, now: Row): string {
  return `fell from ${times(then.timesPeer)} to ${times(now.timesPeer)}`;
}

function figure(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function times(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(2);
}
