/**
 * The one way to the keys of others, for those who check signatures.
 * @module
 */
import type { DidUrl } from '../base/ids.ts';
import type { PublicKey } from './crypto.ts';

/** What a key is wanted for. */
export interface KeyPurpose {
  readonly purpose: 'assertionMethod' | 'authentication';
}

/** A key that may be used so today. */
export interface FoundKey {
  readonly key: PublicKey;
  /** Milliseconds since this was known to be so. */
  readonly ageMs: number;
}

/** Finds the keys that DIDs have. */
export interface KeySource {
  /**
   * The key `keyId` names, if its DID lets it be used so today; throws `DID_NOT_FOUND`, `DID_UNREACHABLE`, `DID_INVALID`,
   * `DID_DEACTIVATED`, `KEY_REVOKED` or `KEY_INVALID` where it does not.
   */
  keyOf(keyId: DidUrl, use: KeyPurpose): Promise<FoundKey>;
}
