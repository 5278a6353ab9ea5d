/**
 * A status list as its issuer signed it: read, and asked about one credential (Bitstring Status List 1.0).
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { object, text, unknown } from '../../base/shape.ts';
import {
  type Credential,
  type CredentialStatus,
  credentialContext,
} from '../../schema/credential.ts';
import { toInstant } from '../../schema/words.ts';
import { decodeBits, encodeBits, isSet } from './bitstring.ts';
import type { Claims } from './claims.ts';
import { type Reason, reasons, refusal } from './refusals.ts';

/** A list that was read. */
export interface StatusList {
  /** What credentials call it in `statusListCredential`. */
  readonly id: string;
  readonly issuer: Did;
  readonly purposes: readonly string[];
  /** Epoch milliseconds since which it is the truth; the newest list wins. */
  readonly from: number;
  readonly until: number;
  readonly bits: Bytes;
  /** As it was signed. */
  readonly token: string;
}

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
export async function listCredential(list: {
  readonly issuer: Did;
  readonly n: number;
  readonly from: number;
  readonly bits: Bytes;
}): Promise<Credential> {
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
      statusPurpose: 'revocation',
      encodedList: await encodeBits(list.bits),
    },
  };
}

/** Reads the list in `claims`; throws `CREDENTIAL_INVALID` naming `status`. The signature is checked elsewhere. */
export async function readStatusList(token: string, claims: Claims): Promise<StatusList> {
  const { credential, from, until } = claims;
  if (!credential.type.includes('BitstringStatusListCredential')) {
    throw refusal('status.list', 'not a status list');
  }
  if (from === -Infinity) throw refusal('status.list', 'the list does not say since when it holds');
  try {
    const subject = listSubject(credential.credentialSubject, 'credentialSubject');
    const bits = await decodeBits(subject.encodedList);
    const { id, issuer } = credential;
    return { id, issuer, purposes: purposesOf(subject.statusPurpose), from, until, bits, token };
  } catch (error) {
    if (!MeshError.is(error, 'SCHEMA_INVALID')) throw error;
    throw refusal('status.list', error.message, error);
  }
}

/** What `list` says of the credential with `status`: nothing, or why it does not stand. */
export function listedProblem(
  list: StatusList,
  status: CredentialStatus,
): { readonly reason: Reason; readonly detail: string } | undefined {
  const index = Number(status.statusListIndex);
  if (!list.purposes.includes(status.statusPurpose)) {
    return { reason: 'status.list', detail: 'the list is for another purpose' };
  }
  if (index >= list.bits.length * 8) {
    return { reason: 'status.list', detail: 'its index is outside the list' };
  }
  if (!isSet(list.bits, index)) return undefined;
  const reason = status.statusPurpose === 'revocation' ? 'status.revoked' : 'status.suspended';
  return { reason, detail: reasons[reason] };
}

const listSubject = object({
  type: text({ pattern: /^BitstringStatusList$/, what: 'BitstringStatusList' }),
  statusPurpose: unknown,
  encodedList: text({ max: 65_536 }),
});

function purposesOf(purpose: unknown): readonly string[] {
  const purposes: readonly unknown[] = Array.isArray(purpose) ? purpose : [purpose];
  return purposes.filter((item) => typeof item === 'string');
}
