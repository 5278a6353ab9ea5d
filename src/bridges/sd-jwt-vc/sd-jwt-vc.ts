/**
 * Issues, presents and verifies.
 * @module
 */
import { toBase64url, utf8 } from '../../base/bytes.ts';
import { type CompactJws, keyIdOf, readCompactJws } from '../../base/compact-jws.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, isDid, isDidUrl, splitDidUrl } from '../../base/ids.ts';
import { fromJwk, type PublicJwk, toJwk } from '../../base/jwk.ts';
import { loadOnce } from '../../base/load-once.ts';
import { isPlainObject } from '../../base/shape.ts';
import { refusedToken } from '../../base/token-refusals.ts';
import { platformGround } from '../../index.ts';
import type { PublicKey } from '../../ports/crypto.ts';
import { checkDisclosures, openClaims, type SdJwtParts, sdJwtParts } from './disclosures.ts';
import { sdJwtLibrary } from './library.ts';
import type {
  SdJwtVc,
  SdJwtVcExpectation,
  SdJwtVcOptions,
  SdJwtVcRequest,
  SdJwtVcTools,
  SdJwtVcVerdict,
} from './types.ts';

const maxLength = 131_072;
const dayS = 86_400;
/** Seconds a key binding may be old, and may lie ahead. */
const bindingAgeS = 300;
const bindingAheadS = 60;
/** Names that {@link SdJwtVcRequest} has other members for. */
const ownNames = [...openClaims, 'iat', 'sub', '_sd_decoy'];

/** SD-JWT VC over `options`. Calls throw `MODULE_MISSING` without the package `@sd-jwt/sd-jwt-vc`. */
export function sdJwtVc(options: SdJwtVcOptions): SdJwtVc {
  const tools = loadOnce(
    async (): Promise<SdJwtVcTools> => ({ ...(await platformGround()), ...options }),
  );
  return {
    issue: async (request, signer) => {
      checkRequest(request);
      const { did } = splitDidUrl(signer.keyId);
      const library = await sdJwtLibrary(await tools(), signer);
      const payload = payloadOf(request, did, secondsNow(await tools()));
      return library.issue(payload, request.disclosable ?? [], signer.keyId);
    },
    present: async (credential, { disclose = [], nonce, audience }, holder) => {
      const library = await sdJwtLibrary(await tools(), holder);
      const iat = secondsNow(await tools());
      return library.present(credential, disclose, { iat, aud: audience, nonce });
    },
    verify: async (token, expected) => {
      try {
        return await verified(token, expected, await tools());
      } catch (error) {
        if (!MeshError.is(error, 'CREDENTIAL_INVALID')) throw error;
        const { check, detail } = error.params as { check: string; detail: string };
        return { valid: false, because: { check, detail } };
      }
    },
  };
}

function payloadOf(request: SdJwtVcRequest, iss: Did, iat: number): object {
  const { vct, claims, holder, subject, status, validForS = 90 * dayS } = request;
  const cnf = typeof holder === 'string' ? { kid: holder } : holder && { jwk: toJwk(holder) };
  return {
    ...claims,
    iss,
    iat,
    exp: iat + validForS,
    vct,
    ...(subject === undefined ? {} : { sub: subject }),
    ...(cnf === undefined ? {} : { cnf }),
    ...(status === undefined ? {} : { status }),
  };
}

function checkRequest({ vct, claims, disclosable = [] }: SdJwtVcRequest): void {
  const refuse = (argument: string, expected: string, got: unknown): never => {
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got });
  };
  if (vct === '') refuse('vct', 'the kind of statement', vct);
  const taken = Object.keys(claims).find((name) => ownNames.includes(name));
  if (taken !== undefined) refuse('claims', 'names that the form does not use', taken);
  const missing = disclosable.find((name) => !Object.hasOwn(claims, name));
  if (missing !== undefined) refuse('disclosable', 'names of claims', missing);
}

async function verified(
  token: unknown,
  { vct, binding }: SdJwtVcExpectation,
  options: SdJwtVcTools,
): Promise<SdJwtVcVerdict> {
  if (typeof token !== 'string' || token.length > maxLength) {
    throw refusedToken('form', `not a token of at most ${String(maxLength)} characters`);
  }
  const parts = sdJwtParts(token);
  const jws = readCompactJws(parts.jwt, { typ: ['dc+sd-jwt', 'vc+sd-jwt'], maxLength });
  const { issuer, keyId } = issuerOf(jws);
  checkClaims(jws.payload, vct, options);
  if (binding !== false) checkBindingTerms(parts, binding, options);
  const { key } = await keyOf(keyId, 'assertionMethod', options);
  await checkSignature(jws, key, options);
  const digestOf = (text: string) => toBase64url(options.crypto.hash('sha256', utf8(text)));
  checkDisclosures(jws.payload, parts.disclosures, digestOf);
  if (binding !== false) await checkBindingKey(parts, jws.payload['cnf'], options);
  await checkStatus(jws.payload['status'], issuer, options);
  const library = await sdJwtLibrary(options);
  const { _sd_alg: _, ...claims } = await library.claimsOf(parts.bound);
  return { valid: true, issuer, claims };
}

function issuerOf(jws: CompactJws) {
  const { iss } = jws.payload;
  if (!isDid(iss)) throw refusedToken('issuer', 'iss is not a DID');
  const { keyId, did } = keyIdOf(jws);
  if (did !== iss) throw refusedToken('issuer', 'kid is a key of somebody else');
  return { issuer: iss, keyId };
}

function checkClaims(
  payload: CompactJws['payload'],
  vct: string,
  options: Pick<SdJwtVcTools, 'clock'>,
): void {
  if (payload['vct'] !== vct) throw refusedToken('claims', 'another kind of statement');
  const { _sd_alg: algorithm = 'sha-256' } = payload;
  if (algorithm !== 'sha-256') throw refusedToken('claims', 'a hash that is not taken');
  const now = secondsNow(options);
  const from = numberOf(payload, 'nbf') ?? -Infinity;
  const until = numberOf(payload, 'exp') ?? Infinity;
  if (from > now) throw refusedToken('time', 'it is not valid yet');
  if (until <= now) throw refusedToken('time', 'it has expired');
}

/** What a key binding says, before any signature is looked at (RFC 9901, section 4.3). */
export function checkBindingTerms(
  parts: SdJwtParts,
  { nonce, audience }: { readonly nonce?: string; readonly audience: string },
  options: Pick<SdJwtVcTools, 'clock' | 'crypto'>,
): void {
  const { payload } = bindingOf(parts);
  if (nonce !== undefined && payload['nonce'] !== nonce)
    throw refusedToken('binding', 'it answers another nonce');
  if (payload['aud'] !== audience) throw refusedToken('binding', 'it is for somebody else');
  const age = secondsNow(options) - (numberOf(payload, 'iat') ?? NaN);
  if (!(age <= bindingAgeS && age >= -bindingAheadS)) {
    throw refusedToken('binding', 'it was not made just now');
  }
  const digest = toBase64url(options.crypto.hash('sha256', utf8(parts.bound)));
  if (payload['sd_hash'] !== digest) throw refusedToken('binding', 'it is of something else');
}

function bindingOf({ binding }: SdJwtParts): CompactJws {
  if (binding === undefined) throw refusedToken('binding', 'nobody shows it');
  return readCompactJws(binding, { typ: ['kb+jwt'], maxLength });
}

/** RFC 7800: the holder's key, by value or by the name its DID has for it. */
export async function checkBindingKey(
  parts: SdJwtParts,
  cnf: unknown,
  options: Pick<SdJwtVcTools, 'keys' | 'crypto'>,
): Promise<void> {
  const { kid, jwk } = isPlainObject(cnf) ? cnf : {};
  let key: PublicKey;
  if (typeof kid === 'string' && isDidUrl(kid)) {
    ({ key } = await keyOf(kid, 'authentication', options));
  } else if (isPlainObject(jwk)) {
    key = keyInJwk(jwk);
  } else {
    throw refusedToken('binding', 'it is bound to no key');
  }
  await checkSignature(bindingOf(parts), key, options);
}

/** The key in a `jwk`; `CREDENTIAL_INVALID` naming `key`. */
export function keyInJwk(jwk: Readonly<Record<string, unknown>>): PublicKey {
  try {
    const { type, publicKey } = fromJwk(jwk as unknown as PublicJwk);
    if (type !== 'X25519') return { type, publicKey };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusedToken('key', error.message, error);
  }
  throw refusedToken('key', 'a key that does not sign');
}

/** The key that `keyId` names; `CREDENTIAL_INVALID` naming `key`. */
export async function keyOf(
  keyId: `${Did}#${string}`,
  purpose: 'assertionMethod' | 'authentication',
  { keys }: Pick<SdJwtVcTools, 'keys'>,
) {
  try {
    return await keys.keyOf(keyId, { purpose });
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusedToken('key', error.message, error);
  }
}

/** `CREDENTIAL_INVALID` naming `key` or `signature` unless the token was signed with `key`. */
export async function checkSignature(
  { signingInput, signature, keyType }: CompactJws,
  key: PublicKey,
  { crypto }: Pick<SdJwtVcTools, 'crypto'>,
): Promise<void> {
  if (key.type !== keyType) throw refusedToken('key', 'its algorithm is for another kind of key');
  if (!(await crypto.verify(key, utf8(signingInput), signature))) {
    throw refusedToken('signature', 'it was not signed with that key');
  }
}

async function checkStatus(
  status: unknown,
  issuer: Did,
  { status: check }: Pick<SdJwtVcTools, 'status'>,
): Promise<void> {
  if (status === undefined) return;
  if (check === undefined) throw refusedToken('status', 'nobody here looks it up');
  if (!isPlainObject(status)) throw refusedToken('claims', 'status is not an object');
  const problem = await check(status, issuer).catch((error: unknown) =>
    error instanceof Error ? error.message : 'it could not be looked up',
  );
  if (problem !== undefined) throw refusedToken('status', problem);
}

function numberOf(payload: CompactJws['payload'], name: string): number | undefined {
  const value = payload[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw refusedToken('claims', `${name} is not a number`);
  return value;
}

function secondsNow({ clock }: Pick<SdJwtVcTools, 'clock'>): number {
  return Math.floor(clock.now() / 1_000);
}
