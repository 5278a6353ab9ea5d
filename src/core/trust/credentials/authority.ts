/**
 * May that key speak for its DID, and what is it?
 * @module
 */
import { MeshError, type MeshErrorCode } from '../../../base/errors.ts';
import type { DidUrl } from '../../../base/ids.ts';
import type { Keys, KeyUse, ResolvedKey } from '../needs.ts';
import { type RefusalReason, refusal } from './refusals.ts';

const reasonsOf: Partial<Record<MeshErrorCode, RefusalReason>> = {
  DID_NOT_FOUND: 'key.not-found',
  DID_UNREACHABLE: 'key.unreachable',
  DID_DEACTIVATED: 'key.deactivated',
  KEY_REVOKED: 'key.revoked',
  KEY_INVALID: 'key.purpose',
};

/** The key `keyId` names; throws `CREDENTIAL_INVALID` for `key` where its DID does not let it be used so. */
export async function authorisedKey(
  keys: Pick<Keys, 'keyOf'>,
  keyId: DidUrl,
  use: KeyUse,
): Promise<ResolvedKey> {
  try {
    return await keys.keyOf(keyId, use);
  } catch (error) {
    throw keyRefusal(error);
  }
}

/** What is wrong with a key that could not be had; what is no error of a DID or key is thrown on. */
export function keyRefusal(error: unknown): MeshError {
  if (!MeshError.is(error)) throw error;
  const reason = error.retryable ? 'key.unreachable' : reasonsOf[error.code];
  return refusal(reason ?? 'key.document', error.message, error);
}
