/**
 * Identities on the platform in use.
 * @module
 */
import { platform } from '#platform';
import { asDid, type Did } from '../base/ids.ts';
import type {
  CreateIdentityOptions,
  IdentityGround,
  OpenIdentityOptions,
  Identity as OrganisationIdentity,
  RecoverIdentityOptions,
  RecoveryKey,
  VerifyOptions,
} from '../core/identity/index.ts';
import type { Store } from '../ports/store.ts';
import type { DidLog } from '../schema/did-log.ts';
import { loadIdentities } from './load-identities.ts';

/** An organisation's DID with the keys behind it. */
export type Identity = OrganisationIdentity;

/** Histories of identities opened in this process, for {@link Identity.verify}; the oldest are forgotten. Nothing in them is secret. */
const opened = new Map<Did, DidLog>();
const openedLimit = 256;

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
    remembered(await (await loadIdentities()).createIdentity(await ground(), options)),

  /**
   * The identity kept in `store`, or with `create` a new one. With `passphrase` its secret keys are sealed there; with `signer`
   * they are held elsewhere. Throws `NOT_FOUND`, `IDENTITY_MISMATCH` when the store belongs to another name,
   * `IDENTITY_LOCKED` without the right passphrase.
   */
  open: async (store: Store, options: OpenIdentityOptions = {}): Promise<Identity> =>
    remembered(await (await loadIdentities()).openIdentity(await ground(), store, options)),

  /**
   * A key to take an identity back with, when its others are lost or stolen: `key` goes into `Identity.open(..., { recovery })`,
   * `secret` into a safe.
   */
  recoveryKey: async (options: { readonly passphrase?: string } = {}): Promise<RecoveryKey> =>
    (await loadIdentities()).createRecoveryKey(await ground(), options),

  /** Takes an identity back with a recovery key, into `store`. Throws `NOT_FOUND`, `KEY_INVALID`, `DID_CONFLICT`. */
  recover: async (store: Store, options: RecoverIdentityOptions): Promise<Identity> =>
    remembered(await (await loadIdentities()).recoverIdentity(await ground(), store, options)),

  /**
   * Whether `signature` of `data` is by a key of `did`. With `at`, a time you know the data was there, it must be the key of
   * that time; without it, any key it ever had and has not taken back as compromised. A did:mesh needs its history: `log`, or
   * that of an identity opened in this process; otherwise `DID_UNREACHABLE`.
   */
  verify: async (
    did: string,
    data: string | Uint8Array,
    signature: Uint8Array,
    options: VerifyOptions = {},
  ): Promise<boolean> => {
    const { log = opened.get(asDid(did)) } = options;
    const { verifyData } = await loadIdentities();
    return verifyData(await ground(), asDid(did), data, signature, { ...options, log });
  },
} as const;

function remembered(identity: OrganisationIdentity): OrganisationIdentity {
  const remember = (): void => {
    opened.delete(identity.did);
    opened.set(identity.did, identity.log);
    if (opened.size > openedLimit) opened.delete(opened.keys().next().value!);
  };
  remember();
  identity.onChange(remember);
  return identity;
}

async function ground(): Promise<IdentityGround> {
  const { clock, random } = platform;
  return { clock, random, crypto: await platform.signatures() };
}
