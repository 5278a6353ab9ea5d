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
  /** Public key, as `PublicKey` of `CryptoProvider` has it. */
  readonly publicKey: Bytes;
  /**
   * The key behind it now, where it can be another one later: whoever reads several members over time takes them from this.
   * Absent: always this one.
   */
  readonly current?: Signer;
  /** Signature of `message`. */
  sign(message: Uint8Array): Promise<Bytes>;
}

/** A key that can sign and belongs to no DID yet; every {@link Signer} is one. */
export type KeySigner = Pick<Signer, 'algorithm' | 'publicKey' | 'sign'>;
