/**
 * Who am I, and who are they: keys, DIDs, and the histories that prove them.
 * @module
 */
export type { DidCacheOptions } from './did-cache.ts';
export { incept, verifyDidLog } from './did-mesh.ts';
export type { DidRegistry } from './did-registry.ts';
export { didWeb } from './did-web.ts';
export {
  Identity,
  type IdentityKey,
  type IdentityLevel,
  type RotateOptions,
} from './identity.ts';
export type { IdentityChange, IdentityGround } from './identity-ledger.ts';
export { KeyRing, type LogChange } from './key-ring.ts';
export { LogRelay } from './log-relay.ts';
export type { CompromiseClaim } from './next-entry.ts';
export {
  type CreateIdentityOptions,
  type CustodyOptions,
  createIdentity,
  type OpenIdentityOptions,
  openIdentity,
  type RecoverIdentityOptions,
  recoverIdentity,
} from './open-identity.ts';
export type { NextSigner } from './own-key.ts';
export { createRecoveryKey, type RecoveryKey } from './recovery-key.ts';
export { loadSealing } from './secret-box.ts';
export { type VerifyOptions, verifyData } from './verify-data.ts';
