/**
 * Whose statements about a peer are gone by, beside credentials.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import { type TrustAnchor, withinSubjects } from '../credentials/anchors.ts';

/** Whether one of `anchors` says that `issuer` may say `type` of `about`. */
export function isAnchorFor(
  anchors: readonly TrustAnchor[],
  issuer: Did,
  type: string,
  about: Did,
): boolean {
  return anchors.some(
    (anchor) =>
      anchor.issuer === issuer &&
      anchor.types.includes(type) &&
      withinSubjects(anchor.scope?.subjects, about),
  );
}
