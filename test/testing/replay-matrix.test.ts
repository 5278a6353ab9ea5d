// The same seed is the same run, whatever it runs on: Node 22, 24 and 26, and a browser.
import { beforeAll, describe, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { describeWith } from '../services.ts';
import { inChromium, onNode } from './replay/runtimes.ts';

const seeds = [1, 7, 42];

/** What the repository's own Node makes of the seeds. */
let expected: readonly string[];
beforeAll(async () => {
  expected = (await onNode(process.execPath, seeds)).hashes;
}, 60_000);

describe('a run', () => {
  it('is the same again from the same seed, and another from another', async () => {
    for (const hash of expected) expect(hash).toMatch(/^[0-9a-f]{32,}$/);
    expect(new Set(expected).size).toBe(seeds.length);
    const backwards = await onNode(process.execPath, seeds.toReversed());
    expect(backwards.hashes).toEqual(expected.toReversed());
  }, 60_000);
});

for (const [name, version] of [
  ['node22', /^v22\./],
  ['node26', /^v26\./],
] as const) {
  describeWith(name, `a run on ${name}`, (command) => {
    it('is the one it is on the Node of the repository', async () => {
      const report = await onNode(command, seeds);
      expect(report.version).toMatch(version);
      expect(report.platform).toBe('node');
      expect(report.hashes).toEqual(expected);
    }, 60_000);
  });
}

describeWith('chromium', 'a run in Chromium', (command) => {
  it('is the one it is on the Node of the repository', async () => {
    await using chromium = await Chromium.open(command);
    const report = await inChromium(chromium, seeds);
    expect(report.version).toContain('Chrome/');
    expect(report.platform).toBe('web');
    expect(report.hashes).toEqual(expected);
  }, 60_000);
});
