/**
 * A key that lives as long as the process: for tests, and for secrets that a secret manager hands out.
 * @module
 */
import type { SignatureKeyType } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import { newSecret, secretKey } from './parts/secret-key.ts';
import { checkType, type SignerNaming, signerOf } from './parts/signer-of.ts';

/** Options of {@link memorySigner}. */
export interface MemorySignerOptions extends SignerNaming {
  /** Kind of key. Default Ed25519. */
  readonly type?: SignatureKeyType;
  /**
   * The secret: 32 bytes of RFC 8032 for Ed25519, else the big-endian scalar, as long as the curve's order. It is copied, so that
   * the caller can wipe it. Default: a new one.
   */
  readonly secret?: Uint8Array;
}

/**
 * A signer whose key is in memory. Where WebCrypto knows the kind of key, the secret is handed to it as not extractable and no
 * copy of it is kept. `KEY_INVALID` for a secret that is none of the kind.
 */
export async function memorySigner(options: MemorySignerOptions = {}): Promise<Signer> {
  const type = checkType(options.type ?? 'Ed25519', [
    'Ed25519',
    'P-256',
    'P-384',
    'P-521',
    'secp256k1',
  ]);
  // Read at the call, since its owner may wipe it right after.
  const given = options.secret?.slice();
  const secret = given ?? (await newSecret(type));
  try {
    return signerOf(await secretKey(type, secret), options);
  } finally {
    secret.fill(0);
  }
}
