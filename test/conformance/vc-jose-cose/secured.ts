/** What of VC-JOSE-COSE is left when keys are given: the securing of one token, and the data model of what it holds. */
import { fromUtf8, toBase64url, utf8 } from '../../../src/base/bytes.ts';
import { maxTokenLength, readCompactJws } from '../../../src/base/compact-jws.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { fromJwk, type PublicJwk } from '../../../src/base/jwk.ts';
import { isPlainObject } from '../../../src/base/shape.ts';
import { checkDisclosures, sdJwtParts } from '../../../src/bridges/sd-jwt-vc/disclosures.ts';
import { sdJwtLibrary } from '../../../src/bridges/sd-jwt-vc/library.ts';
import {
  checkRegistered,
  readWindow,
  timeProblem,
} from '../../../src/core/trust/credentials/claims.ts';
import { parseJws } from '../../../src/core/trust/credentials/jws.ts';
import { refusal } from '../../../src/core/trust/credentials/refusals.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { PublicKey } from '../../../src/ports/crypto.ts';
import {
  credentialDocument,
  envelopeOf,
  isEnvelope,
  presentationDocument,
} from '../../../src/schema/vc-data-model.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import { readCoseSign1 } from './cose.ts';

type Payload = Readonly<Record<string, unknown>>;

/** What a token is verified by. */
export interface SecuredOptions {
  readonly keys: readonly { readonly kid: string; readonly key: PublicKey }[];
  /** Epoch milliseconds. */
  readonly at: number;
  /** Whether what a presentation holds is verified too. */
  readonly inside: boolean;
}

interface Read {
  readonly header: Payload;
  readonly payload: Payload;
  readonly keyType: PublicKey['type'];
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/** The payload of `token`, once all that secures it holds and it follows the data model; throws `CREDENTIAL_INVALID`. */
export async function verifySecured(token: string, options: SecuredOptions): Promise<Payload> {
  return token.includes('~') ? verifySdJwt(token, options) : verifyJwt(token, options);
}

async function verifyJwt(token: string, options: SecuredOptions): Promise<Payload> {
  const [jws, what] = readJwt(token);
  const { payload } = jws;
  await checkSignature(jws, options);
  checkClaims(payload, options);
  if (what === 'vc') return shaped(() => credentialDocument(payload, 'credential'));
  const presentation = shaped(() => presentationDocument(payload, 'presentation'));
  if (options.inside) await checkInside(presentation, options);
  return presentation;
}

function readJwt(token: string): readonly [Read, 'vc' | 'vp'] {
  try {
    return [parseJws(token, 'vc+jwt'), 'vc'];
  } catch (error) {
    if (!MeshError.is(error) || error.params['reason'] !== 'header.typ') throw error;
    return [parseJws(token, 'vp+jwt'), 'vp'];
  }
}

/** Section 3.2: the same for SD-JWT, whose holder has left out what was not to be seen. */
async function verifySdJwt(token: string, options: SecuredOptions): Promise<Payload> {
  const parts = sdJwtParts(token);
  const typ = ['vc+sd-jwt', 'vp+sd-jwt'];
  const jws = readCompactJws(parts.jwt, { typ, maxLength: maxTokenLength });
  await checkSignature(jws, options);
  const { payload } = jws;
  if ((payload['_sd_alg'] ?? 'sha-256') !== 'sha-256') throw refusal('claims.registered');
  checkDisclosures(payload, parts.disclosures, (text) =>
    toBase64url(nodeCrypto.hash('sha256', utf8(text))),
  );
  if (parts.binding !== undefined) await checkBinding(parts.binding, parts.bound, payload, options);
  const library = await sdJwtLibrary({ crypto: nodeCrypto, random: seededRandom('vectors') });
  const { _sd_alg: _, ...claims } = await library.claimsOf(parts.bound);
  checkClaims(claims, options);
  // RFC 7515, section 4.1.9: `application/` may stand before it.
  if (String(jws.header['typ']).endsWith('vc+sd-jwt')) {
    return shaped(() => credentialDocument(claims, 'credential'));
  }
  const presentation = shaped(() => presentationDocument(claims, 'presentation'));
  if (options.inside) await checkInside(presentation, options);
  return presentation;
}

/** RFC 9901, section 4.3: who shows a token with a binding holds the key that its issuer named. */
async function checkBinding(
  binding: string,
  bound: string,
  { cnf }: Payload,
  options: SecuredOptions,
): Promise<void> {
  const jws = readCompactJws(binding, { typ: ['kb+jwt'], maxLength: maxTokenLength });
  const digest = toBase64url(nodeCrypto.hash('sha256', utf8(bound)));
  if (jws.payload['sd_hash'] !== digest) throw refusal('binding.nonce');
  const { jwk, kid } = isPlainObject(cnf) ? cnf : {};
  const named = options.keys.filter((key) => key.kid === kid);
  const keys = isPlainObject(jwk) ? [{ kid: undefined, key: keyIn(jwk) }] : named;
  const covered = utf8(jws.signingInput);
  await checkKey({ ...jws, kid: keys[0]?.kid, covered }, { keys });
}

function keyIn(jwk: Payload): PublicKey {
  const { type, publicKey } = fromJwk(jwk as unknown as PublicJwk);
  if (type === 'X25519') throw refusal('key.purpose');
  return { type, publicKey };
}

async function checkSignature(jws: Read, options: SecuredOptions): Promise<void> {
  const { header, keyType, signingInput, signature } = jws;
  const covered = utf8(signingInput);
  await checkKey({ kid: header['kid'], keyType, covered, signature }, options);
}

async function checkKey(
  signed: {
    readonly kid: unknown;
    readonly keyType: PublicKey['type'];
    readonly covered: Uint8Array;
    readonly signature: Uint8Array;
  },
  {
    keys,
  }: { readonly keys: readonly { readonly kid: string | undefined; readonly key: PublicKey }[] },
): Promise<void> {
  const key = keys.find(({ kid }) => kid === signed.kid)?.key;
  if (key === undefined) throw refusal('key.not-found', 'kid names no key here');
  if (key.type !== signed.keyType) throw refusal('key.alg');
  if (!(await nodeCrypto.verify(key, signed.covered, signed.signature))) {
    throw refusal('signature.wrong');
  }
}

function checkClaims(payload: Payload, { at }: SecuredOptions): void {
  checkRegistered(payload);
  const problem = timeProblem(readWindow(payload), at);
  if (problem !== undefined) throw refusal(problem);
}

async function checkInside(presentation: Payload, options: SecuredOptions): Promise<void> {
  const inside: readonly unknown[] = [presentation['verifiableCredential'] ?? []].flat();
  for (const item of inside) {
    if (!isEnvelope(item, 'EnvelopedVerifiableCredential')) throw refusal('credentials.form');
    const { mediaType, content } = envelopeOf(item, 'verifiableCredential');
    if (mediaType === 'application/vc+cose') await verifyCose(content, options);
    else await verifySecured(content, options);
  }
}

/** Section 3.3, for what a presentation holds in this form. */
async function verifyCose(content: string, options: SecuredOptions): Promise<Payload> {
  const message = readCoseSign1(Buffer.from(content.trim(), 'base64'));
  const { kid, keyType, payload, covered, signature } = message;
  if (message.type !== 'application/vc+cose') throw refusal('header.typ');
  await checkKey({ kid, keyType, covered, signature }, options);
  const claims = parsedJson(payload);
  checkClaims(claims, options);
  return shaped(() => credentialDocument(claims, 'credential'));
}

function parsedJson(bytes: Uint8Array): Payload {
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes));
    if (isPlainObject(value)) return value;
  } catch (cause) {
    throw refusal('form.json', undefined, cause);
  }
  throw refusal('form.json');
}

function shaped<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    throw refusal('claims.model', error.message, error);
  }
}

/** When a token says it was made, in epoch milliseconds; now where it does not say. */
export function ownTimeOf(token: string): number {
  const said = saidTimes(token).filter((ms) => !Number.isNaN(ms));
  return said.length === 0 ? Date.now() : Math.max(...said);
}

function saidTimes(token: string): readonly number[] {
  try {
    const payload = parsedJson(Buffer.from(token.split('.')[1] ?? '', 'base64url'));
    return ['iat', 'nbf', 'validFrom'].map((name) => {
      const time = payload[name];
      return typeof time === 'number' ? time * 1_000 : Date.parse(String(time));
    });
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return [];
  }
}
