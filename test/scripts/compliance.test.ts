// All suites at once: which files they take, what they leave out and say so, and that a damaged file fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { comply, vectorFiles, withoutGaps } from '../../scripts/compliance.ts';
import { type ConformanceSuite, conform } from '../../scripts/conformance.ts';
import { root } from '../../scripts/doors.ts';
import { MeshError } from '../../src/base/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'compliance-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vectorFiles', () => {
  it('takes the files of the suite, plain and packed, and of no other', () => {
    const all = [
      'even.jsonl',
      'even.public.jsonl.gz',
      'even-more.jsonl',
      'evening.jsonl',
      'even.json',
    ];
    for (const file of all) writeFileSync(join(folder, file), '');
    expect(vectorFiles(folder, 'even')).toEqual([
      'even-more.jsonl',
      'even.jsonl',
      'even.public.jsonl.gz',
    ]);
    expect(vectorFiles(join(folder, 'missing'), 'even')).toEqual([]);
  });
});

describe('withoutGaps', () => {
  const unsupported = new MeshError('UNSUPPORTED', { feature: 'p256', by: 'this release' });

  /** How a run ends in which the case `gap`, listed as one, ends with `error`. */
  async function counted(error?: unknown) {
    const skipped: string[] = [];
    const suite: ConformanceSuite = {
      name: 'sample',
      gaps: { gap: 'not yet' },
      run: async () => [{ name: 'sound' }, { name: 'gap', ...(error !== undefined && { error }) }],
    };
    const whole = withoutGaps(suite, (name, reason) => skipped.push(`${name}: ${reason}`));
    return { ...(await conform(whole, [0], () => undefined)), skipped };
  }

  it('skips a gap that is not supported, with its reason', async () => {
    expect(await counted(unsupported)).toEqual({ passed: 1, failed: 0, skipped: ['gap: not yet'] });
  });

  it('excuses no wrong answer', async () => {
    const wrong = new MeshError('CONFORMANCE_FAILED', { detail: 'another byte' });
    expect(await counted(wrong)).toEqual({ passed: 1, failed: 1, skipped: [] });
  });

  it('fails when a gap has been closed and is still listed', async () => {
    expect(await counted()).toEqual({ passed: 1, failed: 1, skipped: [] });
  });
});

describe('comply', () => {
  it('counts a damaged file as one failure and goes on', async () => {
    writeFileSync(join(folder, 'noise.damaged.jsonl'), '{nonsense\n');
    writeFileSync(join(folder, 'unleash.empty.jsonl'), '\n');
    const printed: string[] = [];
    const suites = join(root, 'test/conformance');
    const counts = await comply(suites, folder, (line) => printed.push(line));
    expect(counts).toEqual({ passed: 0, failed: 1 });
    expect(printed.filter((line) => line.startsWith('FAILED'))).toHaveLength(1);
    expect(printed).toContain('unleash.empty.jsonl: 0 passed, 0 failed');
    expect(printed).toContain(`skipped cedar: no vectors in ${folder}`);
  });
});
