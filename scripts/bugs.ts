/**
 * Looks for seeds that show the deliberate bugs: `npm run bugs`, `npm run bugs -- claim-after-work --seeds 100`. `--write`
 * brings the table in docs/testing.md up to date with test/bugs/bugs.ts.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bug, bugs } from '../test/bugs/bugs.ts';
import { programWith } from '../test/bugs/mutant.ts';
import { withTable } from '../test/bugs/table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1000' },
    write: { type: 'boolean', default: false },
  },
});

/** Runs that shortening a schedule may take. */
const shrinkRuns = 20;

/** Prints the first seed under which the bug breaks its law; says whether there is one. */
async function hunt(bug: Bug, seeds: number): Promise<boolean> {
  await using program = await programWith(bug);
  for (let seed = 1; seed <= seeds; seed += 1) {
    // A bug may also have the program run for ever, or out of memory; no law says so.
    const found = await program.run(seed).catch(() => undefined);
    if (found?.law !== bug.caughtBy) continue;
    console.log(`${bug.name}: seed ${String(seed)} breaks ${found.law}: ${found.detail}`);
    const shortest = await program.run(seed, shrinkRuns);
    for (const { id, kind, node, at } of shortest?.faults ?? []) {
      console.log(`  fault ${String(id)}: ${kind} of ${node} at ${String(at)} ms`);
    }
    return true;
  }
  console.log(`${bug.name}: not found under ${String(seeds)} seeds`);
  return false;
}

if (values.write) {
  const page = join(import.meta.dirname, '../docs/testing.md');
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), bugs));
} else {
  const chosen = bugs.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  for (const bug of chosen) if (!(await hunt(bug, Number(values.seeds)))) process.exitCode = 1;
}
