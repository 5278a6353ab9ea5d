import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const kinds = ['store', 'transport', 'signer', 'embedder', 'extension'];

describe('every kit', () => {
  it('runs under node:test', () => {
    const file = fileURLToPath(new URL('kits-under-node-test.ts', import.meta.url));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ['--conditions=@mesh/source', '--test', '--test-reporter=tap', file];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect(child.stdout).toMatch(/^# fail 0$/m);
    for (const kind of kinds) {
      const passed = child.stdout.match(new RegExp(`^ *ok \\d+ - ${kind}: `, 'gm')) ?? [];
      expect(passed.length, kind).toBeGreaterThan(10);
    }
    expect(child.status).toBe(0);
  }, 60_000);
});
