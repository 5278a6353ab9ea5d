/**
 * What a participant hands in, made ready to travel.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { ModelUpdate, ModelUpdateHeader } from '../../schema/model-update.ts';
import { sign } from '../../schema/signed.ts';
import { deltaOf, largestOf, sizeLimit, weightLimit } from './fedavg.ts';
import type { RoundPlan, RoundSetting } from './round-plan.ts';
import { vectorHash } from './vector-hash.ts';

/** What a participant hands in. */
export interface Contribution {
  /** Its whole new weights; what leaves the node is their difference from the round's base, if there is one. */
  readonly weights: Float32Array;
  /** Training samples behind them, 1 to 10^9: the weight in the mean. */
  readonly samples: number;
}

/** `contribution` as a signed update; `UPDATE_INVALID` or `INVALID_ARGUMENT` for what no leader would take. */
export async function updateOf(
  contribution: Contribution,
  { id: round, terms, base }: RoundPlan,
  { did: participant, crypto, signer }: RoundSetting,
): Promise<ModelUpdate> {
  check(contribution, round, base);
  const vector = deltaOf(contribution.weights, base);
  largestOf(vector, round);
  const header = await sign<ModelUpdateHeader>(
    'model-update',
    {
      format: 1,
      round,
      participant,
      ...(terms.base !== undefined && { base: terms.base }),
      samples: contribution.samples,
      size: vector.length,
      vectorHash: vectorHash(vector, crypto),
    },
    signer,
  );
  return { header, vector };
}

function check({ weights, samples }: Contribution, round: string, base?: Float32Array): void {
  const size = (weights as unknown) instanceof Float32Array ? weights.length : 0;
  if (size < 1 || size > sizeLimit || (base !== undefined && base.length !== size)) {
    const expected = base === undefined ? `1 to ${String(sizeLimit)}` : String(base.length);
    const detail = `${String(size)} numbers instead of ${expected}`;
    throw new MeshError('UPDATE_INVALID', { round, detail });
  }
  if (!Number.isSafeInteger(samples) || samples < 1 || samples > weightLimit) {
    const expected = 'an integer from 1 to 10^9';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'samples', expected, got: samples });
  }
}
