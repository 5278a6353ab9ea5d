/**
 * A key that can sign and never shows itself: in memory, in a file, in an HSM.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';
import type { DidUrl } from '../base/ids.ts';

/** JWS algorithms that sign (RFC 7518, RFC 8037, RFC 8812). */
export type SignatureAlgorithm = 'EdDSA' | 'ES256' | 'ES384' | 'ES512' | 'ES256K';

/** Signs for one verification method of a DID. */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** The verification method others check against. */
  readonly keyId: DidUrl;
  /** Public key, as {@link PublicKey} has it. */
  readonly publicKey: Bytes;
  /** Signature of `message`. */
  sign(message: Uint8Array): Promise<Bytes>;
}
