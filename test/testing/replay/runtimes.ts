/**
 * The runtimes the library must run on, and how to run a module on each: bundled as an application would bundle it there.
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

/** Calls `name` of the module at `path` (from the root) with `args`; result and arguments are JSON data. */
export interface Call {
  readonly path: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Longest run of a call. */
const callMs = 60_000;

/** Makes the call on the Node behind `command`, with the platform that Node gets. */
export async function onNode(command: string, { path, name, args }: Call): Promise<unknown> {
  const code = `
    import { ${name} as call } from './${path}';
    console.log(JSON.stringify(await call(...${JSON.stringify(args)})));
  `;
  return withFile('call.mjs', await bundled(code, 'node'), async (file) => {
    const { stdout } = await promisify(execFile)(command, [file], { timeout: callMs });
    return JSON.parse(stdout) as unknown;
  });
}

/** Makes the call in a page of `chromium`, with the platform that browsers get. */
export async function inChromium(chromium: Chromium, { path, name, args }: Call): Promise<unknown> {
  const code = `import { ${name} as call } from './${path}'; globalThis.call = call;`;
  const script = await bundled(code, 'browser');
  const html = `<!doctype html><meta charset="utf-8"><script type="module">${script.replaceAll('</script', '<\\/script')}</script>`;
  return withFile('call.html', html, async (file) => {
    const page = await chromium.page(pathToFileURL(file).href);
    const result = await page.evaluate(`call(...${JSON.stringify(args)})`);
    if (page.errors.length > 0) throw new Error(page.errors.join('\n'));
    return result;
  });
}

/** `code` and all it imports as one file, from the sources. */
async function bundled(code: string, platform: 'node' | 'browser'): Promise<string> {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
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
