/**
 * The workshop: what the house is tested with, for those who build on it. Conformance kits prove an adapter or an extension
 * without a test runner; seeded chance and virtual time make a run repeatable.
 * @module
 */
export { type ConformanceCase } from './assert.ts';
export {
  type EmbedderConformanceOptions,
  type ExtensionConformanceOptions,
  type ExtensionMethod,
  type ExtensionUse,
  embedderConformance,
  extensionConformance,
  type SignerConformanceOptions,
  type StoreConformanceOptions,
  signerConformance,
  storeConformance,
  type TransportConformanceOptions,
  transportConformance,
} from './conformance/index.ts';
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
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
