/**
 * The one way to the keys of others, for those who check signatures.
 * @module
 */
import type { DidUrl } from '../base/ids.ts';
import type { PublicKey } from './crypto.ts';

/** Finds the keys that DIDs have. */
export interface KeySource {
  /**
   * The key `keyId` names, if its DID lets it be used for `purpose` today; throws `DID_NOT_FOUND`, `DID_UNREACHABLE`,
   * `DID_INVALID`, `DID_DEACTIVATED`, `KEY_REVOKED` or `KEY_INVALID` where it does not. `ageMs` is how long ago that was known.
   */
  keyOf(
    keyId: DidUrl,
    use: { readonly purpose: 'assertionMethod' | 'authentication' },
  ): Promise<{ readonly key: PublicKey; readonly ageMs: number }>;
}
