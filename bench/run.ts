/**
 * `npm run bench -- NAME... [--json] [--seed N] [--share S] [--write] [--compare]`: runs bench/<name>.bench.ts, all without a name.
 * An experiment of tables.ts runs alone, when named: `trust-threats` takes `--share` as the malicious part of the peers.
 * `--share 0.2` is a quick look; `--write` refreshes docs/benchmarks.md and bench/results.json; `--compare` fails when one of our ratios
 * got more than a tenth worse than the committed results, see compare.ts.
 * @module
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './compare.ts';
import { type Bench, measure, type Result } from './harness.ts';
import { refreshed, table, withSection } from './report.ts';
import { type TableOptions, type TableResult, tables } from './tables.ts';

const folder = import.meta.dirname;
const resultsFile = join(folder, 'results.json');
const page = join(folder, '../docs/benchmarks.md');

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    share: { type: 'string' },
  },
});

const known = globSync('*.bench.ts', { cwd: folder })
  .map((file) => basename(file, '.bench.ts'))
  .sort();
/** `simulation` is also `simulation-mesh` and its other parts. */
const partsOf = (wanted: string) =>
  known.filter((name) => name === wanted || name.startsWith(`${wanted}-`));
const names = positionals.length > 0 ? [...new Set(positionals.flatMap(partsOf))] : known;
const unknown = positionals.filter((name) => partsOf(name).length === 0);
const options = { seed: Number(flags.seed), share: Number(flags.share ?? 1), progress };

if (!Number.isInteger(options.seed)) fail(`--seed must be an integer, got '${flags.seed}'`);
const experiment = tables[positionals[0] ?? ''];
if (experiment !== undefined && positionals.length === 1)
  await tabulate(positionals[0]!, await experiment());

if (unknown.length > 0) fail(`no bench '${unknown.join("', '")}'; there are: ${known.join(', ')}`);
if (!(options.share > 0)) fail(`--share must be a number above 0, got '${flags.share}'`);

const before = new Map(committed().map((result) => [result.name, result]));
const without = names.filter((name) => !before.has(name));
if (flags.compare && without.length > 0) {
  fail(`bench/results.json has nothing to compare with for ${without.join(', ')}`);
}

const results: Result[] = [];
const worse: string[] = [];
for (const name of names) {
  const { default: bench } = (await import(`./${name}.bench.ts`)) as { default: Bench };
  const run = () => measure(name, bench, options);
  const result = await run();
  results.push(result);
  if (flags.compare) worse.push(...(await compare(before.get(name)!, result, run)));
  if (!flags.json) console.log(`\n${name}: ${table(result)}\n`);
}
if (flags.json) console.log(JSON.stringify(results, null, 2));
if (worse.length > 0) fail(worse.join('\n'));
if (flags.compare) console.error(`no ratio got worse: ${names.join(', ')}`);
if (flags.write) write();
process.exit(); // peers such as libp2p leave timers behind

/** Progress goes to stderr, so that stdout stays a table or JSON. */
function progress(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
}

async function tabulate(name: string, run: (options: TableOptions) => TableResult): Promise<never> {
  const share = flags.share === undefined ? undefined : options.share;
  if (share !== undefined && !(share >= 0 && share <= 0.9)) {
    fail(`--share must be a number from 0 to 0.9, got '${flags.share}'`);
  }
  const { json, text } = run({ seed: options.seed, share, progress });
  if (flags.write) {
    const file = join(folder, '../docs/trust.md');
    writeFileSync(file, withSection(readFileSync(file, 'utf8'), `experiment:${name}`, text()));
  }
  console.log(flags.json ? JSON.stringify(json, null, 2) : `\n${text()}\n`);
  process.exit();
}

function committed(): Result[] {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8')) as Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function write(): void {
  const kept = committed().filter(({ name }) => !names.includes(name));
  const all = [...kept, ...results].sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(resultsFile, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(page, results.reduce(refreshed, readFileSync(page, 'utf8')));
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
