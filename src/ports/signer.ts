/**
 * A key that can sign and never shows itself: in memory, in a file, in an HSM.
 * @module
 */
import type { Bytes } from '../base/bytes.ts';
import type { DidUrl } from '../base/ids.ts';

/** Signs for one verification method of a DID. */
export interface Signer {
  /** JWS algorithm (RFC 7518, RFC 8037). */
  readonly algorithm: 'EdDSA';
  /** The verification method others check against. */
  readonly keyId: DidUrl;
  /** Raw public key. */
  readonly publicKey: Bytes;
  /** Signature of `message`. */
  sign(message: Uint8Array): Promise<Bytes>;
}
