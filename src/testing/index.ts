/**
 * The workshop: what the house is tested with, for those who build on it. Conformance kits prove a store or a transport
 * without a test runner; seeded chance and virtual time make a run repeatable.
 * @module
 */
export { type ConformanceCase } from './assert.ts';
export {
  checkLinearizable,
  type HistoryValue,
  type KvOperation,
  kvModel,
  type LinearizabilityModel,
  type LinearizabilityOptions,
  type LinearizabilityVerdict,
  type Operation,
  type QueueOperation,
  queueModel,
  type RegisterOperation,
  registerModel,
} from './linearizability.ts';
export { seededRandom } from './seeded-random.ts';
export { type StoreConformanceOptions, storeConformance } from './store-conformance.ts';
export { type TransportConformanceOptions, transportConformance } from './transport-conformance.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
