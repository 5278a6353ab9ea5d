/**
 * What a payload says and until when, read without belief: one window from the two ways of writing each date, one identity from
 * several names (VC-JOSE-COSE, section 3.1.1; VC Data Model 2.0).
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { type Did, isDid } from '../../../base/ids.ts';
import { isPlainObject } from '../../../base/shape.ts';
import { type Credential, credentialShape } from '../../../schema/credential.ts';
import { checkMembers } from '../../../schema/vc-data-model.ts';
import { type RefusalReason, refusal } from './refusals.ts';

/** A time from when and until when something holds. */
export interface Window {
  /** Epoch milliseconds; the later of `validFrom` and `nbf`. */
  readonly from: number;
  /** Epoch milliseconds; the earlier of `validUntil` and `exp`. */
  readonly until: number;
}

/** A credential and when it holds. */
export interface Claims extends Window {
  readonly credential: Credential;
  /** The types it has beside the one all have. */
  readonly types: readonly string[];
}

/** How far clocks may differ. */
export interface Skew {
  /** Milliseconds a credential may lie in the future. Default 60,000. */
  readonly fromMs?: number;
  /** Milliseconds a credential is taken after its end, 0 to 60,000. Default 0. */
  readonly untilMs?: number;
}

type Payload = Readonly<Record<string, unknown>>;

/** Who says what `payload` says; `iss` must be the same. Throws `CREDENTIAL_INVALID` for `issuer`. */
export function issuerOf(payload: Payload): Did {
  const { issuer } = payload;
  const did: unknown = isPlainObject(issuer) ? issuer['id'] : issuer;
  if (!isDid(did)) throw refusal('issuer.missing');
  if ('iss' in payload && payload['iss'] !== did) throw refusal('issuer.mismatch');
  return did;
}

/** When `payload` holds. Throws `CREDENTIAL_INVALID` for `time`. */
export function readWindow(payload: Payload): Window {
  const from = Math.max(
    timeOf(payload['validFrom'], -Infinity),
    secondsOf(payload, 'nbf', -Infinity),
  );
  const until = Math.min(
    timeOf(payload['validUntil'], Infinity),
    secondsOf(payload, 'exp', Infinity),
  );
  if (until < from) throw refusal('time.order');
  return { from, until };
}

/** Reads a whole payload; throws `CREDENTIAL_INVALID` for `claims`, `issuer` or `time`. */
export function readClaims(payload: Payload): Claims {
  issuerOf(payload);
  return claimsOf(readCredential(payload), readWindow(payload));
}

/** `credential` within `window`. */
export function claimsOf(credential: Credential, { from, until }: Window): Claims {
  const types = credential.type.filter((name) => name !== 'VerifiableCredential');
  return { credential, types, from, until };
}

/** The credential that `payload` is. Throws `CREDENTIAL_INVALID` for `claims`. */
export function readCredential(payload: Payload): Credential {
  checkRegistered(payload);
  const credential = shaped(payload);
  const subject = credential.credentialSubject.id;
  agree(payload, 'jti', credential.id);
  if (subject !== undefined) agree(payload, 'sub', subject);
  return credential;
}

/**
 * The rules of the securing itself, for issuers of any kind: no `vc` or `vp` claim, and an `iss` that is the issuer or holder.
 * Throws `CREDENTIAL_INVALID`.
 */
export function checkRegistered(payload: Payload): void {
  for (const name of ['vc', 'vp']) {
    if (name in payload) throw refusal('claims.vc', `${name} has no place in it`);
  }
  const by = 'issuer' in payload ? payload['issuer'] : payload['holder'];
  if ('iss' in payload && payload['iss'] !== (isPlainObject(by) ? by['id'] : by)) {
    throw refusal('holder' in payload ? 'holder.mismatch' : 'issuer.mismatch');
  }
}

/** Why what holds within `window` does not at `now`; undefined when it does. */
export function timeProblem(
  window: Window,
  now: number,
  skew: Skew = {},
): Extract<RefusalReason, `time.${string}`> | undefined {
  const { fromMs = 60_000, untilMs = 0 } = skew;
  if (window.from > now + fromMs) return 'time.early';
  if (window.until <= now - untilMs) return 'time.over';
  return undefined;
}

function shaped(payload: Payload): Credential {
  try {
    checkMembers(payload, 'credential');
    return credentialShape(payload, 'credential');
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusal('claims.model', error.message, error);
  }
}

function agree(payload: Payload, name: string, expected: unknown): void {
  if (name in payload && payload[name] !== expected) {
    throw refusal('claims.registered', `${name} says something else than the credential`);
  }
}

/** A date nobody can read would compare as neither past nor future, and so never end. */
function timeOf(text: unknown, absent: number): number {
  if (text === undefined) return absent;
  const ms = typeof text === 'string' && text.length <= 60 ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw refusal('time.form');
  return ms;
}

/** RFC 7519, section 2: a NumericDate is a number of seconds. */
function secondsOf(payload: Payload, name: string, absent: number): number {
  const value = payload[name];
  if (value === undefined) return absent;
  if (typeof value !== 'number') throw refusal('time.form', `${name} is not a number`);
  return value * 1_000;
}
