/**
 * What the clock on the wall shows in a time zone, with the nights on which it is moved.
 * @module
 */
import { MeshError } from './errors.ts';

const day = 86_400_000;

/** The wall clock of one zone. A wall time is written as if it were UTC: epoch milliseconds of what the clock shows. */
export interface WallTime {
  /** What the wall shows at `instant`. */
  at(instant: number): number;
  /** When the wall first shows `wall`; if it never does, the first instant after the gap. */
  instantOf(wall: number): number;
}

/** The wall clock of an IANA time zone, e.g. `Europe/Berlin`; `INVALID_ARGUMENT` when the platform does not know it. */
export function wallTime(timeZone: string): WallTime {
  if (timeZone === 'UTC') return { at: (instant) => instant, instantOf: (wall) => wall };
  const format = formatOf(timeZone);
  const at = (instant: number): number => {
    const shown: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) shown[type] = Number(value);
    const { year = 0, month = 1, day: date = 1, hour = 0, minute = 0, second = 0 } = shown;
    return Date.UTC(year, month - 1, date, hour, minute, second) + (instant % 1_000);
  };
  return { at, instantOf: (wall) => firstInstant(at, wall) };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    const params = { argument: 'timeZone', expected: 'an IANA time zone', got: timeZone };
    throw new MeshError('INVALID_ARGUMENT', params, { cause });
  }
}

/** The zone's offset a day before and a day after leaves two candidates; the larger offset is the earlier instant. */
function firstInstant(at: WallTime['at'], wall: number): number {
  const offsets = [wall - day, wall + day].map((instant) => at(instant) - instant);
  for (const offset of offsets.sort((a, b) => b - a)) {
    if (at(wall - offset) === wall) return wall - offset;
  }
  return endOfGap(at, wall);
}

/** The first second at which the wall shows more than `wall`, which it has skipped. */
function endOfGap(at: WallTime['at'], wall: number): number {
  let [before, after] = [Math.floor((wall - day) / 1_000), Math.ceil((wall + day) / 1_000)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (at(middle * 1_000) > wall) after = middle;
    else before = middle;
  }
  return after * 1_000;
}
