/**
 * The five fields of a cron expression and the wall times they select (POSIX.1-2017, crontab; names as in Vixie cron).
 * @module
 */
import { MeshError } from './errors.ts';

/** The values each field selects, ascending. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** Sunday is 0. */
  readonly weekdays: readonly number[];
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names?: readonly string[];
}

const fields = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  {
    name: 'day of week',
    min: 0,
    max: 7,
    names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
  },
] as const satisfies readonly Field[];

const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;
const longest = 256;
/** A 29 February is at most 2,921 days after the one before (2096 to 2104); what has not come by then never does. */
const searchDays = 3_000;

/**
 * Reads `minute hour day-of-month month day-of-week`: lists, ranges, steps over `*` or a range, names of months and
 * weekdays in any case, 7 for Sunday. Throws `INVALID_ARGUMENT` naming the field.
 */
export function parseCron(expression: string): Cron {
  const parts = expression.length > longest ? [] : expression.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    const expected = `five fields in at most ${String(longest)} characters`;
    throw new MeshError('INVALID_ARGUMENT', { argument: 'cron', expected, got: expression });
  }
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) =>
    valuesOf(field, parts[i]!),
  ) as [number[], number[], number[], number[], number[]];
  const sundayFirst = new Set(weekdays.map((weekday) => weekday % 7));
  return { minutes, hours, days, months, weekdays: [...sundayFirst].sort((a, b) => a - b) };
}

/** Whether `cron` selects the minute in which `wall` lies. */
export function cronMatches(cron: Cron, wall: number): boolean {
  const time = new Date(wall);
  return (
    matchesDay(cron, time) &&
    cron.hours.includes(time.getUTCHours()) &&
    cron.minutes.includes(time.getUTCMinutes())
  );
}

/** The first minute after the one of `wall` that `cron` selects; undefined when there is none. */
export function nextWall(cron: Cron, wall: number): number | undefined {
  const start = (Math.floor(wall / minute) + 1) * minute;
  const today = Math.floor(start / day) * day;
  for (let date = today; date <= today + searchDays * day; date += day) {
    if (!matchesDay(cron, new Date(date))) continue;
    const time = firstTime(cron, date === today ? start - today : 0);
    if (time !== undefined) return date + time;
  }
  return undefined;
}

function firstTime({ hours, minutes }: Cron, from: number): number | undefined {
  for (const h of hours) {
    if ((h + 1) * hour <= from) continue;
    const m = minutes.find((each) => h * hour + each * minute >= from);
    if (m !== undefined) return h * hour + m * minute;
  }
  return undefined;
}

/** POSIX: if day of month and day of week are both restricted, either suffices. */
function matchesDay({ days, months, weekdays }: Cron, time: Date): boolean {
  if (!months.includes(time.getUTCMonth() + 1)) return false;
  const ofMonth = days.includes(time.getUTCDate());
  const ofWeek = weekdays.includes(time.getUTCDay());
  const bothRestricted = days.length < 31 && weekdays.length < 7;
  return bothRestricted ? ofMonth || ofWeek : ofMonth && ofWeek;
}

function valuesOf(field: Field, text: string): number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const { from, to, step } = rangeOf(field, item) ?? refuse(field, text);
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/** One item of a list: `*`, `a` or `a-b`, the first and the last also with `/step`; undefined for anything else. */
function rangeOf(
  field: Field,
  item: string,
): { from: number; to: number; step: number } | undefined {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
  if (match === null) return undefined;
  const [, star, first = '', last, stepText] = match;
  if (stepText !== undefined && star === undefined && last === undefined) return undefined;
  const from = star === undefined ? valueOf(field, first) : field.min;
  let to = star === undefined ? valueOf(field, last ?? first) : field.max;
  if (from === undefined || to === undefined) return undefined;
  // `fri-sun` ends on the Sunday that is called 7.
  if (field.max === 7 && to === 0 && from > 0) to = 7;
  const step = Number(stepText ?? 1);
  return from <= to && step >= 1 && step <= field.max ? { from, to, step } : undefined;
}

function valueOf({ names = [], min, max }: Field, text: string): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return min + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function refuse({ name, min, max, names }: Field, got: string): never {
  const orNames = names === undefined ? '' : ', or names,';
  const expected = `numbers from ${String(min)} to ${String(max)}${orNames} as lists, ranges or steps`;
  throw new MeshError('INVALID_ARGUMENT', { argument: `cron: ${name}`, expected, got });
}
