/**
 * Where to look whether a credential still stands (W3C Bitstring Status List 1.0, section 2.1; its 2021 draft is read too).
 * @module
 */
import {
  integer,
  list,
  object,
  oneOf,
  optional,
  refused,
  type Shape,
  text,
} from '../base/shape.ts';
import { isUrl } from './words.ts';

/** What one value of a status means. */
export interface StatusMessage {
  /** The value in hexadecimal: `0x0`, `0x1`, ... */
  readonly status: string;
  readonly message: string;
}

/** One entry of `credentialStatus`. */
export interface CredentialStatus {
  readonly id?: string;
  readonly type: 'BitstringStatusListEntry' | 'StatusList2021Entry';
  /** `revocation`, `suspension`, `refresh`, `message`, or a purpose of the issuer's own. */
  readonly statusPurpose: string;
  readonly statusListIndex: string;
  /** Names the list's credential: an https URL, or `did:...?list=<n>` for a list kept by the issuer's own mesh node. */
  readonly statusListCredential: string;
  /** Bits of one status. Default 1. */
  readonly statusSize?: number;
  /** One message for each value. */
  readonly statusMessage?: readonly StatusMessage[];
  readonly statusReference?: string | readonly string[];
}

/** Bits of the largest status that is read; it has 256 messages. */
const maxSize = 8;

const url: Shape<string> = (value, at) => {
  if (!isUrl(value)) throw refused(at, 'a URL', value);
  return value;
};

const members = object({
  id: optional(url),
  type: oneOf('BitstringStatusListEntry', 'StatusList2021Entry'),
  statusPurpose: text({ min: 1, max: 200 }),
  // Of any size; one that no list can have is out of range, not malformed.
  statusListIndex: text({
    max: 100,
    pattern: /^(?:0|[1-9]\d*)$/,
    what: 'a whole number in base 10',
  }),
  statusListCredential: url,
  statusSize: optional(integer({ min: 1, max: maxSize })),
  statusMessage: optional(
    list(
      object({
        status: text({ max: 10, pattern: /^0x[0-9A-Fa-f]+$/, what: 'a hexadecimal value' }),
        message: text(),
      }),
      { max: 1 << maxSize },
    ),
  ),
  statusReference: optional((value: unknown, at: string) =>
    Array.isArray(value) ? list(url, { max: 16 })(value, at) : url(value, at),
  ),
});

/** Parser of one entry. */
export const credentialStatus: Shape<CredentialStatus> = (value, at) => {
  const entry = members(value, at);
  const { id, statusListCredential, statusSize = 1, statusMessage } = entry;
  if (id === statusListCredential) throw refused(`${at}.id`, 'not the URL of the list', id);
  if (statusMessage === undefined && statusSize === 1) return entry;
  const values = new Set(statusMessage?.map(({ status }) => Number(status)));
  const whole = values.size === 1 << statusSize && values.size === statusMessage?.length;
  if (!whole) {
    throw refused(`${at}.statusMessage`, 'one message for each value', statusMessage?.length);
  }
  if ([...values].some((known) => known >= 1 << statusSize)) {
    throw refused(`${at}.statusMessage`, 'values of that size', statusSize);
  }
  return entry;
};
