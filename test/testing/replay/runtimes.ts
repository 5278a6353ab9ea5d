/**
 * The runtimes the library must run on, and how to get a report from each: bundled as an application would bundle it there.
 * @module
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { root } from '../../../scripts/doors.ts';
import type { Chromium } from '../../browser/chromium.ts';
import type { RuntimeReport } from './report.ts';

/** Longest run on a Node. */
const runMs = 60_000;

/** The report of the Node behind `command`, with the platform that Node gets. */
export async function onNode(command: string, seeds: readonly number[]): Promise<RuntimeReport> {
  const script = await bundled('node', `console.log(JSON.stringify(await report(${list(seeds)})))`);
  return withFile('report.mjs', script, async (file) => {
    const { stdout } = await promisify(execFile)(command, [file], { timeout: runMs });
    return JSON.parse(stdout) as RuntimeReport;
  });
}

/** The report of a page in `chromium`, with the platform that browsers get. */
export async function inChromium(
  chromium: Chromium,
  seeds: readonly number[],
): Promise<RuntimeReport> {
  const script = await bundled('browser', 'globalThis.report = report;');
  // An HTML parser ends a script at the first end tag, wherever it stands.
  const inline = script.replaceAll('</script', '<\\/script');
  const html = `<!doctype html><meta charset="utf-8"><script type="module">${inline}</script>`;
  return withFile('report.html', html, async (file) => {
    const page = await chromium.page(pathToFileURL(file).href);
    const report = await page.evaluate<RuntimeReport>(`report(${list(seeds)})`);
    if (page.errors.length > 0) throw new Error(page.errors.join('\n'));
    return report;
  });
}

/** A module that imports `report` and runs `code`, with all it needs in one file, from the sources. */
async function bundled(platform: 'node' | 'browser', code: string): Promise<string> {
  const result = await build({
    stdin: {
      contents: `import { report } from './report.ts';\n${code}`,
      resolveDir: import.meta.dirname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform,
    target: 'es2023',
    external: ['node:*'],
    conditions: ['module', '@mesh/source'],
    absWorkingDir: root,
    logLevel: 'error',
  });
  return result.outputFiles[0]!.text;
}

function list(seeds: readonly number[]): string {
  return JSON.stringify(seeds);
}

async function withFile<T>(
  name: string,
  content: string,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  try {
    writeFileSync(join(folder, name), content);
    return await use(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
