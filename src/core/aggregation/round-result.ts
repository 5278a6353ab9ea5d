/**
 * What a participant sees of a round.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Contribution } from './contribution.ts';
import type { Outcome } from './messages.ts';
import { droppedFrom } from './outcome.ts';

/** What a round has come to. */
export interface RoundResult {
  /** The same bytes at every participant; a copy, yours to change. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** How many contributions went in. */
  readonly participants: number;
  /** Participants whose contribution did not come in time. */
  readonly dropped: readonly Did[];
  /** What the round took from a privacy budget: nothing, since no privacy mechanism ran. Not a guarantee. */
  readonly privacySpent: { readonly epsilon: number; readonly delta: number };
}

/** A round of learning together. */
export interface AggregationRound {
  /** The same at every participant. */
  readonly id: string;
  readonly number: number;
  /** Who collects the contributions; undefined until enough participants are known. Changes when a leader is lost. */
  readonly leader: Did | undefined;
  /**
   * Resolves when a leader has taken the contribution, so it waits until enough participants are known. Throws
   * `UPDATE_INVALID`, `INVALID_ARGUMENT`, `ROUND_CLOSED` or what the leader's policy says. Contributing the same
   * again changes nothing.
   */
  contribute(
    contribution: Contribution,
    options?: { readonly signal?: AbortSignal },
  ): Promise<void>;
  /**
   * Resolves with the result. Throws `ROUND_FAILED`, whose `missing` names participants who did not contribute and
   * `otherTerms` those who opened it differently, or `CLOSED`.
   */
  result(options?: { readonly signal?: AbortSignal }): Promise<RoundResult>;
}

/** An outcome as a participant gets it. */
export function resultOf({ header, weights }: Outcome): RoundResult {
  return {
    weights: Float32Array.from(weights),
    participants: header.contributions.length,
    dropped: droppedFrom(header),
    privacySpent: { epsilon: 0, delta: 0 },
  };
}
