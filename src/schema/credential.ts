/**
 * Verifiable credentials: what an issuer says of a subject (W3C VC Data Model 2.0), in the JOSE form `vc+jwt`.
 * @module
 */
import type { Did } from '../base/ids.ts';
import { isPlainObject, list, object, optional, refused, type Shape, text } from '../base/shape.ts';
import { type CredentialStatus, credentialStatus } from './credential-status.ts';
import { did } from './words.ts';

/** The first context of every VC 2.0. */
export const credentialContext = 'https://www.w3.org/ns/credentials/v2';

/** The subject and what is said of it. */
export interface CredentialSubject {
  readonly id?: string;
  readonly [claim: string]: unknown;
}

/** A credential in the form this SDK issues and goes by: one issuer, one subject, an `id`. */
export interface Credential {
  readonly '@context': readonly (string | object)[];
  readonly id: string;
  readonly type: readonly string[];
  readonly issuer: Did;
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly credentialSubject: CredentialSubject;
  readonly credentialStatus?: CredentialStatus | readonly CredentialStatus[];
}

const dateText = text({
  max: 40,
  pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
  what: 'a date and time with offset',
});

/** RFC 3339 with any offset, as the data model allows. */
const dateTime: Shape<string> = (value, at) => {
  const checked = dateText(value, at);
  // A date nobody can read would compare as neither past nor future, and so never expire.
  if (Number.isNaN(Date.parse(checked))) throw refused(at, 'a date of the calendar', value);
  return checked;
};

/** Each may cost a look-up, so there are few. */
const maxStatuses = 8;

const statuses = (value: unknown, at: string) =>
  Array.isArray(value)
    ? list(credentialStatus, { max: maxStatuses })(value, at)
    : credentialStatus(value, at);

const contextUrl = text({ max: 500 });

/** A URL, or terms written inline. */
const context: Shape<string | object> = (value, at) =>
  isPlainObject(value) ? value : contextUrl(value, at);

const typeName = text({ max: 200 });
const typeNames = list(typeName, { max: 16 });
const subject = object({ id: optional(text({ max: 600 })) });

/** One subject may stand in a list. */
const oneSubject = (value: unknown, at: string) =>
  subject(Array.isArray(value) && value.length === 1 ? value[0] : value, at);

const membersShape = object({
  '@context': list(context, { max: 16 }),
  id: text({ min: 1, max: 500 }),
  type: (value: unknown, at: string) =>
    typeof value === 'string' ? [typeName(value, at)] : typeNames(value, at),
  issuer: (issuer: unknown, place: string) =>
    did(typeof issuer === 'object' ? (issuer as { id?: unknown } | null)?.id : issuer, place),
  validFrom: optional(dateTime),
  validUntil: optional(dateTime),
  credentialSubject: oneSubject,
  credentialStatus: optional(statuses),
});

/** Parser of credentials. The issuer may be given as an object with an `id`, as the data model allows. */
export const credentialShape: Shape<Credential> = (value, at) => {
  const parsed = membersShape(value, at);
  if (parsed['@context'][0] !== credentialContext) {
    throw refused(`${at}.@context[0]`, credentialContext, parsed['@context'][0]);
  }
  if (!parsed.type.includes('VerifiableCredential')) {
    throw refused(`${at}.type`, 'VerifiableCredential among the types', parsed.type);
  }
  return parsed;
};

/** The statuses of a credential, as a list. */
export function statusesOf({
  credentialStatus: status = [],
}: Pick<Credential, 'credentialStatus'>): readonly CredentialStatus[] {
  return [status].flat();
}
