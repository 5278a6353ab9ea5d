/**
 * Telling everybody: a signed message goes from neighbour to neighbour until every connected node has it, each counts it
 * once, and nobody can alter it, replay it, or drown the others with it. One gossip serves all rooms and extensions.
 * @module
 */
export { Gossip, type GossipOptions } from './gossip.ts';
export type { BroadcastMessage } from './subscribers.ts';
