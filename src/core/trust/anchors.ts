/**
 * Whose word counts for what.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Credential } from '../../schema/credential.ts';

/** An issuer this node believes, for credentials of the given types only. */
export interface TrustAnchor {
  readonly issuer: Did;
  readonly types: readonly string[];
}

/** The types of `credential` which count: those its issuer is an anchor for; what this node said itself counts always. */
export function countedTypes(
  credential: Credential,
  anchors: readonly TrustAnchor[],
  self: Did,
): readonly string[] {
  const { issuer } = credential;
  const own = credential.type.filter((type) => type !== 'VerifiableCredential');
  if (issuer === self) return own;
  const vouched = anchors
    .filter((anchor) => anchor.issuer === issuer)
    .flatMap(({ types }) => types);
  return own.filter((type) => vouched.includes(type));
}
