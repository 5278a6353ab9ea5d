/**
 * The cryptosuite `eddsa-jcs-2022`: what a proof covers, and making one (W3C Data Integrity EdDSA Cryptosuites 1.0, section
 * 3.3; sets and chains as in Verifiable Credential Data Integrity 1.0, sections 4.3 and 4.5).
 * @module
 */
import { type Bytes, concat, utf8 } from '../../../base/bytes.ts';
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { toMultibase } from '../../../base/multiformat.ts';
import type { CryptoProvider } from '../../../ports/crypto.ts';
import type { Signer } from '../../../ports/signer.ts';
import { jcsCryptosuite, type ProofPurpose } from '../../../schema/data-integrity-proof.ts';
import type { VcDocument } from '../../../schema/vc-data-model.ts';

/** What a new proof says of itself. */
export interface ProofOptions {
  /** Default `assertionMethod`. */
  readonly purpose?: ProofPurpose;
  /** When it is made, as a date and time with offset. */
  readonly created?: string;
  /** When it ends. */
  readonly expires?: string;
  /** What the verifier asked to be repeated, so that the proof is of use once. */
  readonly challenge?: string;
  /** Whom it is meant for. */
  readonly domain?: string | readonly string[];
  /** Names this proof, so that later ones can be made over it. */
  readonly id?: string;
  /** Proofs of the document that this one covers too: a proof chain. */
  readonly previousProof?: string | readonly string[];
}

/** Who signs, and with what. */
export interface ProofTools {
  readonly signer: Pick<Signer, 'algorithm' | 'keyId' | 'sign'>;
  readonly crypto: Pick<CryptoProvider, 'hash'>;
}

/** `document` with a further proof by `signer`; `INVALID_ARGUMENT` for other keys than Ed25519 and for unknown earlier proofs. */
export async function addProof<T extends object>(
  document: T,
  options: ProofOptions,
  { signer, crypto }: ProofTools,
): Promise<T & { readonly proof: unknown }> {
  if (signer.algorithm !== 'EdDSA') {
    const expected = 'an Ed25519 key';
    throw new MeshError('INVALID_ARGUMENT', {
      argument: 'signer',
      expected,
      got: signer.algorithm,
    });
  }
  const { proof: earlier, ...unsecured } = document as VcDocument;
  const { purpose = 'assertionMethod', ...rest } = options;
  const context: unknown = unsecured['@context'];
  const config = {
    type: 'DataIntegrityProof',
    cryptosuite: jcsCryptosuite,
    ...rest,
    verificationMethod: signer.keyId,
    proofPurpose: purpose,
    ...(context === undefined ? {} : { '@context': context }),
  };
  const proofs = earlier === undefined ? [] : [earlier].flat();
  const message = provenBytes(unsecured, config, proofs as VcDocument[], crypto);
  if (message === undefined) {
    const expected = 'ids of proofs that are there';
    const got = options.previousProof;
    throw new MeshError('INVALID_ARGUMENT', { argument: 'previousProof', expected, got });
  }
  const proof = { ...config, proofValue: toMultibase(await signer.sign(message)) };
  return {
    ...(unsecured as T),
    proof: proofs.length === 0 ? proof : [...proofs, proof],
  };
}

/**
 * The bytes a signature of `proof` covers: the digest of its own terms, then that of the document, which holds the `proofs`
 * this one was made over. Undefined when one of those is missing, ambiguous or the proof itself.
 */
export function provenBytes(
  unsecured: VcDocument,
  proof: VcDocument,
  proofs: readonly VcDocument[],
  crypto: Pick<CryptoProvider, 'hash'>,
): Bytes | undefined {
  const covered = coveredProofs(proof, proofs);
  if (covered === undefined) return undefined;
  const { proofValue: _, ...config } = proof;
  const context: unknown = config['@context'];
  const document = {
    ...unsecured,
    ...(context === undefined ? {} : { '@context': context }),
    ...(covered.length === 0 ? {} : { proof: covered }),
  };
  const digest = (value: VcDocument) => crypto.hash('sha256', utf8(canonicalJson(value)));
  return concat(digest(config), digest(document));
}

function coveredProofs(
  proof: VcDocument,
  proofs: readonly VcDocument[],
): readonly VcDocument[] | undefined {
  const names = [proof['previousProof'] ?? []].flat();
  const covered = names.map((name) => proofs.filter(({ id }) => id === name));
  const clear = covered.every((found) => found.length === 1 && found[0] !== proof);
  return clear ? covered.flat() : undefined;
}
