/**
 * One kit for each kind of adapter. A kit is a plain list of named cases, for any test runner or none.
 * @module
 */
export { type StoreConformanceOptions, storeConformance } from './store/store-conformance.ts';
export {
  type TransportConformanceOptions,
  transportConformance,
} from './transport/transport-conformance.ts';
