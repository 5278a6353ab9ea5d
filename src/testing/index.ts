/**
 * The workshop: what the house is tested with, for those who build on it. A whole mesh runs in one process, on virtual time,
 * from a seed, and is harmed on purpose; conformance kits prove an adapter or an extension without a test runner.
 * @module
 */
export { type ConformanceCase } from './assert.ts';
export {
  type Behaviour,
  byzantine,
  type Contradiction,
  contradictions,
  type Spoken,
} from './byzantine.ts';
export { type ChaosPlan, type ChaosReport, type ChaosRow, type ChaosStep, chaos } from './chaos.ts';
export {
  type AnchorConformanceOptions,
  anchorConformance,
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
export { type ForSeedsOptions, forSeeds } from './for-seeds.ts';
export { type Invariant, invariants } from './invariants.ts';
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
export { type PictureOptions, simulationPicture } from './picture/picture.ts';
export { seededRandom } from './seeded-random.ts';
export type { DiskOptions } from './simulation/disk.ts';
export type {
  CrashOptions,
  Cut,
  TestNetwork,
  TestNode,
  TrafficFilter,
} from './simulation/faults.ts';
export type { FrameFault, NetworkOptions } from './simulation/network.ts';
export { type RecordOrder, simulatedCrypto } from './simulation/simulated-crypto.ts';
export type { DrawnFault, StormKind } from './simulation/storm.ts';
export type { Topology } from './simulation/topology.ts';
export type { FoundEvent, TraceEvent, TraceJson, TraceView } from './simulation/trace.ts';
export {
  createTestMesh,
  type TestClientOptions,
  type TestMesh,
  type TestMeshOptions,
  type TestOrg,
} from './test-mesh.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
