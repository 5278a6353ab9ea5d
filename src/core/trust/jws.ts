/**
 * Compact JWS (RFC 7515) in the one form this SDK takes: EdDSA, typed, with the key named and never brought along.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../base/ids.ts';
import { loadOnce } from '../../base/load-once.ts';
import { isPlainObject } from '../../base/shape.ts';
import type { Signer } from '../../ports/signer.ts';

/** Characters of the longest token that is read. */
export const maxTokenLength = 65_536;

/** A token taken apart. Nothing in it is proven yet. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the signature covers. */
  readonly signingInput: string;
  readonly signature: Bytes;
}

/** Header members by which a token would choose its own key (RFC 7515, section 4.1); following them proves nothing. */
const keyCarriers = ['jku', 'jwk', 'x5u', 'x5c'] as const;

/** Takes `token` apart; throws `CREDENTIAL_INVALID` naming `form` or `header` for anything but a JWS of type `typ`. */
export function parseJws(token: string, typ: string): Jws {
  if (token.length > maxTokenLength) {
    throw refusal('form', `longer than ${String(maxTokenLength)} characters`);
  }
  const [first, second, third, ...more] = token.split('.');
  if (first === undefined || second === undefined || third === undefined || more.length > 0) {
    throw refusal('form', 'not three parts');
  }
  const header = jsonPart(first, 'header');
  checkHeader(header, typ);
  const signature = base64Part(third, 'signature');
  if (signature.length !== 64) throw refusal('form', 'the signature is not 64 bytes');
  const payload = jsonPart(second, 'payload');
  return { header, payload, signingInput: `${first}.${second}`, signature };
}

/** The key a token names: `kid` must be an absolute DID URL. */
export function keyIdOf(jws: Jws): { readonly keyId: DidUrl; readonly did: Did } {
  const { kid } = jws.header;
  if (typeof kid !== 'string' || kid.length > 600) throw refusal('header', 'kid is missing');
  try {
    const { did, fragment } = splitDidUrl(kid);
    if (fragment !== '') return { keyId: `${did}#${fragment}`, did };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
  }
  throw refusal('header', 'kid is not an absolute DID URL');
}

/** The library behind {@link signJws}. */
export const loadDidJwt = loadOnce(() => import('did-jwt'));

/** Signs `payload` as a compact JWS of type `typ`. did-jwt is loaded on first use. */
export async function signJws(
  payload: object,
  typ: string,
  signer: Pick<Signer, 'algorithm' | 'keyId' | 'sign'>,
): Promise<string> {
  const { createJWS } = await loadDidJwt();
  const sign = async (data: string | Uint8Array): Promise<string> =>
    toBase64url(await signer.sign(typeof data === 'string' ? utf8(data) : data));
  // did-jwt types `typ` as 'JWT' alone; at run time it writes what it is given.
  const header = { alg: signer.algorithm, typ: typ as 'JWT', kid: signer.keyId };
  const token = await createJWS(payload, sign, header);
  if (token.length > maxTokenLength) {
    const params = { what: 'a credential', limit: maxTokenLength, got: token.length };
    throw new MeshError('LIMIT_EXCEEDED', params);
  }
  return token;
}

/** The error of a token that is refused by `check`. */
export function refusal(check: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('CREDENTIAL_INVALID', { check, detail }, { cause });
}

function checkHeader(header: Readonly<Record<string, unknown>>, typ: string): void {
  if (header['alg'] !== 'EdDSA') throw refusal('header', 'alg is not EdDSA');
  if (header['typ'] !== typ) throw refusal('header', `typ is not ${typ}`);
  // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is.
  if ('crit' in header) throw refusal('header', 'crit names what is not understood');
  const carrier = keyCarriers.find((name) => name in header);
  if (carrier !== undefined) throw refusal('header', `${carrier} would choose its own key`);
}

function jsonPart(part: string, name: string): Readonly<Record<string, unknown>> {
  const bytes = base64Part(part, name);
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw refusal('form', `the ${name} is not JSON`, cause);
  }
  if (!isPlainObject(value)) throw refusal('form', `the ${name} is not an object`);
  return value;
}

function base64Part(part: string, name: string): Bytes {
  try {
    return fromBase64url(part);
  } catch (cause) {
    throw refusal('form', `the ${name} is not base64url`, cause);
  }
}
