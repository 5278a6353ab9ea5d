/**
 * What a presentation says: who shows it, to whom, and what is in it. Nothing here is proven.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { type Did, isDid } from '../../../base/ids.ts';
import { isPlainObject } from '../../../base/shape.ts';
import type { Showing } from '../../../ports/credential-form.ts';
import {
  type Envelope,
  envelopeOf,
  isEnvelope,
  presentationDocument,
} from '../../../schema/vc-data-model.ts';
import { checkRegistered } from './claims.ts';
import { delegationType } from './delegation.ts';
import { EnvelopedCredential } from './enveloped.ts';
import { refusal } from './refusals.ts';
import type { Verification } from './verification.ts';

/** Whom a presentation must be for, and what it must answer. */
export interface Binding {
  readonly audience: string;
  readonly nonce?: string;
  readonly domain?: string;
}

/** Credentials in a presentation that are looked at. */
export const credentialLimit = 32;

/** Who shows `payload`; `iss` must be the same. Throws `CREDENTIAL_INVALID` for `holder`. */
export function holderOf(payload: Readonly<Record<string, unknown>>): Did {
  const { holder } = payload;
  const did: unknown = isPlainObject(holder) ? holder['id'] : holder;
  if (!isDid(did)) throw refusal('holder.missing');
  if ('iss' in payload && payload['iss'] !== did) throw refusal('holder.mismatch');
  return did;
}

/** Whether `payload` is for this verifier and answers what it asked. Throws `CREDENTIAL_INVALID` for `binding`. */
export function checkBinding(
  payload: Readonly<Record<string, unknown>>,
  { audience, nonce, domain }: Binding,
): void {
  const meant: readonly unknown[] = [payload['aud']].flat();
  if (!meant.includes(audience)) throw refusal('binding.audience');
  if (nonce !== undefined && payload['nonce'] !== nonce) throw refusal('binding.nonce');
  if (domain !== undefined && payload['domain'] !== domain) throw refusal('binding.domain');
}

/**
 * What the envelopes of a presentation hold, once it follows the data model. Throws `CREDENTIAL_INVALID` for `claims` or
 * `credentials`.
 */
export function envelopesIn(payload: Readonly<Record<string, unknown>>): readonly Envelope[] {
  checkRegistered(payload);
  const inside: readonly unknown[] = [payload['verifiableCredential'] ?? []].flat();
  if (inside.length === 0) throw refusal('credentials.none');
  if (inside.length > credentialLimit) throw refusal('credentials.limit');
  const envelopes = inside.map((item) => enveloped(item));
  try {
    presentationDocument(payload, 'presentation');
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusal('claims.model', error.message, error);
  }
  return envelopes;
}

/** A credential as it is judged: a token, or with how it was `shown` where it is of another form. */
export function credentialInside(
  { mediaType, content }: Envelope,
  shown: Showing,
): string | EnvelopedCredential {
  if (mediaType === 'application/vc+jwt') return content;
  return new EnvelopedCredential(mediaType, content, shown);
}

function enveloped(item: unknown): Envelope {
  if (!isEnvelope(item, 'EnvelopedVerifiableCredential')) throw refusal('credentials.form');
  try {
    return envelopeOf(item, 'verifiableCredential');
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusal('credentials.form', error.message, error);
  }
}

/**
 * All must be valid and about the holder, but for delegations that stand for one of the others. Throws `CREDENTIAL_INVALID` for
 * `credentials`.
 */
export function checkCredentials(credentials: readonly Verification[], holder: Did): void {
  const issuers = new Set(credentials.map(({ issuer }) => issuer));
  for (const { valid, because, reason, subject, credential } of credentials) {
    if (reason === 'credentials.form') throw refusal(reason, because);
    if (!valid) throw refusal('credentials.invalid', `in it: ${because ?? ''}`);
    const supports = credential?.type.includes(delegationType) === true && issuers.has(subject);
    if (subject !== holder && !supports) throw refusal('credentials.holder');
  }
}
