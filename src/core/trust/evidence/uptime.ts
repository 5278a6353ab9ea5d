/**
 * How long a peer was there while this node was watching, day by day.
 * @module
 */
import { type Belief, dayOf } from './belief.ts';

/** Milliseconds of one day on which a peer was watched, and on which it was connected. */
export interface PresenceDay {
  readonly day: number;
  readonly watchedMs: number;
  readonly upMs: number;
}

/** Days that count. */
export const presenceWindowDays = 30;

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** `days` with the span from `from` to `to` added; days outside the window of `to` fall away. */
export function addPresence(
  days: readonly PresenceDay[],
  span: { readonly from: number; readonly to: number; readonly connected: boolean },
): readonly PresenceDay[] {
  const { to, connected } = span;
  const oldest = dayOf(to) - presenceWindowDays + 1;
  const byDay = new Map(days.filter(({ day }) => day >= oldest).map((entry) => [entry.day, entry]));
  let from = Math.max(span.from, oldest * dayMs);
  while (from < to) {
    const day = dayOf(from);
    const end = Math.min(to, (day + 1) * dayMs);
    const known = byDay.get(day) ?? { day, watchedMs: 0, upMs: 0 };
    const watchedMs = known.watchedMs + end - from;
    byDay.set(day, { day, watchedMs, upMs: known.upMs + (connected ? end - from : 0) });
    from = end;
  }
  return [...byDay.values()].sort((a, b) => a.day - b.day);
}

/** Presence in the window before `now` as evidence: one hour weighs as one. */
export function presenceBelief(days: readonly PresenceDay[], now: number): Belief {
  let [up, watched] = [0, 0];
  for (const { day, watchedMs, upMs } of days) {
    if (day <= dayOf(now) - presenceWindowDays) continue;
    up += upMs;
    watched += watchedMs;
  }
  return { good: up / hourMs, bad: (watched - up) / hourMs };
}
