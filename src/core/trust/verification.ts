/**
 * The whole verdict on a credential: what it proves by itself, whether it still stands, and whether it counts here.
 * @module
 */
import type { Did } from '../../base/ids.ts';
import type { Credential } from '../../schema/credential.ts';
import { countedTypes, type TrustAnchor } from './anchors.ts';
import type { Claims } from './claims.ts';
import type { Check, CredentialExaminer } from './credentials.ts';
import type { StatusLists } from './status-lists.ts';

/** The verdict on one credential. */
export interface Verification {
  /** Every check but `anchor` holds. */
  readonly valid: boolean;
  /** Why it is not valid. */
  readonly because?: string;
  readonly issuer?: Did;
  readonly subject?: Did;
  /** The credential; believe it only when `valid`. */
  readonly credential?: Credential;
  /** Types an anchor stands for. A valid credential without any is true and does not count. */
  readonly counted: readonly string[];
  /** The checks made, in order; the first that fails is the last. */
  readonly checks: readonly Check[];
  /** Epoch milliseconds from which the verdict must be made anew. */
  readonly until: number;
  /** Epoch milliseconds at which the credential itself ends; Infinity when it does not. */
  readonly ends: number;
}

/** Options of {@link verifyCredential}. */
export interface VerificationTools {
  readonly did: Did;
  readonly anchors: readonly TrustAnchor[];
  readonly examiner: CredentialExaminer;
  readonly lists: StatusLists;
  readonly now: () => number;
}

/** Keys may be rotated at any time, so no verdict is gone by for longer. */
const verdictLifeMs = 3_600_000;

/** Makes all checks of `token`. Without `reach`, nobody is asked for a newer status list. */
export async function verifyCredential(
  token: string,
  tools: VerificationTools,
  options: { readonly reach: 'always' | 'anchors' | 'never' },
): Promise<Verification> {
  const { ok, checks, claims } = await tools.examiner.examine(token);
  const about = claims === undefined ? {} : aboutOf(claims);
  if (!ok || claims === undefined) return verdict(checks, about);
  const { credential } = claims;
  const counted = countedTypes(credential, tools.anchors, tools.did);
  const reach = options.reach === 'always' || (options.reach === 'anchors' && counted.length > 0);
  const status = await tools.lists.check(credential, { reach });
  if (!status.ok) return verdict([...checks, status], about);
  const anchor: Check =
    counted.length > 0
      ? { check: 'anchor', ok: true }
      : { check: 'anchor', ok: false, detail: 'no anchor of this node stands for it' };
  const until = Math.min(
    claims.until,
    tools.now() + verdictLifeMs,
    staleAt(credential, tools.lists),
  );
  return verdict([...checks, status, anchor], about, counted, until);
}

function staleAt({ credentialStatus, issuer }: Credential, lists: StatusLists): number {
  if (credentialStatus === undefined) return Infinity;
  const list = lists.remembered(credentialStatus.statusListCredential, issuer);
  return list === undefined ? 0 : lists.staleAt(list);
}

function verdict(
  checks: readonly Check[],
  about: Partial<About>,
  counted: readonly string[] = [],
  until = 0,
): Verification {
  const failure = checks.find(({ check, ok }) => !ok && check !== 'anchor');
  const because =
    failure === undefined ? {} : { because: `${failure.check}: ${failure.detail ?? ''}` };
  return {
    valid: failure === undefined,
    ...because,
    ends: Infinity,
    ...about,
    counted,
    checks,
    until,
  };
}

type About = Pick<Verification, 'issuer' | 'subject' | 'credential' | 'ends'>;

function aboutOf({ credential, until: ends }: Claims): About {
  const { issuer, credentialSubject } = credential;
  const { id } = credentialSubject;
  return { issuer, credential, ends, ...(id === undefined ? {} : { subject: id as Did }) };
}
