/**
 * What a module of PKCS #11 reports, as an error of ours.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';

/** An error with a code; the module's own has a name such as CKR_DEVICE_ERROR, and nothing secret. */
export function signerFailed(signer: string, cause: unknown): MeshError {
  if (MeshError.is(cause)) return cause;
  const detail = (cause as Error).message;
  return new MeshError('SIGNER_FAILED', { signer, detail }, { cause });
}
