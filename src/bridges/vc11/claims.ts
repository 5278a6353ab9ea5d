/**
 * What the payload of a VC 1.1 JWT says, read strictly and without believing it (VC Data Model 1.1, section 6.3.1).
 * @module
 */

import { type CompactJws, keyIdOf } from '../../base/compact-jws.ts';
import { type Did, type DidUrl, isDid } from '../../base/ids.ts';
import { isPlainObject } from '../../base/shape.ts';
import { refusedToken } from '../../base/token-refusals.ts';

type Members = Readonly<Record<string, unknown>>;

/** The key a token names and whose it is. */
export interface Speaker {
  readonly did: Did;
  readonly keyId: DidUrl;
}

/** `iss` and `kid` of a token, which must be of one DID; `names` are what else names it inside. */
export function speakerOf(jws: CompactJws, names: readonly unknown[]): Speaker {
  const { iss } = jws.payload;
  if (!isDid(iss)) throw refusedToken('issuer', 'iss is not a DID');
  // Without kid every key of a document would be tried in turn: 54 times the work for a document of 50 keys.
  const { keyId, did } = keyIdOf(jws);
  if (did !== iss) throw refusedToken('issuer', 'kid is a key of somebody else');
  for (const name of names) {
    const id: unknown = isPlainObject(name) ? name['id'] : name;
    if (id !== undefined && id !== iss) throw refusedToken('issuer', 'it names somebody else');
  }
  return { did: iss, keyId };
}

/** Refuses what does not hold at `nowMs`. Both forms of each date are read, and the narrower one counts; nothing is forgiven. */
export function checkPeriod(payload: Members, inner: Members, nowMs: number): void {
  const begins = [seconds(payload, 'nbf'), instant(inner, 'issuanceDate')];
  const ends = [seconds(payload, 'exp'), instant(inner, 'expirationDate')];
  const from = Math.max(...begins.map((ms) => ms ?? -Infinity));
  const until = Math.min(...ends.map((ms) => ms ?? Infinity));
  if (until < from) throw refusedToken('claims', 'it ends before it begins');
  if (from > nowMs) throw refusedToken('time', 'it is not valid yet');
  if (until <= nowMs) throw refusedToken('time', 'it has expired');
}

/** The object under `vc` or `vp`. */
export function innerOf(payload: Members, name: 'vc' | 'vp'): Members {
  const inner = payload[name];
  if (!isPlainObject(inner)) throw refusedToken('claims', `${name} is not an object`);
  return inner;
}

/** Refuses a claim that repeats a member of the document and says something else. */
export function checkAgreement(claim: unknown, member: unknown, name: string): void {
  if (claim !== undefined && member !== undefined && claim !== member) {
    throw refusedToken('claims', `${name} says something else than the document`);
  }
}

function seconds(payload: Members, name: string): number | undefined {
  const value = payload[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw refusedToken('claims', `${name} is not a number`);
  }
  return value * 1_000;
}

function instant(inner: Members, name: string): number | undefined {
  const value = inner[name];
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(ms)) throw refusedToken('claims', `${name} is no date`);
  return ms;
}
