/**
 * The whole verdict on a credential: what it proves by itself, whether it still stands, and whether it counts here.
 * @module
 */
import type { Did } from '../../../base/ids.ts';
import type { Credential } from '../../../schema/credential.ts';
import type { SaidStatus } from '../status/status-list.ts';
import type { StatusLists } from '../status/status-lists.ts';
import { permits, type Right, speaksOf } from './anchors.ts';
import { type DelegationLink, handedRights, type ShownDelegation } from './chains.ts';
import type { Claims } from './claims.ts';
import type { CredentialExaminer, Examination } from './credentials.ts';
import { delegationIn, delegationType } from './delegation.ts';
import { EnvelopedCredential } from './enveloped.ts';
import { type Check, failedCheck, passed, type RefusalReason } from './refusals.ts';

/** The verdict on one credential. */
export interface Verification {
  /** Every check but `anchor` holds. */
  readonly valid: boolean;
  /** Why it is not valid, for people. */
  readonly because?: string;
  /** Why it is not valid, for programs. */
  readonly reason?: RefusalReason;
  readonly issuer?: Did;
  readonly subject?: Did;
  /** The credential; believe it only when `valid`. */
  readonly credential?: Credential;
  /** Types an anchor stands for. A valid credential without any is true and does not count. */
  readonly counted: readonly string[];
  /** Delegations by which it counts, from the anchor on; none when its issuer is an anchor itself. */
  readonly via: readonly DelegationLink[];
  /** The checks made, in order; the first that fails is the last. */
  readonly checks: readonly Check[];
  /** Milliseconds since the keys of its issuer were known to be so. */
  readonly documentAgeMs?: number | undefined;
  /** Milliseconds since its status list was known to be the newest. */
  readonly statusAgeMs?: number | undefined;
  /** What status lists say that does not speak against it: messages, and that a newer one is to be had (`refresh`). */
  readonly said?: readonly SaidStatus[];
  /** Epoch milliseconds from which the verdict must be made anew. */
  readonly until: number;
  /** Epoch milliseconds at which the credential itself ends; Infinity when it does not. */
  readonly ends: number;
}

/** Options of {@link verifyCredential}. */
export interface VerificationTools {
  /** Rights at first hand. */
  readonly rights: (issuer: Did) => readonly Right[];
  readonly examiner: CredentialExaminer;
  readonly lists: StatusLists;
  readonly now: () => number;
  /** Delegations to somebody that are known here. */
  readonly delegations: (to: Did) => readonly ShownDelegation[];
}

/** How one verdict is made. */
export interface VerifyOptions {
  /** For whose credentials a newer status list is asked for. */
  readonly reach: 'always' | 'anchors' | 'never';
  /** Epoch milliseconds at which the credential was here, by this node's own word: the keys of that time count then. */
  readonly at?: number;
}

/** Keys may be rotated at any time, so no verdict is gone by for longer. */
const verdictLifeMs = 3_600_000;

/** Makes all checks of `input`: a token, or a document with its proofs inside. */
export async function verifyCredential(
  input: string | object,
  tools: VerificationTools,
  options: VerifyOptions,
): Promise<Verification> {
  const { examiner } = tools;
  const examined =
    typeof input === 'string'
      ? examiner.examine(input, options)
      : input instanceof EnvelopedCredential
        ? examiner.examineEnveloped(input)
        : examiner.examineDocument(input, options);
  const examination = examined instanceof Promise ? await examined : examined;
  const { ok, claims } = examination;
  if (!ok || claims === undefined) return refused(examination);
  const { credential } = claims;
  const direct = directly(claims, tools);
  const delegations = direct.complete ? [] : tools.delegations(credential.issuer);
  const standing =
    delegations.length === 0 ? direct : await handedOn(claims, direct.counted, tools, options);
  const { counted } = standing;
  const reach = options.reach === 'always' || (options.reach === 'anchors' && counted.length > 0);
  const asked = tools.lists.check(credential, { reach });
  const status = 'check' in asked ? asked : await asked;
  if (!status.check.ok) return refused(examination, status.check);
  const anchor = counted.length > 0 ? passed('anchor') : failedCheck(standing.reason);
  const { id: subject } = credential.credentialSubject;
  const { said } = status;
  // Member by member: with spreads this object alone would cost as much as all else in a second verdict.
  const verdict: { -readonly [K in keyof Verification]: Verification[K] } = {
    valid: true,
    issuer: credential.issuer,
    credential,
    ends: claims.until,
    documentAgeMs: examination.documentAgeMs,
    statusAgeMs: status.check.ageMs,
    counted,
    via: standing.via,
    checks: [...examination.checks, status.check, anchor],
    until: Math.min(claims.until, tools.now() + verdictLifeMs, status.until, standing.until),
  };
  if (subject !== undefined) verdict.subject = subject as Did;
  if (said !== undefined) verdict.said = said;
  return verdict;
}

interface CountedTypes {
  readonly counted: readonly string[];
  readonly via: readonly DelegationLink[];
  readonly until: number;
  /** Why nothing counts, when nothing does. */
  readonly reason: RefusalReason;
}

/** The types that count because the issuer has the right itself. */
function directly(
  { credential, types }: Claims,
  tools: VerificationTools,
): CountedTypes & { readonly complete: boolean } {
  const own = tools.rights(credential.issuer);
  const counted =
    own.length === 0
      ? []
      : types.filter((type) => own.some((right) => allows(right, type, credential)));
  const spoken = own.some((right) => types.some((type) => speaksOf(right, type)));
  return {
    counted,
    via: [],
    until: Infinity,
    reason: spoken ? 'anchor.scope' : 'anchor.none',
    complete: counted.length === types.length,
  };
}

/** The types that count by a right that was handed on, beside those that count without. */
async function handedOn(
  { credential, types }: Claims,
  direct: readonly string[],
  tools: VerificationTools,
  options: VerifyOptions,
): Promise<CountedTypes> {
  const handed = await handedRights(credential.issuer, {
    rights: tools.rights,
    shown: tools.delegations,
    prove: (shown) => prove(shown, tools, options),
  });
  const counted = [...direct];
  const via: DelegationLink[] = [];
  let until = Infinity;
  for (const type of types) {
    if (counted.includes(type)) continue;
    const holding = handed.find(({ right }) => allows(right, type, credential));
    if (holding === undefined) continue;
    counted.push(type);
    via.push(...holding.via.filter((link) => !via.includes(link)));
    until = Math.min(until, holding.until);
  }
  const reason = handed.length > 0 ? 'anchor.scope' : 'anchor.none';
  return { counted, via, until, reason };
}

/** A delegation counts where the right may be handed on, whatever the types; anything else where the right permits it. */
function allows(right: Right, type: string, credential: Credential): boolean {
  if (type === delegationType) return right.depth > 0 && delegationIn(credential) !== undefined;
  return permits(right, type, credential);
}

/** The whole path again for each link of a chain, so that it ends with whichever link ends first. */
async function prove(
  { token, credential }: ShownDelegation,
  { examiner, lists }: VerificationTools,
  options: VerifyOptions,
): Promise<number | undefined> {
  const { ok, claims } = await examiner.examine(token);
  if (!ok || claims === undefined) return undefined;
  const { check, until } = await lists.check(credential, { reach: options.reach !== 'never' });
  return check.ok ? Math.min(claims.until, until) : undefined;
}

/** The verdict on what fails: on `last`, or within `examination`. */
function refused({ checks, claims, documentAgeMs }: Examination, last?: Check): Verification {
  const all = last === undefined ? checks : [...checks, last];
  const { check, reason, detail = '', ageMs } = all.at(-1)!;
  return {
    valid: false,
    because: `${check}: ${detail}`,
    ...(reason === undefined ? {} : { reason }),
    ends: Infinity,
    ...(claims === undefined ? {} : aboutOf(claims)),
    documentAgeMs,
    statusAgeMs: check === 'status' ? ageMs : undefined,
    counted: [],
    via: [],
    checks: all,
    until: 0,
  };
}

function aboutOf({ credential, until: ends }: Claims) {
  return { issuer: credential.issuer, credential, ends, ...subjectOf(credential) };
}

function subjectOf({ credentialSubject: { id } }: Credential): { readonly subject?: Did } {
  return id === undefined ? {} : { subject: id as Did };
}
