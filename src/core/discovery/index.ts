/**
 * Whom could I ask? Every node signs a record of each agent it offers; records travel from peer to peer until all have
 * them, and each node searches what it holds by itself, ranking by what it has verified, never by what is claimed.
 * @module
 */
export { Discovery, type DiscoveryOptions } from './discovery.ts';
export type { AgentDraft } from './draft.ts';
export type { TaskCandidate } from './finder.ts';
export { LexicalIndex, type LexicalIndexOptions } from './lexical-index.ts';
export type { AgentListing } from './listing.ts';
export type {
  Observation,
  Observations,
  TrustReading,
  ZoneOf,
} from './needs.ts';
export type { AnnounceOptions } from './own-agents.ts';
export type { Factors, SearchFilters } from './ranking.ts';
export { type Reason, reasonSentences } from './reasons.ts';
export type { RecordBounds } from './record-store.ts';
export type { SearchQuery } from './search-query.ts';
export { zoneOfRegion } from './zone.ts';
