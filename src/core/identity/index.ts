/**
 * Who am I, and who are they: keys, DIDs, and the histories that prove them.
 * @module
 */
export { incept, type Inception, verifyDidLog } from './did-mesh.ts';
export {
  createIdentity,
  type CreateIdentityOptions,
  Identity,
  type IdentityGround,
  type IdentityKey,
  type IdentityLevel,
  openIdentity,
  type OpenIdentityOptions,
} from './identity.ts';
export { KeyRing, type KeyRingOptions } from './key-ring.ts';
