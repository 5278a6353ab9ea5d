/**
 * The library with a bug in it: bundled with a few lines of one file replaced, the sources untouched.
 * @module
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import type { Bug, ScenarioName } from './bugs.ts';
import type { Found, Request } from './run.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A bug may have a program run for ever; milliseconds for each run of the scenario, more than any takes. */
const runLimitMs = 60_000;

/** The scenario as a program. Each seed has a process to itself. */
export interface Program extends AsyncDisposable {
  /** Runs one seed; resolves with the law that was broken, undefined when all went well. `shrinkRuns` may shorten a failure. */
  run(seed: number, shrinkRuns?: number): Promise<Found | undefined>;
}

/** The scenario of `bug`, or another, with it in the library; without one, the library as it is. Throws when the bug no longer fits its file. */
export async function programWith(
  bug?: Bug,
  scenario: ScenarioName = bug?.scenario ?? 'weather',
): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-bug-'));
  const outfile = join(folder, 'run.mjs');
  const remove = (): Promise<void> => rm(folder, { recursive: true });
  try {
    await build({
      entryPoints: [join(import.meta.dirname, 'run.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@mesh/source'],
      logLevel: 'silent',
      plugins: bug === undefined ? [] : [mutation(bug)],
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    run: async (seed, shrinkRuns = 0) => {
      const request: Request = { seed, shrinkRuns, scenario };
      const args = ['--max-old-space-size=1024', outfile, JSON.stringify(request)];
      const timeout = runLimitMs * (1 + shrinkRuns);
      const { stdout } = await run(process.execPath, args, { timeout });
      return (JSON.parse(stdout) as Found | null) ?? undefined;
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** `source` with the bug in it. Throws when a line to replace is not there, or there twice. */
export function mutated(source: string, { name, file, edits }: Bug): string {
  return edits.reduce((text, [find, replace]) => {
    const count = text.split(find).length - 1;
    if (count === 1) return text.replace(find, () => replace);
    throw new Error(`bug '${name}': ${file} has ${String(count)} times: ${find}`);
  }, source);
}

function mutation(bug: Bug): Plugin {
  const path = join(root, bug.file);
  return {
    name: 'mutation',
    setup: (builder) => {
      builder.onLoad({ filter: /\.ts$/ }, async (file) => {
        if (file.path !== path) return undefined;
        return { contents: mutated(await readFile(path, 'utf8'), bug), loader: 'ts' };
      });
    },
  };
}
