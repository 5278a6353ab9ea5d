import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronMatches, parseCron } from '../../src/base/cron.ts';
import { nextRun, parseSchedule, type ScheduleSpec } from '../../src/base/schedule.ts';
import { wallTime } from '../../src/base/wall-time.ts';
import { thrown } from './thrown.ts';

const minute = 60_000;
const day = 86_400_000;

/** The first `count` runs after `from`, to the minute. */
function runs(spec: ScheduleSpec, from: string, count: number): (string | undefined)[] {
  const schedule = parseSchedule(spec);
  const found: (string | undefined)[] = [];
  let at: number | undefined = Date.parse(from);
  while (at !== undefined && found.length < count) {
    at = nextRun(schedule, at);
    found.push(at === undefined ? undefined : new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe('an interval', () => {
  it('runs at whole multiples since 1970, wherever one starts to look', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 * day }),
        fc.integer({ min: 0, max: 4e12 }),
        (ms, after) => {
          const next = nextRun(parseSchedule({ every: ms }), after)!;
          expect(next).toBeGreaterThan(after);
          expect(next - after).toBeLessThanOrEqual(ms);
          expect(next % ms).toBe(0);
        },
      ),
    );
  });

  it('takes durations', () => {
    expect(runs({ every: '6h' }, '2024-01-01T05:59:00Z', 2)).toEqual([
      '2024-01-01T06:00',
      '2024-01-01T12:00',
    ]);
  });
});

describe('a cron expression', () => {
  it.each([
    ['0 9 * * mon-fri', '2024-01-05T09:00:00Z', ['2024-01-08T09:00', '2024-01-09T09:00']],
    ['*/20 8-9 1 JAN *', '2023-06-01T00:00:00Z', ['2024-01-01T08:00', '2024-01-01T08:20']],
    ['0 0 29 2 *', '2024-02-29T00:00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['0 0 29 2 *', '2096-02-29T00:00:00Z', ['2104-02-29T00:00', '2108-02-29T00:00']],
    ['0 12 * * 7', '2024-01-01T00:00:00Z', ['2024-01-07T12:00', '2024-01-14T12:00']],
    ['0 12 * * fri-sun', '2024-01-05T12:00:00Z', ['2024-01-06T12:00', '2024-01-07T12:00']],
    ['30 4 1,15 * 5', '2024-01-01T05:00:00Z', ['2024-01-05T04:30', '2024-01-12T04:30']],
    ['0 0 31 * *', '2024-01-31T00:00:00Z', ['2024-03-31T00:00', '2024-05-31T00:00']],
    ['59 23 31 12 *', '2023-12-31T23:59:00Z', ['2024-12-31T23:59', '2025-12-31T23:59']],
    ['10-30/10,45 0 1 1 *', '2024-01-01T00:20:00Z', ['2024-01-01T00:30', '2024-01-01T00:45']],
  ])('%s', (cron, from, expected) => {
    expect(runs({ cron }, from, expected.length)).toEqual(expected);
  });

  it.each(['0 0 30 2 *', '* * 31 4,6,9,11 *'])('%s never runs', (cron) => {
    expect(runs({ cron }, '2024-01-01T00:00:00Z', 1)).toEqual([undefined]);
    expect(runs({ cron, timeZone: 'Europe/Berlin' }, '2024-01-01T00:00:00Z', 1)).toEqual([
      undefined,
    ]);
  });

  it('ends with the years it can count', () => {
    const schedule = parseSchedule({ cron: '0 0 1 1 *' });
    expect(nextRun(schedule, Date.UTC(9999, 11, 31))).toBe(Date.UTC(10_000, 0, 1));
    for (const after of [-1, Number.NaN, Infinity, Date.UTC(10_000, 0, 1)]) {
      expect(thrown(() => nextRun(schedule, after))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        params: { argument: 'after' },
      });
    }
  });
});

describe('what is refused', () => {
  it.each([
    ['60 * * * *', 'cron: minute'],
    ['-1 * * * *', 'cron: minute'],
    ['5/15 * * * *', 'cron: minute'],
    ['*/0 * * * *', 'cron: minute'],
    ['*/60 * * * *', 'cron: minute'],
    ['1,,2 * * * *', 'cron: minute'],
    ['1.5 * * * *', 'cron: minute'],
    ['1--2 * * * *', 'cron: minute'],
    ['* 24 * * *', 'cron: hour'],
    ['* 5-1 * * *', 'cron: hour'],
    ['* mon * * *', 'cron: hour'],
    ['* * 0 * *', 'cron: day of month'],
    ['* * L * *', 'cron: day of month'],
    ['* * ? * *', 'cron: day of month'],
    ['* * * 13 *', 'cron: month'],
    ['* * * january *', 'cron: month'],
    ['* * * * 8', 'cron: day of week'],
    ['* * * * mon#2', 'cron: day of week'],
    ['* * * * * *', 'cron'],
    ['@daily', 'cron'],
    ['', 'cron'],
    [`${'1,'.repeat(200)}1 * * * *`, 'cron'],
  ])('%j, naming %s', (cron, argument) => {
    expect(thrown(() => parseSchedule({ cron }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument },
    });
  });

  it.each([
    [{ every: 0 }, 'every'],
    [{ every: '0.5ms' }, 'every'],
    [{ every: '-5s' }, 'every'],
    [{ cron: '* * * * *', timeZone: 'Europe/Atlantis' }, 'timeZone'],
    [{ cron: '* * * * *', timeZone: 5 }, 'timeZone'],
    [{}, 'schedule'],
    [{ cron: 5 }, 'schedule'],
    [{ every: '5m', cron: '* * * * *' }, 'schedule'],
  ])('%j, naming %s', (spec, argument) => {
    expect(thrown(() => parseSchedule(spec as ScheduleSpec))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument },
    });
  });

  it('any text is read or refused', () => {
    const item = fc.stringMatching(/^[0-9*,/a-z-]{1,8}$/);
    const cron = fc.oneof(fc.string(), fc.array(item, { minLength: 5, maxLength: 5 }));
    fc.assert(
      fc.property(cron, (fields) => {
        const expression = [fields].flat().join(' ');
        const error = thrownOr(() => parseCron(expression));
        if (error !== undefined) expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      }),
    );
  });
});

describe('the night the clock is moved', () => {
  it.each([
    // Berlin, spring: 02:00 to 03:00 does not exist. 03:00 there is 01:00 UTC.
    ['30 2 * * *', 'Europe/Berlin', '2024-03-30T12:00Z', ['03-31T01:00', '04-01T00:30']],
    ['*/10 2 * * *', 'Europe/Berlin', '2024-03-30T12:00Z', ['03-31T01:00', '04-01T00:00']],
    ['0 2,3 * * *', 'Europe/Berlin', '2024-03-30T12:00Z', ['03-31T01:00', '04-01T00:00']],
    ['30 1-3 * * *', 'Europe/Berlin', '2024-03-31T00:00Z', ['03-31T00:30', '03-31T01:00']],
    ['15 * * * *', 'Europe/Berlin', '2024-03-31T00:00Z', ['03-31T00:15', '03-31T01:15']],
    // Berlin, autumn: 02:00 to 03:00 exists twice.
    ['30 2 * * *', 'Europe/Berlin', '2024-10-26T12:00Z', ['10-27T00:30', '10-28T01:30']],
    ['30 2 * * *', 'Europe/Berlin', '2024-10-27T01:10Z', ['10-28T01:30', '10-29T01:30']],
    ['0 2,3 * * *', 'Europe/Berlin', '2024-10-26T12:00Z', ['10-27T00:00', '10-27T02:00']],
    ['15 * * * *', 'Europe/Berlin', '2024-10-27T00:00Z', ['10-27T00:15', '10-27T01:15']],
    // New York.
    ['30 2 * * *', 'America/New_York', '2024-03-09T12:00Z', ['03-10T07:00', '03-11T06:30']],
    ['30 1 * * *', 'America/New_York', '2024-11-02T12:00Z', ['11-03T05:30', '11-04T06:30']],
    ['0 0 * * *', 'America/New_York', '2024-03-09T12:00Z', ['03-10T05:00', '03-11T04:00']],
    // Lord Howe moves its clock by half an hour: 02:00 to 02:30, and 02:00 back to 01:30.
    ['15 2 * * *', 'Australia/Lord_Howe', '2024-10-05T12:00Z', ['10-05T15:30', '10-06T15:15']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2024-04-06T12:00Z', ['04-06T14:45', '04-07T15:15']],
    ['*/30 * * * *', 'Australia/Lord_Howe', '2024-04-06T14:10Z', ['04-06T14:30', '04-06T15:00']],
    // Where midnight does not exist.
    ['0 0 * * *', 'Africa/Cairo', '2024-04-25T12:00Z', ['04-25T22:00', '04-26T21:00']],
    // Samoa had no 30 December 2011.
    ['0 12 * * *', 'Pacific/Apia', '2011-12-29T23:00Z', ['12-30T10:00', '12-30T22:00']],
    ['30 2 * * *', 'UTC', '2024-03-30T12:00Z', ['03-31T02:30', '04-01T02:30']],
  ])('%s in %s after %s', (cron, timeZone, from, expected) => {
    const found = runs({ cron, timeZone }, from, expected.length);
    expect(found.map((run) => run?.slice(5))).toEqual(expected);
  });

  it('every minute is every real minute, twice an hour that comes twice', () => {
    const schedule = parseSchedule({ cron: '* * * * *', timeZone: 'Europe/Berlin' });
    for (const night of ['2024-03-31T00:00Z', '2024-10-27T00:00Z']) {
      for (let at = Date.parse(night); at < Date.parse(night) + day / 6; at += minute) {
        expect(nextRun(schedule, at)).toBe(at + minute);
        expect(nextRun(schedule, at - 1)).toBe(at);
      }
    }
  });
});

const zones = [
  { timeZone: 'Europe/Berlin', nights: ['2024-03-31', '2024-10-27'] },
  { timeZone: 'America/New_York', nights: ['2024-03-10', '2024-11-03'] },
  { timeZone: 'Australia/Lord_Howe', nights: ['2024-10-05', '2024-04-06'] },
  { timeZone: 'America/Havana', nights: ['2024-03-10', '2024-11-03'] },
  // Its clock went from 00:01 back to 23:01 of the day before.
  { timeZone: 'America/St_Johns', nights: ['2006-04-02', '2006-10-29'] },
  { timeZone: 'Pacific/Apia', nights: ['2011-12-30'] },
  { timeZone: 'UTC', nights: ['2024-02-29', '2024-12-31'] },
] as const;

const someZone = fc.constantFrom(...zones);
const valuesOf = (min: number, max: number, most: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant('*'),
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: most }).map(String),
    fc.integer({ min: 2, max: max - 1 }).map((step) => `*/${step}`),
  );
const someCron = fc
  .tuple(
    valuesOf(0, 59, 3),
    fc.oneof(valuesOf(0, 23, 6), fc.constantFrom('0-3', '1,2', '23')),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, valuesOf(1, 31, 12)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, valuesOf(1, 12, 6)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, valuesOf(0, 6, 3)),
  )
  .map((fields) => fields.join(' '));

describe('the laws', () => {
  it('the next run is later, its wall time is selected or skipped, and no later question has an earlier answer', () => {
    fc.assert(
      fc.property(
        someCron,
        someZone,
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 0, max: 40 * day }),
        (cron, { timeZone }, after, more) => {
          const schedule = parseSchedule({ cron, timeZone });
          const next = nextRun(schedule, after);
          const later = nextRun(schedule, after + more);
          if (next === undefined || later === undefined) return;
          expect(next).toBeGreaterThan(after);
          expect(later).toBeGreaterThanOrEqual(next);
          expect(nextRun(schedule, next - 1)).toBe(next);
          const wall = wallTime(timeZone);
          const skipped = wall.at(next) - wall.at(next - 1) > minute;
          expect(skipped || cronMatches(parseCron(cron), wall.at(next))).toBe(true);
        },
      ),
    );
  });

  it('the runs around such a night are those that counting every minute gives', () => {
    fc.assert(
      fc.property(someCron, someZone, fc.nat(1), (cron, { timeZone, nights }, which) => {
        const from = Date.parse(nights[which % nights.length]!) - day;
        const schedule = parseSchedule({ cron, timeZone });
        const counted = countedRuns(cron, timeZone, from, from + 3 * day);
        const found: number[] = [];
        let at = nextRun(schedule, from);
        while (at !== undefined && at <= from + 3 * day) {
          found.push(at);
          at = nextRun(schedule, at);
        }
        expect(found).toEqual(counted);
      }),
      { numRuns: 60 },
    );
  });
});

/** The runs after `from` until `to`, by looking at each real minute and at each one the wall skips. */
function countedRuns(cron: string, timeZone: string, from: number, to: number): number[] {
  const wall = wallTime(timeZone);
  const fields = parseCron(cron);
  const followsRealTime = fields.hours.length === 24;
  const shown = new Set<number>();
  const runs: number[] = [];
  const start = from - 2 * day;
  let furthest = wall.at(start);
  for (let at = start; at <= to; at += minute) {
    const now = wall.at(at);
    let due = cronMatches(fields, now) && (followsRealTime || !shown.has(now));
    for (let missed = furthest + minute; missed < now && !followsRealTime; missed += minute) {
      due ||= cronMatches(fields, missed);
    }
    if (due && at > from) runs.push(at);
    shown.add(now);
    furthest = Math.max(furthest, now);
  }
  return runs;
}

function thrownOr(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
