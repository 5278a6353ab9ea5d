/**
 * `npm run conformance -- SUITE FILE`: runs published vectors (JSON lines, plain or gzipped) through test/conformance/<suite>.ts.
 * The last line is `N passed, M failed`; exits 1 when something failed, 2 when nothing could be run.
 * @module
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './doors.ts';
import { vectorLines } from './vector-lines.ts';

/** One case of a vector file, after it ran. */
export interface CaseResult {
  readonly name: string;
  /** What went wrong; absent when the case passed. */
  readonly error?: unknown;
}

/** The default export of `test/conformance/<suite>.ts`. */
export interface ConformanceSuite {
  readonly name: string;
  /** Cases this release does not do yet, by name, with the reason. `npm run test:compliance` skips them and says so. */
  readonly gaps?: Readonly<Record<string, string>>;
  /** Reads a file in a form of the suite's own. Default: {@link vectorLines}. */
  read?(file: string): readonly unknown[];
  /** Runs what one line of the file holds. A throw counts as one failed case. */
  run(line: unknown): Promise<readonly CaseResult[]>;
}

/** Failures printed in full; the rest is counted. */
const shown = 20;

/** The suites there are: the files of `folder` with a default export. */
export function suites(folder: string): readonly string[] {
  return globSync('*.ts', { cwd: folder })
    .filter((file) => /^export default /m.test(readFileSync(join(folder, file), 'utf8')))
    .map((file) => basename(file, '.ts'))
    .sort();
}

/** The suite `name`, one of {@link suites}. */
export async function suiteOf(folder: string, name: string): Promise<ConformanceSuite> {
  const module = (await import(join(folder, `${name}.ts`))) as { default: ConformanceSuite };
  return module.default;
}

/** Runs every line and counts. */
export async function conform(
  suite: ConformanceSuite,
  lines: readonly unknown[],
  print: (line: string) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  let [passed, failed] = [0, 0];
  for (const [i, line] of lines.entries()) {
    const results = await suite
      .run(line)
      .catch((error: unknown): readonly CaseResult[] => [{ name: `line ${i + 1}`, error }]);
    for (const { name, error } of results) {
      if (error === undefined) passed += 1;
      else {
        failed += 1;
        if (failed <= shown) print(`FAILED ${name}: ${describe(error)}`);
      }
    }
  }
  if (failed > shown) print(`... and ${failed - shown} more`);
  return { passed, failed };
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}

async function main([name, file]: readonly string[]): Promise<number> {
  const folder = join(root, 'test/conformance');
  const known = suites(folder);
  if (name === undefined || file === undefined || !known.includes(name)) {
    if (name !== undefined && !known.includes(name)) console.error(`no suite '${name}'`);
    console.error(`usage: npm run conformance -- SUITE FILE\nsuites: ${known.join(', ')}`);
    return 2;
  }
  const suite = await suiteOf(folder, name);
  let lines: readonly unknown[];
  try {
    lines = suite.read?.(file) ?? vectorLines(file);
  } catch (error) {
    console.error(`cannot read the vectors: ${describe(error)}`);
    return 2;
  }
  console.log(`${suite.name}: ${lines.length} lines of ${basename(file)}`);
  const { passed, failed } = await conform(suite, lines, console.log);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
