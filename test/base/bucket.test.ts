import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, murmur3 } from '../../src/base/bucket.ts';
import suite, { unleash } from '../conformance/unleash.ts';
import { thrown } from './thrown.ts';

const file = new URL('../../../shared/data/unleash.public.jsonl.gz', import.meta.url);
const lines = existsSync(file)
  ? gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n')
  : [];

describe('murmur3', () => {
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['aa', 0x9747b28c, 0x5d211726],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['abc', 0, 0xb3dd93fa],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
    ['a'.repeat(256), 0x9747b28c, 0x37405bdc],
  ])('gives the published hash of %j with seed %d', (text, seed, hash) => {
    expect(murmur3(text, seed)).toBe(hash);
  });
});

describe('bucketOf', () => {
  it('stays within its buckets', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 32 }), (key, buckets) => {
        const bucket = bucketOf(key, buckets);
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < buckets).toBe(true);
      }),
    );
  });

  it('fills a hundred buckets evenly, and another seed shuffles them anew', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `customer-${i}`);
    const counts = new Array<number>(100).fill(0);
    for (const key of keys) counts[bucketOf(key, 100)]! += 1;
    // 200 expected; six standard deviations are 85.
    expect(Math.min(...counts)).toBeGreaterThan(115);
    expect(Math.max(...counts)).toBeLessThan(285);

    const both = keys.filter((key) => bucketOf(key, 100) < 50 && bucketOf(key, 100, 7) < 50);
    expect(both.length / keys.length).toBeCloseTo(0.25, 1);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN, Infinity])('refuses %d buckets', (buckets) => {
    expect(thrown(() => bucketOf('key', buckets))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'buckets' },
    });
  });
});

describe.skipIf(lines.length === 0)('published Unleash rollouts (../shared/data)', () => {
  it('are all there', () => {
    expect(lines).toHaveLength(4);
  });

  for (const line of lines) {
    const specification = JSON.parse(line) as { name: string };
    it(`${specification.name} puts everybody into the same bucket`, () => {
      const cases = unleash(specification);
      expect(cases.length).toBeGreaterThan(4);
      expect(cases.filter(({ error }) => error !== undefined)).toEqual([]);
    });
  }

  it('a wrong expectation is an error of its case', async () => {
    const line = JSON.parse(lines[0]!) as { tests: { expectedResult: boolean }[] };
    line.tests[2]!.expectedResult = !line.tests[2]!.expectedResult;
    const failed = (await suite.run(line)).filter(({ error }) => error !== undefined);
    expect(failed).toMatchObject([{ error: { code: 'CONFORMANCE_FAILED' } }]);
  });

  it('a line that is no specification is an error too', async () => {
    expect((await suite.run({}))[0]?.error).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});
