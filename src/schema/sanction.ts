/**
 * What a policy's annotation `@violation("...")` asks for.
 * @module
 */
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError } from '../base/errors.ts';

/** What follows from a violation. */
export interface Sanction {
  /** `evidence`: nothing but a signed note. */
  readonly kind: 'quarantine' | 'slash' | 'evidence';
  /** How long the verdict stands. Absent: as long as verdicts of its kind do. */
  readonly periodMs?: number;
}

const pattern = /^(?<kind>quarantine|slash|evidence)?(?: (?:for )?(?<period>\S+))?$/;

/**
 * Reads the annotation: `quarantine` (also when empty), `slash` or `evidence`, and for how long, e.g. `quarantine for 2h`.
 * `INVALID_ARGUMENT` for anything else.
 */
export function parseSanction(annotation: string, argument = '@violation'): Sanction {
  const { kind = 'quarantine', period } = pattern.exec(annotation)?.groups ?? { kind: '' };
  if (kind !== 'quarantine' && kind !== 'slash' && kind !== 'evidence') {
    const expected = "'quarantine', 'slash' or 'evidence', and for how long";
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: annotation });
  }
  if (period === undefined) return { kind };
  return { kind, periodMs: toMs(period as Duration, argument) };
}
