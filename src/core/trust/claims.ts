/**
 * What the payload of a `vc+jwt` says, read without believing it (VC-JOSE-COSE, section 3.1; VC Data Model 2.0).
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { isPlainObject } from '../../base/shape.ts';
import { type Credential, credentialShape } from '../../schema/credential.ts';
import { refusal } from './jws.ts';

/** A credential and when it holds. */
export interface Claims {
  readonly credential: Credential;
  /** Epoch milliseconds; the later of `validFrom` and `nbf`. */
  readonly from: number;
  /** Epoch milliseconds; the earlier of `validUntil` and `exp`. */
  readonly until: number;
}

/** How far clocks may differ. */
export interface Skew {
  /** Milliseconds a credential may lie in the future. Default 60,000. */
  readonly fromMs?: number;
  /** Milliseconds a credential is taken after its end, 0 to 60,000. Default 0. */
  readonly untilMs?: number;
}

/** Reads a payload; throws `CREDENTIAL_INVALID` naming `claims` or `issuer`. */
export function readClaims(payload: Readonly<Record<string, unknown>>): Claims {
  checkRegistered(payload);
  const credential = shaped(payload);
  const subject = credential.credentialSubject.id;
  agree(payload, 'jti', credential.id);
  if (subject !== undefined) agree(payload, 'sub', subject);
  const from = Math.max(
    timeOf(credential.validFrom, -Infinity),
    secondsOf(payload, 'nbf', -Infinity),
  );
  const until = Math.min(
    timeOf(credential.validUntil, Infinity),
    secondsOf(payload, 'exp', Infinity),
  );
  if (until < from) throw refusal('claims', 'it ends before it begins');
  return { credential, from, until };
}

/**
 * The rules of the securing itself, for issuers of any kind: no `vc` or `vp` claim, and an `iss` that is the issuer.
 * Throws `CREDENTIAL_INVALID`.
 */
export function checkRegistered(payload: Readonly<Record<string, unknown>>): void {
  for (const name of ['vc', 'vp']) {
    if (name in payload) throw refusal('claims', `${name} has no place in a VC 2.0`);
  }
  const { issuer } = payload;
  agree(payload, 'iss', isPlainObject(issuer) ? issuer['id'] : issuer, 'issuer');
}

/** Why credentials with these `claims` do not hold at `now`; undefined when they do. */
export function timeProblem(
  claims: Pick<Claims, 'from' | 'until'>,
  now: number,
  skew: Skew = {},
): string | undefined {
  const { fromMs = 60_000, untilMs = 0 } = skew;
  if (claims.from > now + fromMs) return 'it is not valid yet';
  if (claims.until <= now - untilMs) return 'it has expired';
  return undefined;
}

function shaped(payload: Readonly<Record<string, unknown>>): Credential {
  try {
    return credentialShape(payload, 'credential');
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusal('claims', error.message, error);
  }
}

function agree(
  payload: Readonly<Record<string, unknown>>,
  name: string,
  expected: unknown,
  check = 'claims',
): void {
  if (name in payload && payload[name] !== expected) {
    throw refusal(check, `${name} says something else than the credential`);
  }
}

function timeOf(text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw refusal('claims', 'a date that does not exist');
  return ms;
}

/** RFC 7519, section 2: a NumericDate is a number of seconds. */
function secondsOf(
  payload: Readonly<Record<string, unknown>>,
  name: string,
  absent: number,
): number {
  const value = payload[name];
  if (value === undefined) return absent;
  if (typeof value !== 'number') throw refusal('claims', `${name} is not a number`);
  return value * 1_000;
}
