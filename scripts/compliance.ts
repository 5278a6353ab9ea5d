/**
 * `npm run test:compliance -- [FOLDER]`: every conformance suite on all its published vectors in FOLDER (default ../shared/data): the files
 * `<suite>.*.jsonl`, `<suite>-*.jsonl`, plain or gzipped. Says what it skips and why; the last line is `N passed, M failed`.
 * Exits 1 when something failed, 2 when nothing could be run.
 * @module
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '../src/base/errors.ts';
import { type CaseResult, type ConformanceSuite, conform, suiteOf, suites } from './conformance.ts';
import { root } from './doors.ts';
import { vectorLines } from './vector-lines.ts';

/** The files in `folder` with vectors for the suite `name`. */
export function vectorFiles(folder: string, name: string): readonly string[] {
  return globSync(`${name}[.-]*jsonl{,.gz}`, { cwd: folder }).sort();
}

/**
 * `suite` without the cases in its `gaps`: each is handed to `skip` where it fails for want of support, which is all that a gap
 * excuses. A gap that has been closed is a failure until it is struck off the list.
 */
export function withoutGaps(
  suite: ConformanceSuite,
  skip: (name: string, reason: string) => void,
): ConformanceSuite {
  const judge = (result: CaseResult): readonly CaseResult[] => {
    const reason = suite.gaps?.[result.name];
    if (reason === undefined) return [result];
    if (result.error === undefined) {
      return [{ name: result.name, error: new Error('passes; take it off the gaps of its suite') }];
    }
    if (!MeshError.is(result.error, 'UNSUPPORTED')) return [result];
    skip(result.name, reason);
    return [];
  };
  return { ...suite, run: async (line) => (await suite.run(line)).flatMap(judge) };
}

/** Runs every suite in the folder `from` on its vectors in `data`. */
export async function comply(
  from: string,
  data: string,
  print: (line: string) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  let [passed, failed] = [0, 0];
  for (const name of suites(from)) {
    const files = vectorFiles(data, name);
    if (files.length === 0) print(`skipped ${name}: no vectors in ${data}`);
    if (files.length === 0) continue;
    const suite = withoutGaps(await suiteOf(from, name), (title, reason) => {
      print(`skipped ${name}, ${title}: ${reason}`);
    });
    for (const file of files) {
      const result = await conformFile(suite, join(data, file), print);
      print(`${file}: ${result.passed} passed, ${result.failed} failed`);
      passed += result.passed;
      failed += result.failed;
    }
  }
  return { passed, failed };
}

/** A file that is damaged fails as one case; what follows it still runs. */
async function conformFile(
  suite: ConformanceSuite,
  file: string,
  print: (line: string) => void,
): ReturnType<typeof conform> {
  let lines: readonly unknown[];
  try {
    lines = suite.read?.(file) ?? vectorLines(file);
  } catch (error) {
    print(`FAILED ${error instanceof Error ? error.message : String(error)}`);
    return { passed: 0, failed: 1 };
  }
  return conform(suite, lines, print);
}

async function main([data = join(root, '../shared/data')]: readonly string[]): Promise<number> {
  const { passed, failed } = await comply(join(root, 'test/conformance'), data, console.log);
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) return 1;
  return passed > 0 ? 0 : 2;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
