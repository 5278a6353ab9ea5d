/**
 * Every way in which a credential or a presentation can fail, by name. The names are part of the interface: programs branch on
 * them, people read the sentences.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { refusedFor, tokenReasons } from '../../../base/token-refusals.ts';

/** What is checked. The first check that fails is the last that is made. */
export type CheckName =
  | 'form'
  | 'header'
  | 'issuer'
  | 'holder'
  | 'standing'
  | 'time'
  | 'binding'
  | 'key'
  | 'signature'
  | 'claims'
  | 'credentials'
  | 'status'
  | 'anchor';

/** Reasons by code; the part before the dot is the check that fails. */
export const reasons = {
  ...tokenReasons,
  'form.proof': 'its proofs cannot be read',
  'header.purpose': 'its proof is for another purpose',
  'header.challenge': 'its proof answers another challenge',
  'header.domain': 'its proof is for another domain',
  'issuer.missing': 'no DID says it',
  'issuer.mismatch': 'issuer, iss and kid are not one',
  'holder.missing': 'no DID shows it',
  'holder.mismatch': 'holder, iss and kid are not one',
  'standing.quarantined': 'who signed it is in quarantine here',
  'standing.denied': 'this node has struck it out',
  'time.form': 'a date or time that does not exist',
  'time.order': 'it ends before it begins',
  'time.early': 'it is not valid yet',
  'time.over': 'it has expired',
  'time.endless': 'it has no end, or one too far away',
  'binding.audience': 'it is meant for somebody else',
  'binding.nonce': 'it does not answer what was asked',
  'binding.domain': 'it is meant for another domain',
  'binding.replay': 'it was shown before',
  'binding.limit': 'too many presentations are remembered to take one more',
  'key.not-found': 'the DID that signed does not exist',
  'key.unreachable': 'nobody could be asked for the keys',
  'key.document': 'the DID document is not usable',
  'key.deactivated': 'the DID that signed has ended',
  'key.revoked': 'the key was replaced or revoked',
  'key.purpose': 'the DID makes no such statements with that key',
  'key.alg': 'the key is of another kind than the algorithm',
  'signature.wrong': 'it was not signed with that key',
  'claims.model': 'it does not follow the data model',
  'claims.registered': 'a registered claim says something else than the credential',
  'claims.vc': 'vc and vp have no place in it',
  'claims.subject': 'it is about somebody else',
  'claims.limit': 'there is no room for it',
  'credentials.none': 'it shows nothing',
  'credentials.limit': 'it shows more than is looked at',
  'credentials.form': 'something in it is no enveloped credential',
  'credentials.invalid': 'a credential in it is not valid',
  'credentials.holder': 'a credential in it is about somebody else',
  'status.revoked': 'its issuer has revoked it',
  'status.suspended': 'its issuer has suspended it',
  'status.set': 'its issuer has set a status that is not known here',
  'status.list': 'its status list is not usable',
  'status.stale': 'its status list is too old',
  'status.unreachable': 'its status list could not be had',
  'anchor.none': 'no anchor of this node stands for it',
  'anchor.scope': 'an anchor speaks of this, but not about this',
} as const;

/** Why a check fails. */
export type RefusalReason = keyof typeof reasons;

/** One check. */
export interface Check {
  readonly check: CheckName;
  readonly ok: boolean;
  /** Why it failed, for programs. */
  readonly reason?: RefusalReason;
  /** Why it failed, for people. */
  readonly detail?: string;
  /** Milliseconds since what the check went by was fetched or signed. */
  readonly ageMs?: number;
  /** The check may succeed later without a change of the credential. */
  readonly retryable?: boolean;
}

/** Reasons that may pass by themselves. */
const passing: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'binding.limit',
  'key.unreachable',
  'status.suspended',
  'status.stale',
  'status.unreachable',
]);

/** The error of what is refused for `reason`; without `detail` its usual sentence. */
export function refusal(reason: RefusalReason, detail: string = reasons[reason], cause?: unknown) {
  return refusedFor(reason, detail, cause);
}

/** The failed check of `reason`. */
export function failedCheck(reason: RefusalReason, detail: string = reasons[reason]): Check {
  const retryable = passing.has(reason);
  const check = checkOf(reason);
  return { check, ok: false, reason, detail, ...(retryable ? { retryable } : {}) };
}

/** The failed check of a {@link refusal}; anything else is thrown on. */
export function checkOfRefusal(error: unknown): Check {
  if (!MeshError.is(error, 'CREDENTIAL_INVALID')) throw error;
  const { reason, detail } = error.params as { reason: RefusalReason; detail: string };
  return failedCheck(reason, detail);
}

/** Checks that hold say nothing more, so one of each is enough. */
export function passed(check: CheckName): Check {
  return passedChecks[check];
}

function checkOf(reason: RefusalReason): CheckName {
  return reason.slice(0, reason.indexOf('.')) as CheckName;
}

const passedChecks = Object.fromEntries(
  Object.keys(reasons).map((reason) => {
    const check = checkOf(reason as RefusalReason);
    return [check, Object.freeze({ check, ok: true })];
  }),
) as Readonly<Record<CheckName, Check>>;
