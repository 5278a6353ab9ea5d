/**
 * Spans of time as people write them.
 * @module
 */
import { MeshError } from './errors.ts';

/** Milliseconds, or a number with a unit: `250`, `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'90d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `duration` in milliseconds. Negative, infinite or malformed values throw `INVALID_ARGUMENT` naming `argument`. */
export function toMs(duration: Duration, argument = 'duration'): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration));
  const ms = match
    ? Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
    : typeof duration === 'number'
      ? duration
      : Number.NaN;
  if (!Number.isFinite(ms) || ms < 0) {
    const expected = "milliseconds or a text like '30s'";
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: duration });
  }
  return ms;
}
