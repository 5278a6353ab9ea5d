/**
 * Telling everybody: a signed message goes from neighbour to neighbour until every connected node has it, each counts it
 * once, and nobody can alter it, replay it, or drown the others with it. One gossip serves all rooms and extensions.
 * @module
 */
export { type BroadcastOptions, Gossip, type GossipOptions } from './gossip.ts';
export type { GossipCounts, GossipLimits } from './intake.ts';
export type { Keys, Street, Welcomes } from './needs.ts';
export type { ShelfStore } from './seen-shelf.ts';
export type { BroadcastListener, BroadcastMessage, Subscription } from './subscribers.ts';
export type { Allowance } from './token-bucket.ts';
