/**
 * When something that happens again and again happens next. Pure: it is told the time and starts no timer.
 * @module
 */
import { type Cron, cronMatches, nextWall, parseCron } from './cron.ts';
import { type Duration, toMs } from './duration.ts';
import { MeshError } from './errors.ts';
import { type WallTime, wallTime } from './wall-time.ts';

/** A trigger as people write it. */
export type ScheduleSpec =
  /** At every whole multiple of the duration since 1970 (UTC), so that a restart shifts nothing. At least 1 ms. */
  | { readonly every: Duration }
  /** Five cron fields, by the wall clock of an IANA time zone. Default: UTC. */
  | { readonly cron: string; readonly timeZone?: string };

/** A trigger that was read. */
export type Schedule =
  | { readonly everyMs: number }
  | { readonly cron: Cron; readonly wall: WallTime; readonly timeZone: string };

const minute = 60_000;
const day = 86_400_000;
/** 31 December 9999. */
const lastInstant = 253_402_300_799_999;

/** Reads a trigger; `INVALID_ARGUMENT` names the field at fault: `every`, `cron`, `cron: hour`, `timeZone`, ... */
export function parseSchedule(spec: ScheduleSpec): Schedule {
  const { every, cron, timeZone = 'UTC' } = spec as Record<string, unknown>;
  if (every !== undefined && cron === undefined) return { everyMs: interval(every as Duration) };
  if (every !== undefined || typeof cron !== 'string') {
    const expected = "one of 'every' or 'cron'";
    const got = every === undefined ? 'neither' : 'both';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'schedule', expected, got });
  }
  const zone = String(timeZone);
  return { cron: parseCron(cron), wall: wallTime(zone), timeZone: zone };
}

/**
 * The first run after `after`, both in epoch milliseconds; undefined when there is none within eight years, as on
 * 30 February. Throws `INVALID_ARGUMENT` unless `after` lies in the years 1970 to 9999.
 *
 * On the nights when clocks are moved: where the hour field selects every hour, runs follow real time, so `* * * * *` is
 * every minute there is, and none twice. Where hours are named, a time that the wall skips runs once, at the first
 * instant after the gap, together with whatever else was skipped; a time that the wall shows twice runs the first time.
 */
export function nextRun(schedule: Schedule, after: number): number | undefined {
  if (!(after >= 0 && after <= lastInstant)) {
    const expected = 'epoch milliseconds of the years 1970 to 9999';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'after', expected, got: after });
  }
  const from = Math.floor(after);
  if ('everyMs' in schedule) {
    return (Math.floor(from / schedule.everyMs) + 1) * schedule.everyMs;
  }
  const { cron, wall } = schedule;
  return cron.hours.length === 24 ? nextReal(cron, wall, from) : nextNamed(cron, wall, from);
}

/** The next run of named hours: each wall time is one instant, and later wall times are never earlier instants. */
function nextNamed(cron: Cron, wall: WallTime, after: number): number | undefined {
  let shown = nextWall(cron, wall.at(after));
  while (shown !== undefined) {
    const instant = wall.instantOf(shown);
    if (instant > after) return instant;
    // `after` lies in the second pass of an hour, whose runs were in the first: at most that hour's minutes to go.
    shown = nextWall(cron, shown);
  }
  return undefined;
}

/** The next real minute that matches. It leaps only where the clock is not moved within a day. */
function nextReal(cron: Cron, wall: WallTime, after: number): number | undefined {
  let instant = (Math.floor(after / minute) + 1) * minute;
  for (;;) {
    const shown = wall.at(instant);
    if (cronMatches(cron, shown)) return instant;
    const steady = wall.at(instant + day) - shown === day;
    if (!steady) {
      instant += minute;
      continue;
    }
    const next = nextWall(cron, shown);
    if (next === undefined) return undefined;
    const wait = next - shown;
    if (wait <= day) return instant + wait;
    instant += Math.max(day, wait - 2 * day);
  }
}

function interval(every: Duration): number {
  const ms = toMs(every, 'every');
  if (Number.isSafeInteger(ms) && ms >= 1) return ms;
  const expected = 'a whole number of milliseconds, at least 1';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'every', expected, got: every });
}
