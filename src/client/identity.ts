/**
 * Identities on the platform in use.
 * @module
 */
import { platform } from '#platform';
import {
  type CreateIdentityOptions,
  createIdentity,
  type IdentityGround,
  type OpenIdentityOptions,
  type Identity as OrganisationIdentity,
  openIdentity,
} from '../core/identity/index.ts';
import type { Store } from '../ports/store.ts';

/** An organisation's DID with the keys behind it. */
export type Identity = OrganisationIdentity;

/**
 * Makes and opens identities.
 *
 * @example
 * ```ts
 * const identity = await Identity.create({ did: 'did:mesh:enterprise:acme' });
 * console.log(identity.did); // did:mesh:enterprise:acme:zQm...
 * ```
 */
export const Identity = {
  /** A new identity that lives in memory. */
  create: async (options: CreateIdentityOptions = {}): Promise<Identity> =>
    createIdentity(await ground(), options),

  /**
   * The identity kept in `store`, or with `create` a new one. Throws `NOT_FOUND`, or `IDENTITY_MISMATCH` when the store
   * belongs to another name.
   */
  open: async (store: Store, options: OpenIdentityOptions = {}): Promise<Identity> =>
    openIdentity(await ground(), store, options),
} as const;

async function ground(): Promise<IdentityGround> {
  const { clock, random } = platform;
  return { clock, random, crypto: await platform.crypto() };
}
