/**
 * did-jwt-vc, given no choice of its own.
 * @module
 */
import { toBase64url, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { splitDidUrl } from '../../base/ids.ts';
import { loadOnce } from '../../base/load-once.ts';
import { toMultikey } from '../../base/multiformat.ts';
import { refusedToken } from '../../base/token-refusals.ts';
import type { PublicKey } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Speaker } from './claims.ts';

/** The library, or `MODULE_MISSING`. */
export const loadDidJwtVc = loadOnce(async () => {
  try {
    return await import('did-jwt-vc');
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new MeshError('MODULE_MISSING', { feature: 'vc11', module: 'did-jwt-vc' }, { cause });
  }
});

/** A document with the one key that was chosen, so that the library has no choice. */
export function resolverOf({ did, keyId }: Speaker, key: PublicKey) {
  const publicKeyMultibase = toMultikey(key.type, key.publicKey);
  const method = { id: keyId, type: 'Multikey', controller: did, publicKeyMultibase };
  const didDocument = {
    id: did,
    verificationMethod: [method],
    assertionMethod: [keyId],
    authentication: [keyId],
  };
  const result = { didDocument, didDocumentMetadata: {}, didResolutionMetadata: {} };
  return { resolve: () => Promise.resolve(result) };
}

/** Made anew for each call: did-jwt writes the first issuer into its options, and would check the next token against it. */
export function libraryOptions(proofPurpose: 'assertionMethod' | 'authentication') {
  return { proofPurpose, skewTime: 0, removeOriginalFields: false };
}

/** What `work` gives; whatever the library is against becomes one refusal. */
export async function byLibrary<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // did-jwt says what is wrong in prose; what it says stays in the process.
    throw refusedToken('claims', 'did-jwt-vc refuses it', cause);
  }
}

/** What `work` writes; `INVALID_ARGUMENT` where the library finds that it is no credential. */
export async function written<T>(argument: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (MeshError.is(cause)) throw cause;
    const expected = 'a credential of VC 1.1';
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: 'other' }, { cause });
  }
}

/** Who signs, as the library calls it. */
export function issuerOf(signer: Signer) {
  return {
    did: splitDidUrl(signer.keyId).did,
    alg: signer.algorithm,
    signer: async (data: string | Uint8Array) =>
      toBase64url(await signer.sign(typeof data === 'string' ? utf8(data) : data)),
  };
}

/** Original members stay: taking `id` out of a subject would leave one that has nothing else empty. */
export function headerOf(signer: Signer) {
  return { header: { kid: signer.keyId, alg: signer.algorithm }, removeOriginalFields: false };
}
