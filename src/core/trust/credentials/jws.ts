/**
 * Compact JWS (RFC 7515) in the one form this SDK takes: typed, with an algorithm from a short list, and with the key named and
 * never brought along.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did, DidUrl } from '../../../base/ids.ts';
import { loadOnce } from '../../../base/load-once.ts';
import { isPlainObject } from '../../../base/shape.ts';
import { algorithmOf } from '../../../base/signature-kinds.ts';
import type { SignatureKeyType } from '../../../ports/crypto.ts';
import type { Signer } from '../../../ports/signer.ts';
import { isDeep } from './depth.ts';
import { frozen } from './frozen.ts';
import { contentOf, HeaderMemory, type JwsHeader, readHeader } from './jws-header.ts';
import { lowS } from './low-s.ts';
import { refusal } from './refusals.ts';

/** Characters of the longest token that is read, unless said otherwise. */
export const maxTokenLength = 65_536;

/** A token taken apart. Nothing in it is proven yet. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The kind of key its algorithm goes with. */
  readonly keyType: SignatureKeyType;
  /** The key it names, where `kid` is an absolute DID URL. */
  readonly named: JwsHeader['named'];
  /** What the signature covers. */
  readonly signingInput: string;
  readonly signature: Bytes;
}

const maxDepth = 64;
const headers = new HeaderMemory();

/**
 * Takes `token` apart, the cheap checks first; throws `CREDENTIAL_INVALID` with a `form` or `header` reason for anything but a JWS
 * of type `typ` (`vc+jwt` or `vp+jwt`).
 */
export function parseJws(token: string, typ: string, maxLength = maxTokenLength): Jws {
  if (token.length > maxLength) throw refusal('form.size');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.includes('.', second + 1)) throw refusal('form.parts');
  const { members, algorithm, named } = headerOf(token.slice(0, first), typ);
  const signature = base64Part(token.slice(second + 1), 'signature');
  if (signature.length !== algorithm.length) throw refusal('form.signature');
  const payload = jsonPart(token.slice(first + 1, second), 'payload');
  const signingInput = token.slice(0, second);
  return { header: members, payload, keyType: algorithm.key, named, signingInput, signature };
}

/** The key a token names; throws `CREDENTIAL_INVALID` unless `kid` is an absolute DID URL. */
export function keyIdOf({ header, named }: Jws): { readonly keyId: DidUrl; readonly did: Did } {
  if (named !== undefined) return named;
  throw refusal('header.kid', 'kid' in header ? undefined : 'kid is missing');
}

function headerOf(part: string, typ: string): JwsHeader {
  const known = headers.get(part, typ);
  if (known !== undefined) return known;
  const header = readHeader(frozen(jsonPart(part, 'header')), typ);
  headers.set(fromUtf8(utf8(part)), header);
  return header;
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
  holder: Pick<Signer, 'algorithm' | 'keyId' | 'sign' | 'current'>,
  maxLength = maxTokenLength,
): Promise<string> {
  // One key for header and signature, also when it is replaced in between.
  const signer = holder.current ?? holder;
  const header = { alg: signer.algorithm, typ, cty: contentOf(typ), kid: signer.keyId };
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
