// The same seed is the same run, whatever it runs on: Node 22, 24 and 26, and a browser.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chromium } from '../browser/chromium.ts';
import { describeWith } from '../services.ts';
import { type Call, inChromium, onNode } from './replay/runtimes.ts';

const seeds = [1, 7];
const replay = (seed: number): Call => ({
  path: 'test/testing/replay/simulation.ts',
  name: 'replay',
  args: [seed],
});
const where: Call = { path: 'test/testing/replay/where.ts', name: 'where', args: [] };

/** What the repository's own Node makes of each seed. */
const expected = new Map<number, unknown>();
beforeAll(async () => {
  for (const seed of seeds) expected.set(seed, await onNode(process.execPath, replay(seed)));
}, 60_000);

describe('a run', () => {
  it('is the same again from the same seed, and another from another', async () => {
    for (const hash of expected.values()) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(expected.values()).size).toBe(seeds.length);
    expect(await onNode(process.execPath, replay(seeds[0]!))).toBe(expected.get(seeds[0]!));
  }, 60_000);
});

for (const [name, version] of [
  ['node22', /^v22\./],
  ['node26', /^v26\./],
] as const) {
  describeWith(name, `a run on ${name}`, (command) => {
    it('is the one it is on the Node of the repository', async () => {
      const there = { platform: 'node', version: expect.stringMatching(version) as string };
      expect(await onNode(command, where)).toEqual(there);
      for (const seed of seeds) {
        expect(await onNode(command, replay(seed))).toBe(expected.get(seed));
      }
    }, 60_000);
  });
}

describeWith('chromium', 'a run in Chromium', (command) => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await Chromium.open(command);
  }, 30_000);
  afterAll(() => chromium.close());

  it('is the one it is on the Node of the repository', async () => {
    const there = { platform: 'web', version: expect.stringContaining('Chrome/') as string };
    expect(await inChromium(chromium, where)).toEqual(there);
    for (const seed of seeds) {
      expect(await inChromium(chromium, replay(seed))).toBe(expected.get(seed));
    }
  }, 60_000);
});
