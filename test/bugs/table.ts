/**
 * The table of bugs in docs/testing.md.
 * @module
 */
import type { Bug } from './bugs.ts';

/** Begin and end of what is written anew in the page. */
const [begin, end] = ['<!-- bugs -->', '<!-- /bugs -->'] as const;

/** `page` with the table of `bugs` in its place. */
export function withTable(page: string, bugs: readonly Bug[]): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error('docs/testing.md has no table');
  return `${before}${begin}\n\n${tableOf(bugs)}\n\n${end}${after}`;
}

function tableOf(bugs: readonly Bug[]): string {
  return [
    '| Bug | What was got wrong | Invariant that breaks | Seed |',
    '| --- | --- | --- | ---: |',
    ...bugs.map(({ name, says, file, caughtBy, seed }) => {
      return `| \`${name}\` in \`${file}\` | ${says} | \`${caughtBy}\` | ${String(seed)} |`;
    }),
  ].join('\n');
}
