/**
 * Who am I, and who are they: keys, DIDs, and the histories that prove them.
 * @module
 */

export { KeyRing, type LogChange } from './key-ring.ts';
export { LogRelay } from './log-relay.ts';
export { incept, verifyDidLog } from './methods/did-mesh.ts';
export { didWeb } from './methods/did-web.ts';
export type { CompromiseClaim } from './methods/next-entry.ts';
export {
  Identity,
  type IdentityKey,
  type IdentityLevel,
  type RotateOptions,
} from './own/identity.ts';
export type { IdentityChange, IdentityGround } from './own/identity-ledger.ts';
export {
  type CreateIdentityOptions,
  type CustodyOptions,
  createIdentity,
  type OpenIdentityOptions,
  openIdentity,
  type RecoverIdentityOptions,
  recoverIdentity,
} from './own/open-identity.ts';
export type { NextSigner } from './own/own-key.ts';
export { createRecoveryKey, type RecoveryKey } from './own/recovery-key.ts';
export { loadSealing } from './own/secret-box.ts';
export type { DidCacheOptions } from './resolution/did-cache.ts';
export type { DidRegistry } from './resolution/did-registry.ts';
export { type VerifyOptions, verifyData } from './verify-data.ts';
