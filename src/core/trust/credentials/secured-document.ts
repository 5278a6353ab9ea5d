/**
 * A credential with its proofs inside, judged as far as one in a token is.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { credentialShape } from '../../../schema/credential.ts';
import { claimsOf } from './claims.ts';
import type { CredentialExaminerOptions, Examination, ExamineOptions } from './credentials.ts';
import { verifyDataIntegrity } from './data-integrity.ts';
import { frozen } from './frozen.ts';
import { checkOfRefusal, refusal } from './refusals.ts';

/**
 * Makes every check of `document` up to the data model. It must be of one subject and have an `id`, as this node books
 * credentials by both. Never throws for a bad one.
 */
export async function examineDocument(
  document: object,
  { keys, crypto, clock, skew, standing }: CredentialExaminerOptions,
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
    const { validFrom } = credential;
    const from = validFrom === undefined ? -Infinity : Date.parse(validFrom);
    return { ok, checks, claims: claimsOf(credential, { from, until }), documentAgeMs: ageMs };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return {
      ok: false,
      checks: [...checks, checkOfRefusal(refusal('claims.model', error.message))],
    };
  }
}
