/**
 * A credential of another form inside a presentation, judged as far as one in a token is.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { frozen } from '../../../base/frozen.ts';
import type { OpenedCredential, Showing } from '../../../ports/credential-form.ts';
import { keyRefusal } from './authority.ts';
import { type Claims, issuerOf, readClaims, timeProblem } from './claims.ts';
import type { CredentialExaminerOptions, Examination } from './credentials.ts';
import {
  type CheckName,
  checkOfRefusal,
  passed,
  type RefusalReason,
  reasons,
  refusal,
} from './refusals.ts';

/** A credential as it stands in an envelope, and how it was shown. */
export class EnvelopedCredential {
  readonly mediaType: string;
  readonly content: string;
  readonly showing: Showing;

  constructor(mediaType: string, content: string, showing: Showing) {
    this.mediaType = mediaType;
    this.content = content;
    this.showing = showing;
  }
}

const checked: readonly CheckName[] = ['form', 'key', 'signature', 'binding', 'issuer'];

/** Makes every check up to the data model. Never throws for a bad credential. */
export async function examineEnveloped(
  enveloped: EnvelopedCredential,
  options: CredentialExaminerOptions,
): Promise<Examination> {
  try {
    const opened = await open(enveloped, options);
    const claims = judged(opened, options);
    const checks = [...checked, 'standing', 'time', 'claims'] as const;
    return { ok: true, checks: checks.map(passed), claims, documentAgeMs: opened.ageMs };
  } catch (error) {
    return { ok: false, checks: [checkOfRefusal(error)] };
  }
}

async function open(
  { mediaType, content, showing }: EnvelopedCredential,
  { credentialForms = [], keys, crypto, clock }: CredentialExaminerOptions,
): Promise<OpenedCredential> {
  const form = credentialForms.find(({ mediaTypes }) => mediaTypes.includes(mediaType));
  if (form === undefined) {
    throw refusal('credentials.form', `${mediaType}: none of credentialForms opens it`);
  }
  try {
    return await form.open(content, showing, { keys, crypto, clock });
  } catch (error) {
    throw named(error);
  }
}

function judged(
  { claims: payload, signer, signed }: OpenedCredential,
  { clock, skew, standing, isDenied }: CredentialExaminerOptions,
): Claims {
  const issuer = issuerOf(payload);
  if (issuer !== signer) throw refusal('issuer.mismatch', 'kid is a key of somebody else');
  if (standing?.isQuarantined(issuer) === true) throw refusal('standing.quarantined');
  if (isDenied?.({ issuer, ids: [payload['id'], payload['jti']], signed }) === true) {
    throw refusal('standing.denied');
  }
  const claims = readClaims(frozen(payload));
  const problem = timeProblem(claims, clock.now(), skew);
  if (problem !== undefined) throw refusal(problem);
  return claims;
}

/** The reason of a check for which a form gives none. */
const usual: Readonly<Record<string, RefusalReason>> = {
  form: 'form.parts',
  header: 'header.typ',
  issuer: 'issuer.mismatch',
  time: 'time.over',
  binding: 'binding.nonce',
  key: 'key.document',
  signature: 'signature.wrong',
  claims: 'claims.model',
  status: 'status.unreachable',
};

function named(error: unknown): unknown {
  if (!MeshError.is(error, 'CREDENTIAL_INVALID')) return error;
  const { check, reason, detail } = error.params as Readonly<Record<string, string>>;
  if (reason !== undefined && reason in reasons) return error;
  if (check === 'key' && MeshError.is(error.cause)) return keyRefusal(error.cause);
  return refusal(usual[check ?? ''] ?? 'credentials.form', detail, error);
}
