/**
 * A compact JWS taken apart strictly (RFC 7515, section 7.1): typed, with an algorithm from a short list, and with the key named
 * and never brought along. Nothing in it is proven by that.
 * @module
 */
import { asciiOfBase64url, type Bytes, fromBase64url, fromUtf8, utf8 } from './bytes.ts';
import { frozen } from './frozen.ts';
import type { Did, DidUrl } from './ids.ts';
import { isDeep } from './json-depth.ts';
import { checkTypes, type JwsHeader, type JwsTypes, readHeader } from './jws-header.ts';
import { RecentMap } from './recent-map.ts';
import { isPlainObject } from './shape.ts';
import type { AlgorithmFacts } from './signature-kinds.ts';
import { tokenRefusal } from './token-refusals.ts';

/** A token taken apart. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The kind of key its algorithm goes with, and no other. */
  readonly keyType: AlgorithmFacts['key'];
  /** The key it names, where `kid` is an absolute DID URL. */
  readonly named: JwsHeader['named'];
  /** What the signature covers. */
  readonly signingInput: string;
  readonly signature: Bytes;
}

/** What is taken. */
export interface CompactJwsRules extends JwsTypes {
  /** Characters of the longest token. Default {@link maxTokenLength}. */
  readonly maxLength?: number;
}

/** Characters of the longest token that is read, unless said otherwise. */
export const maxTokenLength = 65_536;
const maxDepth = 64;

/** The headers of one issuer's tokens are all alike, so those read last are remembered by their text. Reading one is pure. */
const headers = new RecentMap<string, JwsHeader>(256);
/** Characters of the longest header that is remembered. */
const longestKept = 1_024;

/** Takes `token` apart, the cheap checks first; `CREDENTIAL_INVALID` for `form` or `header`. */
export function readCompactJws(token: string, rules: CompactJwsRules): CompactJws {
  if (token.length > (rules.maxLength ?? maxTokenLength)) throw tokenRefusal('form.size');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.includes('.', second + 1)) throw tokenRefusal('form.parts');
  const header = headerIn(token.slice(0, first));
  checkTypes(header, rules);
  const { members, algorithm, named } = header;
  const signature = base64Part(token.slice(second + 1), 'signature');
  if (signature.length !== algorithm.length) throw tokenRefusal('form.signature');
  const payload = jsonPart(token.slice(first + 1, second), 'payload');
  const signingInput = token.slice(0, second);
  return { header: members, payload, keyType: algorithm.key, named, signingInput, signature };
}

/** The key a token names; throws `CREDENTIAL_INVALID` unless `kid` is an absolute DID URL. */
export function keyIdOf({ header, named }: Pick<CompactJws, 'header' | 'named'>): {
  readonly keyId: DidUrl;
  readonly did: Did;
} {
  if (named !== undefined) return named;
  throw tokenRefusal('header.kid', 'kid' in header ? undefined : 'kid is missing');
}

function headerIn(part: string): JwsHeader {
  const known = headers.get(part);
  if (known !== undefined) return known;
  const header = readHeader(frozen(jsonPart(part, 'header')));
  // A part of a text may keep the whole of it alive, so a copy is kept.
  if (part.length <= longestKept) headers.set(fromUtf8(utf8(part)), header);
  return header;
}

function jsonPart(part: string, name: string): Readonly<Record<string, unknown>> {
  const text = asciiOfBase64url(part) ?? base64Part(part, name);
  let json: string;
  let value: unknown;
  try {
    json = typeof text === 'string' ? text : fromUtf8(text);
    value = JSON.parse(json);
  } catch (cause) {
    throw tokenRefusal('form.json', `the ${name} is not JSON`, cause);
  }
  if (!isPlainObject(value)) throw tokenRefusal('form.json', `the ${name} is not an object`);
  if (isDeep(value, json, maxDepth)) throw tokenRefusal('form.depth');
  return value;
}

function base64Part(part: string, name: string): Bytes {
  try {
    return fromBase64url(part);
  } catch (cause) {
    throw tokenRefusal('form.base64url', `the ${name} is not base64url`, cause);
  }
}
