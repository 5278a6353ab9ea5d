/**
 * A document with its signature inside. The signature covers the kind and the canonical JSON of everything but the
 * proof, unknown members too, so that a newer peer's fields survive and cannot be altered.
 * @module
 */
import { type Bytes, fromBase64url, toBase64url, utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import { MeshError } from '../base/errors.ts';
import { type DidUrl, isDidUrl, splitDidUrl } from '../base/ids.ts';
import { object, refused, type Shape, text } from '../base/shape.ts';

/** Who signed, and the signature. */
export interface Proof {
  /** Verification method, e.g. `did:mesh:...#z6Mk...`. */
  readonly keyId: DidUrl;
  /** base64url Ed25519 signature. */
  readonly signature: string;
}

/** A document that carries its proof. */
export type Signed<T> = T & { readonly proof: Proof };

/** Kinds of signed documents; the kind is part of what is signed, so one cannot pass for another. */
export type SignedKind =
  | 'did-log'
  | 'noise-key'
  | 'agent-record'
  | 'receipt'
  | 'acceptance'
  | 'trust-evidence'
  | 'trust-verdict'
  | 'trust-release'
  | 'trust-appeal'
  | 'attestation'
  | 'policy-bundle'
  | 'model-update'
  | 'round'
  | 'audit-head'
  | 'audit-export'
  | 'audit-witness'
  | 'broadcast';

const proofTexts = object({ keyId: text({ max: 600 }), signature: text({ max: 90 }) });

/** Parser of a proof. */
export const proofShape: Shape<Proof> = (value, at) => {
  const { keyId, signature } = proofTexts(value, at);
  if (!isDidUrl(keyId)) throw refused(`${at}.keyId`, 'a DID URL with a fragment', keyId);
  if (fromBase64url(signature, `${at}.signature`).length !== 64) {
    throw refused(`${at}.signature`, '64 bytes', signature);
  }
  return { keyId, signature };
};

/** The bytes a signature of `document` covers. */
export function signingInput(kind: SignedKind, document: object): Bytes {
  const { proof: _, ...body } = document as { proof?: unknown };
  return utf8(`mesh/${kind}/v1\n${canonicalJson(body)}`);
}

/** Signs `body`. */
export async function sign<T extends object>(
  kind: SignedKind,
  body: T,
  signer: { readonly keyId: DidUrl; sign(message: Uint8Array): Promise<Uint8Array> },
): Promise<Signed<T>> {
  // Read before anything is awaited: a signer whose key is replaced meanwhile has another id afterwards.
  const { keyId } = signer;
  const signature = toBase64url(await signer.sign(signingInput(kind, body)));
  return { ...body, proof: { keyId, signature } };
}

/**
 * Checks a signature by the verification method it names. `at`, epoch milliseconds, is when the signed thing was here, by this
 * node's own clock; the key of that time then counts. Without it only a key of today does.
 */
export type ProofVerifier = (
  keyId: DidUrl,
  message: Uint8Array,
  signature: Uint8Array,
  at?: number,
) => Promise<boolean>;

/**
 * Throws `SIGNATURE_INVALID` unless `document` was signed by a key of `signer`: one of today, or one of the time `at` for what
 * is stored here since then. A time that only the signer claims is no reason to pass `at`.
 */
export async function verifySigned(
  kind: SignedKind,
  document: Signed<object>,
  signer: string,
  verify: ProofVerifier,
  at?: number,
): Promise<void> {
  const { keyId, signature } = document.proof;
  const mine = splitDidUrl(keyId).did === signer;
  const bytes = fromBase64url(signature, 'proof.signature');
  if (!mine || !(await verify(keyId, signingInput(kind, document), bytes, at))) {
    throw new MeshError('SIGNATURE_INVALID', { what: `the ${kind} of ${signer}`, keyId });
  }
}
