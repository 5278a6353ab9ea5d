/**
 * The text of a credential with its proofs inside, read without belief.
 * @module
 */
import { maxTokenLength } from '../../../base/compact-jws.ts';
import { isPlainObject } from '../../../base/shape.ts';
import type { VcDocument } from '../../../schema/vc-data-model.ts';
import { type Claims, readClaims } from './claims.ts';
import { refusal } from './refusals.ts';

/** Whether `text` would be JSON, as no token is. */
export function isDocumentText(text: string): boolean {
  return text.startsWith('{');
}

/** The document in `text`; throws `CREDENTIAL_INVALID` for `form`. */
export function documentIn(text: string): VcDocument {
  if (text.length > maxTokenLength) throw refusal('form.size');
  try {
    const value: unknown = JSON.parse(text);
    if (isPlainObject(value)) return value;
  } catch (cause) {
    throw refusal('form.json', 'it is not JSON', cause);
  }
  throw refusal('form.json', 'it is not an object');
}

/** What `document` claims, its proofs left out; throws `CREDENTIAL_INVALID`. */
export function claimedIn({ proof: _, ...claimed }: VcDocument): Claims {
  return readClaims(claimed);
}
