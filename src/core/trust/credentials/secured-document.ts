/**
 * A credential with its proofs inside, judged as far as one in a token is.
 * @module
 */
import { canonicalJson } from '../../../base/canonical.ts';
import { MeshError } from '../../../base/errors.ts';
import { frozen } from '../../../base/frozen.ts';
import { type Credential, credentialShape } from '../../../schema/credential.ts';
import { claimsOf } from './claims.ts';
import type { CredentialExaminerOptions, Examination, ExamineOptions } from './credentials.ts';
import { verifyDataIntegrity } from './data-integrity.ts';
import type { Statement } from './deny-list.ts';
import { checkOfRefusal, refusal } from './refusals.ts';

/**
 * Makes every check of `document` up to the data model. It must be of one subject and have an `id`, as this node books
 * credentials by both. Never throws for a bad one.
 */
export async function examineDocument(
  document: object,
  { keys, crypto, clock, skew, standing, isDenied }: CredentialExaminerOptions,
  { expiry = true, at }: ExamineOptions,
): Promise<Examination> {
  const verified = await verifyDataIntegrity(document, keys, crypto, {
    now: clock.now(),
    expiry,
    ...(skew === undefined ? {} : { skew }),
    ...(at === undefined ? {} : { at }),
    isShutOut: (signer) => standing?.isQuarantined(signer) === true,
  });
  const { ok, checks, document: signed, until = 0, ageMs } = verified;
  if (!ok || signed === undefined) return { ok, checks };
  try {
    const credential = frozen(credentialShape(signed, 'credential'));
    if (isDenied?.(statementOf(credential, signed)) === true) throw refusal('standing.denied');
    const { validFrom } = credential;
    const from = validFrom === undefined ? -Infinity : Date.parse(validFrom);
    return { ok, checks, claims: claimsOf(credential, { from, until }), documentAgeMs: ageMs };
  } catch (error) {
    const refused = MeshError.is(error, 'SCHEMA_INVALID')
      ? refusal('claims.model', error.message)
      : error;
    return { ok: false, checks: [...checks, checkOfRefusal(refused)] };
  }
}

/** What a credential with proofs inside is known by; `CREDENTIAL_INVALID` for what is none. */
export function documentStatement(document: object): Statement {
  try {
    const { proof: _, ...signed } = document as { readonly proof?: unknown };
    return statementOf(credentialShape(signed, 'credential'), signed);
  } catch (error) {
    if (!MeshError.is(error, 'SCHEMA_INVALID')) throw error;
    throw refusal('claims.model', error.message, error);
  }
}

function statementOf({ issuer, id }: Credential, signed: object): Statement {
  return { issuer, ids: [id], signed: canonicalJson(signed) };
}
