/**
 * Compact JWS (RFC 7515) in the one form this SDK takes: typed, with an algorithm from a short list, and with the key named and
 * never brought along.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../base/ids.ts';
import { loadOnce } from '../../base/load-once.ts';
import { isPlainObject } from '../../base/shape.ts';
import type { SignatureKeyType } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import { algorithmOf, lowS } from './algorithms.ts';
import { isDeep } from './depth.ts';
import { refusal } from './refusals.ts';

/** Characters of the longest token that is read, unless said otherwise. */
export const maxTokenLength = 65_536;

/** A token taken apart. Nothing in it is proven yet. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The kind of key its algorithm goes with. */
  readonly keyType: SignatureKeyType;
  /** What the signature covers. */
  readonly signingInput: string;
  readonly signature: Bytes;
}

/** Header members by which a token would choose its own key (RFC 7515, section 4.1); following them proves nothing. */
const keyCarriers = ['jku', 'jwk', 'x5u', 'x5c'] as const;
const maxDepth = 64;

/**
 * Takes `token` apart, the cheap checks first; throws `CREDENTIAL_INVALID` with a `form` or `header` reason for anything but a JWS
 * of type `typ` (`vc+jwt` or `vp+jwt`).
 */
export function parseJws(token: string, typ: string, maxLength = maxTokenLength): Jws {
  if (token.length > maxLength) throw refusal('form.size');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.includes('.', second + 1)) throw refusal('form.parts');
  const header = jsonPart(token.slice(0, first), 'header');
  const { key: keyType, length } = checkHeader(header, typ);
  const signature = base64Part(token.slice(second + 1), 'signature');
  if (signature.length !== length) throw refusal('form.signature');
  const payload = jsonPart(token.slice(first + 1, second), 'payload');
  return { header, payload, keyType, signingInput: token.slice(0, second), signature };
}

/** The key a token names: `kid` must be an absolute DID URL. */
export function keyIdOf(jws: Jws): { readonly keyId: DidUrl; readonly did: Did } {
  const { kid } = jws.header;
  if (typeof kid !== 'string' || kid.length > 600) throw refusal('header.kid', 'kid is missing');
  try {
    const { did, fragment } = splitDidUrl(kid);
    if (fragment !== '') return { keyId: `${did}#${fragment}`, did };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
  }
  throw refusal('header.kid');
}

/** The library behind {@link signJws}. */
export const loadDidJwt = loadOnce(() => import('did-jwt'));

/**
 * Signs `payload` as a compact JWS of type `typ`; did-jwt is loaded on first use. Throws `LIMIT_EXCEEDED` for a token that is too
 * long, `KEY_INVALID` for a signer whose signatures have not the form of JWS (DER, say).
 */
export async function signJws(
  payload: object,
  typ: string,
  signer: Pick<Signer, 'algorithm' | 'keyId' | 'sign'>,
  maxLength = maxTokenLength,
): Promise<string> {
  const header = { alg: signer.algorithm, typ, cty: typ.slice(0, 2), kid: signer.keyId };
  const sign = async (data: string | Uint8Array): Promise<string> =>
    toBase64url(await signatureOf(typeof data === 'string' ? utf8(data) : data, signer));
  const token = await compact(payload, header, sign);
  if (token.length <= maxLength) return token;
  const params = { what: 'a credential', limit: maxLength, got: token.length };
  throw new MeshError('LIMIT_EXCEEDED', params);
}

async function compact(
  payload: object,
  header: { alg: string; typ: string; cty: string; kid: string },
  sign: (data: string | Uint8Array) => Promise<string>,
): Promise<string> {
  if (header.alg === 'ES384' || header.alg === 'ES512') {
    // did-jwt knows the smaller curves only.
    const encode = (part: object): string => toBase64url(utf8(JSON.stringify(part)));
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${await sign(input)}`;
  }
  const { createJWS } = await loadDidJwt();
  // did-jwt types `typ` as 'JWT' alone; at run time it writes what it is given.
  return createJWS(payload, sign, { ...header, typ: header.typ as 'JWT' });
}

async function signatureOf(
  message: Uint8Array,
  signer: Pick<Signer, 'algorithm' | 'keyId' | 'sign'>,
): Promise<Bytes> {
  const { algorithm, keyId } = signer;
  const signature = await signer.sign(message);
  const expected = algorithmOf(algorithm)?.length;
  if (signature.length !== expected) {
    const detail = `its signatures have ${String(signature.length)} bytes, ${algorithm} needs ${String(expected)}`;
    throw new MeshError('KEY_INVALID', { key: keyId, detail });
  }
  return algorithm === 'ES256K' ? lowS(signature) : signature;
}

function checkHeader(header: Readonly<Record<string, unknown>>, typ: string) {
  const algorithm = algorithmOf(header['alg']);
  if (algorithm === undefined) throw refusal('header.alg');
  if (!isMediaType(header['typ'], typ)) throw refusal('header.typ', `typ is not ${typ}`);
  if ('cty' in header && !isMediaType(header['cty'], typ.slice(0, 2))) throw refusal('header.cty');
  // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is.
  if ('crit' in header) throw refusal('header.crit');
  const carrier = keyCarriers.find((name) => name in header);
  if (carrier !== undefined) {
    throw refusal('header.key-carrier', `${carrier} would choose its own key`);
  }
  return algorithm;
}

/** RFC 7515, section 4.1.9: a name without a slash stands for `application/` and the name. */
function isMediaType(value: unknown, name: string): boolean {
  return value === name || value === `application/${name}`;
}

function jsonPart(part: string, name: string): Readonly<Record<string, unknown>> {
  const bytes = base64Part(part, name);
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw refusal('form.json', `the ${name} is not JSON`, cause);
  }
  if (!isPlainObject(value)) throw refusal('form.json', `the ${name} is not an object`);
  if (isDeep(value, bytes, maxDepth)) throw refusal('form.depth');
  return value;
}

function base64Part(part: string, name: string): Bytes {
  try {
    return fromBase64url(part);
  } catch (cause) {
    throw refusal('form.base64url', `the ${name} is not base64url`, cause);
  }
}
