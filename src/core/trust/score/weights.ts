/**
 * Points per factor, and how they change: never at once, so that nobody's score jumps because somebody thought again.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { number, object } from '../../../base/shape.ts';
import type { FactorName } from './factors.ts';

/** Points per factor; they add up to 100. */
export type TrustWeights = Readonly<Record<FactorName, number>>;

/** Sets of weights by name. */
export const trustWeights = {
  /** What a node begins with: proof of identity tells most. */
  standard: { credentials: 30, history: 25, attestations: 20, compliance: 15, uptime: 10 },
  /** More for what was done and what others say. */
  balanced: { credentials: 25, history: 30, attestations: 25, compliance: 15, uptime: 5 },
} as const satisfies Readonly<Record<string, TrustWeights>>;

/** Weights, or the name of a set of them. */
export type TrustWeightsChoice = TrustWeights | keyof typeof trustWeights;

/** A change of weights under way. */
export interface WeightPlan {
  readonly from: TrustWeights;
  readonly to: TrustWeights;
  /** Epoch milliseconds at which it began. */
  readonly since: number;
  readonly overMs: number;
}

const weightsShape = object({
  credentials: number({ min: 0, max: 100 }),
  history: number({ min: 0, max: 100 }),
  attestations: number({ min: 0, max: 100 }),
  compliance: number({ min: 0, max: 100 }),
  uptime: number({ min: 0, max: 100 }),
});

/** Parser of plans. */
export const weightPlanShape = object({
  from: weightsShape,
  to: weightsShape,
  since: number({ min: 0 }),
  overMs: number({ min: 0 }),
});

const factorNames = Object.keys(trustWeights.standard) as readonly FactorName[];

/** The weights chosen if they make sense; `INVALID_ARGUMENT` otherwise. */
export function checkedWeights(choice: TrustWeightsChoice): TrustWeights {
  const weights = typeof choice === 'string' ? named(choice) : choice;
  const points = factorNames.map((name) => weights[name]);
  const sum = points.reduce((total, value) => total + value, 0);
  if (points.some((value) => !(value >= 0)) || Math.abs(sum - 100) > 1e-9) {
    const expected = 'points that add up to 100';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'weights', expected, got: points });
  }
  return weights;
}

function named(name: string): TrustWeights {
  const set = Object.entries(trustWeights).find(([known]) => known === name);
  if (set !== undefined) return set[1];
  const expected = `weights or one of ${Object.keys(trustWeights).join(', ')}`;
  throw new MeshError('INVALID_ARGUMENT', { argument: 'weights', expected, got: name });
}

/** The weights of `plan` at `now`: a straight line from the old to the new. */
export function weightsAt({ from, to, since, overMs }: WeightPlan, now: number): TrustWeights {
  const done = overMs === 0 ? 1 : Math.min(1, Math.max(0, (now - since) / overMs));
  if (done === 1) return to;
  const at = (name: FactorName): number => from[name] + (to[name] - from[name]) * done;
  return {
    credentials: at('credentials'),
    history: at('history'),
    attestations: at('attestations'),
    compliance: at('compliance'),
    uptime: at('uptime'),
  };
}

/** The plan that leads from wherever `plan` is at `now` to `to`. */
export function changePlan(
  plan: WeightPlan,
  to: TrustWeights,
  now: number,
  overMs: number,
): WeightPlan {
  return { from: weightsAt(plan, now), to, since: now, overMs };
}

/** Whether two sets give the same points. */
export function sameWeights(a: TrustWeights, b: TrustWeights): boolean {
  return factorNames.every((name) => a[name] === b[name]);
}
