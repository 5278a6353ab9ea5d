/**
 * One kit for each kind of adapter. A kit is a plain list of named cases, for any test runner or none.
 * @module
 */
export {
  type AnchorConformanceOptions,
  anchorConformance,
} from './anchor/anchor-conformance.ts';
export {
  type EmbedderConformanceOptions,
  embedderConformance,
} from './embedder/embedder-conformance.ts';
export type { ExtensionMethod, ExtensionUse } from './extension/extension-bench.ts';
export {
  type ExtensionConformanceOptions,
  extensionConformance,
} from './extension/extension-conformance.ts';
export { type SignerConformanceOptions, signerConformance } from './signer/signer-conformance.ts';
export { type StoreConformanceOptions, storeConformance } from './store/store-conformance.ts';
export {
  type TransportConformanceOptions,
  transportConformance,
} from './transport/transport-conformance.ts';
