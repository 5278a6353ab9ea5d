// Importing a door starts nothing: no timer, no handle, no global, no word on the console, and the process ends by itself.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { doors, root } from '../../scripts/doors.ts';

const run = promisify(execFile);
const nothing = { started: [], globals: [], processListeners: 0 };

/** Imports `specifier` in a process of its own; fails when that does not end within `timeout` ms. */
async function probe(
  specifier: string,
  timeout = 5_000,
): Promise<{ left: unknown; stderr: string }> {
  const script = join(root, 'test/architecture/import-probe.ts');
  const { stdout, stderr } = await run(
    process.execPath,
    ['--conditions=@mesh/source', script, specifier],
    { cwd: root, timeout },
  );
  return { left: JSON.parse(stdout) as unknown, stderr };
}

describe('importing a door', () => {
  it.each(doors().map(({ specifier }) => specifier))(
    'starts nothing: %s',
    async (specifier) => {
      expect(await probe(specifier)).toEqual({ left: nothing, stderr: '' });
    },
    20_000,
  );
});

describe('the probe', () => {
  it.each([
    ['a timer that is quickly gone', 'setTimeout(() => undefined, 1);', 'Timeout'],
    ['a timer that stays', 'setInterval(() => undefined, 60_000);', 'never ends'],
    ['a server', `import net from 'node:net'; net.createServer().listen(0).unref();`, 'TCP'],
    ['a global', 'globalThis.mesh = 1;', 'mesh'],
    ['a listener', `process.on('uncaughtException', () => undefined);`, '"processListeners":1'],
    ['a word', `console.error('ready');`, 'ready'],
  ])(
    'notices %s',
    async (_what, code, sign) => {
      const folder = mkdtempSync(join(tmpdir(), 'probe-'));
      try {
        const file = join(folder, 'planted.mjs');
        writeFileSync(file, code);
        const seen = await probe(file, 1_500).then(
          ({ left, stderr }) => JSON.stringify(left) + stderr,
          () => 'never ends',
        );
        expect(seen).toContain(sign);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    20_000,
  );
});
