/**
 * A status list as its issuer signed it: read, and asked about one credential (Bitstring Status List 1.0).
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { integer, number, object, oneOf, optional, text, unknown } from '../../../base/shape.ts';
import type { Compression } from '../../../ports/compression.ts';
import { type Credential, credentialContext } from '../../../schema/credential.ts';
import type { CredentialStatus } from '../../../schema/credential-status.ts';
import { toInstant } from '../../../schema/words.ts';
import type { Claims } from '../credentials/claims.ts';
import { type RefusalReason, reasons, refusal } from '../credentials/refusals.ts';
import { decodeBits, encodeBits, encodedSince2021, minEntries, valueAt } from './bitstring.ts';

/** A list that was read. */
export interface StatusList {
  /** What credentials call it in `statusListCredential`. */
  readonly id: string;
  readonly issuer: Did;
  readonly purposes: readonly string[];
  /** The entries that may refer to it. */
  readonly entries: CredentialStatus['type'];
  /** Bits of one status, where the list says so. */
  readonly size?: number;
  /** Milliseconds after which a newer list should be asked for. */
  readonly ttlMs?: number;
  /** Epoch milliseconds since which it is the truth; the newest list wins. */
  readonly from: number;
  readonly until: number;
  readonly bits: Bytes;
  /** As it was signed: a token, or the JSON of a document with its proofs inside. */
  readonly token: string;
}

/** What an issuer of this SDK says of its credentials: one list for both, with a place for each. */
export type OwnPurpose = (typeof ownPurposes)[number];
const ownPurposes = ['revocation', 'suspension'] as const;

/** How long a list of this SDK is valid. It is signed again at half of that. */
export const listLifeMs = 3_600_000;

/** Name of list `n` of an issuer: a DID URL which its mesh node answers for. */
export function listId(issuer: Did, n: number): string {
  return `${issuer}?list=${String(n)}`;
}

/** Issuer and number of a {@link listId}; undefined for other names. */
export function parseListId(
  id: string,
): { readonly issuer: string; readonly n: number } | undefined {
  const match = /^(did:[^?#]+)\?list=(\d{1,9})$/.exec(id);
  return match === null ? undefined : { issuer: match[1]!, n: Number(match[2]) };
}

/** The credential to sign for a list. */
export async function listCredential(
  list: {
    readonly issuer: Did;
    readonly n: number;
    readonly from: number;
    readonly bits: Bytes;
  },
  compression: Compression,
): Promise<Credential> {
  const id = listId(list.issuer, list.n);
  return {
    '@context': [credentialContext],
    id,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: list.issuer,
    validFrom: toInstant(list.from),
    validUntil: toInstant(list.from + listLifeMs),
    credentialSubject: {
      id: `${id}#list`,
      type: 'BitstringStatusList',
      statusPurpose: ownPurposes,
      encodedList: await encodeBits(list.bits, compression),
    },
  };
}

/** Reads the list in `claims`; throws `CREDENTIAL_INVALID` naming `status`. The signature is checked elsewhere. */
export async function readStatusList(
  token: string,
  claims: Claims,
  compression: Compression,
): Promise<StatusList> {
  const { credential, from, until } = claims;
  const form = forms.find(({ type }) => credential.type.includes(type));
  if (form === undefined) throw refusal('status.list', 'not a status list');
  if (from === -Infinity) throw refusal('status.list', 'the list does not say since when it holds');
  try {
    const subject = form.shape(credential.credentialSubject, 'credentialSubject');
    const { statusSize: size, ttl: ttlMs } = subject;
    const bits = await decodeBits(form.encoded(subject.encodedList), compression);
    const { id, issuer } = credential;
    return {
      ...{ id, issuer, purposes: purposesOf(subject.statusPurpose), from, until, bits, token },
      entries: form.entries,
      ...(size === undefined ? {} : { size }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
    };
  } catch (error) {
    if (!MeshError.is(error, 'SCHEMA_INVALID')) throw error;
    throw refusal('status.list', error.message, error);
  }
}

/** What a list says of a credential. */
export interface SaidStatus {
  readonly purpose: string;
  /** 0 where nothing was said. */
  readonly value: number;
  /** What the issuer says that value means. */
  readonly message?: string;
}

/** Why a list is against a credential. */
export interface StatusProblem {
  readonly reason: RefusalReason;
  readonly detail: string;
}

/** What `list` says of the credential with `status`, and why it does not stand, if it does not (section 3.2). */
export function statusIn(
  list: StatusList,
  status: CredentialStatus,
): { readonly said: SaidStatus; readonly problem?: StatusProblem } {
  const { statusPurpose: purpose, statusSize: size = 1, statusMessage = [] } = status;
  const value = valueAt(list.bits, Number(status.statusListIndex), size) ?? 0;
  const message = statusMessage.find((one) => Number(one.status) === value)?.message;
  const said = message === undefined ? { purpose, value } : { purpose, value, message };
  const problem = mismatch(list, status) ?? objection(purpose, value);
  return problem === undefined ? { said } : { said, problem };
}

/** Why a credential with the statuses `entries` does not stand by `list`; undefined when it does. */
export function listedProblem(
  list: StatusList,
  entries: readonly CredentialStatus[],
): StatusProblem | undefined {
  return gravest(entries.flatMap((entry) => statusIn(list, entry).problem ?? []));
}

/** What is final comes before a suspension, which may end. */
export function gravest(problems: readonly StatusProblem[]): StatusProblem | undefined {
  return problems.find(({ reason }) => reason !== 'status.suspended') ?? problems[0];
}

/** Why `list` cannot be asked about `status`. */
function mismatch(
  { bits, purposes, entries, size: listed }: StatusList,
  { type, statusPurpose, statusListIndex, statusSize: size = 1 }: CredentialStatus,
): StatusProblem | undefined {
  const unusable = (detail: string) => ({ reason: 'status.list', detail }) as const;
  if (type !== entries) return unusable('the list is of another form');
  if (!purposes.includes(statusPurpose)) return unusable('the list is for another purpose');
  if (listed !== undefined && listed !== size) return unusable('the list is of another size');
  if ((bits.length * 8) / size < minEntries) return unusable('the list is too short');
  if (valueAt(bits, Number(statusListIndex), size) === undefined) {
    return unusable('its index is outside the list');
  }
  return undefined;
}

/** Section 2.1: what a purpose means. One of the issuer's own is taken at its worst. */
function objection(purpose: string, value: number): StatusProblem | undefined {
  if (value === 0 || purpose === 'refresh' || purpose === 'message') return undefined;
  if (purpose === 'revocation') return objectionOf('status.revoked');
  if (purpose === 'suspension') return objectionOf('status.suspended');
  return { reason: 'status.set', detail: `its issuer has set '${purpose}'` };
}

function objectionOf(reason: RefusalReason): StatusProblem {
  return { reason, detail: reasons[reason] };
}

const subjectMembers = {
  statusPurpose: unknown,
  encodedList: text({ max: 65_536 }),
  statusSize: optional(integer({ min: 1, max: 8 })),
  ttl: optional(number({ min: 0 })),
};

function typed(name: string) {
  return object({ ...subjectMembers, type: oneOf(name) });
}

const forms = [
  {
    type: 'BitstringStatusListCredential',
    entries: 'BitstringStatusListEntry',
    shape: typed('BitstringStatusList'),
    encoded: (text: string) => text,
  },
  {
    type: 'StatusList2021Credential',
    entries: 'StatusList2021Entry',
    shape: typed('StatusList2021'),
    encoded: encodedSince2021,
  },
] as const;

function purposesOf(purpose: unknown): readonly string[] {
  const purposes: readonly unknown[] = Array.isArray(purpose) ? purpose : [purpose];
  return purposes.filter((item) => typeof item === 'string');
}
