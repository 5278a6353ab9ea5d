/**
 * Who am I, and who are they: keys, DIDs, and the histories that prove them.
 * @module
 */
export { incept, verifyDidLog } from './did-mesh.ts';
export {
  type CreateIdentityOptions,
  createIdentity,
  Identity,
  type IdentityGround,
  type IdentityKey,
  type IdentityLevel,
  type OpenIdentityOptions,
  openIdentity,
} from './identity.ts';
export { KeyRing, type KeyUse, type LogChange, type ResolvedKey } from './key-ring.ts';
