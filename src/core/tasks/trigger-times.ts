/**
 * Which times of a schedule have come, and which of them were missed. Pure.
 * @module
 */
import { nextRun, type Schedule } from '../../base/schedule.ts';

/** How late a run may begin and still count as on time. */
export const toleranceMs = 30_000;

/** Times of a schedule that are counted at once; what was asleep for longer has missed at least so many. */
const countLimit = 10_000;

/** What has come since a schedule was last looked at. */
export interface Due {
  /** Up to where the schedule has been dealt with; the next look begins here. */
  readonly reached: number;
  /** The time to run for now; undefined when there is none, or when it is long past. */
  readonly now: number | undefined;
  /** Times that have passed without a run. At most 10,000. */
  readonly missed: number;
  /** The first of them. */
  readonly since: number | undefined;
}

/** What of `schedule` came after `since` until `now` (epoch milliseconds). */
export function dueSince(schedule: Schedule, since: number, now: number): Due {
  const first = nextRun(schedule, since);
  let last = since;
  let count = 0;
  let next = first;
  while (next !== undefined && next <= now && count < countLimit) {
    last = next;
    count += 1;
    next = nextRun(schedule, last);
  }
  // Beyond the bound nothing is counted any more: the rest is passed over.
  const counted = next === undefined || next > now;
  const onTime = counted && count > 0 && now - last <= toleranceMs;
  const missed = onTime ? count - 1 : count;
  return {
    reached: counted ? last : now,
    now: onTime ? last : undefined,
    missed,
    since: missed > 0 ? first : undefined,
  };
}

/** From where to go on when the clock may have been set back: a time far ahead would silence the trigger until then. */
export function heal(since: number, now: number): number {
  return since > now + toleranceMs ? now : since;
}
