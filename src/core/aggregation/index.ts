/**
 * Learning together: each participant trains on data of its own and hands in what it has learned; an elected leader
 * combines the contributions of a round into one model that all participants end up with. No server, and nobody's
 * data moves.
 * @module
 */
export {
  Aggregator,
  type AggregatorOptions,
  type LatestResult,
  type RoundOptions,
} from './aggregator.ts';
export type { Contribution } from './contribution.ts';
export type { Strategy } from './messages.ts';
export type * from './needs.ts';
export type { AggregationRound, RoundResult } from './round-result.ts';
