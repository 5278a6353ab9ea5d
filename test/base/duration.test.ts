import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Duration, toMs } from '../../src/base/duration.ts';
import { thrown } from './thrown.ts';

describe('toMs', () => {
  it.each([
    [0, 0],
    [250, 250],
    [1e21, 1e21],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['90d', 7_776_000_000],
  ] as const)('reads %s as %d ms', (duration, ms) => {
    expect(toMs(duration)).toBe(ms);
  });

  it.each([
    -1,
    Number.NaN,
    Infinity,
    '',
    '5',
    's',
    '-5s',
    '+5s',
    '1e3s',
    '.5s',
    '5 s',
    ' 5s',
    '5s\n',
    '5S',
    '5w',
    `${'9'.repeat(400)}d`,
    null,
    undefined,
    {},
  ])('refuses %j and names the argument', (duration) => {
    expect(thrown(() => toMs(duration as Duration, 'every'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'every' },
    });
  });

  it('agrees with itself across units', () => {
    fc.assert(
      fc.property(fc.nat(10_000), (n) => {
        expect(toMs(`${n}d`)).toBe(toMs(`${n * 24}h`));
        expect(toMs(`${n}h`)).toBe(toMs(`${n * 3_600}s`));
        expect(toMs(`${n}ms`)).toBe(toMs(n));
      }),
    );
  });
});
