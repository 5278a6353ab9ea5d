/**
 * A compact JWS of somebody else's making, taken apart strictly (RFC 7515, section 7.1). Nothing in it is proven by that.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8 } from './bytes.ts';
import { MeshError } from './errors.ts';
import { isPlainObject } from './shape.ts';
import { type AlgorithmFacts, algorithmOf } from './signature-kinds.ts';

/** A token taken apart. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The kind of key its algorithm goes with, and no other. */
  readonly keyType: AlgorithmFacts['key'];
  /** What the signature covers. */
  readonly signingInput: string;
  readonly signature: Bytes;
}

/** What is taken. */
export interface CompactJwsRules {
  /** Values of `typ`; `undefined` among them lets it be absent. */
  readonly typ: readonly (string | undefined)[];
  /** Characters of the longest token. Default 65,536. */
  readonly maxLength?: number;
}

/** Members by which a token would choose its own key, or be read by rules that are not known here (RFC 7515, 4.1; RFC 7797). */
const refusedMembers = ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip'] as const;

/** Takes `token` apart; `CREDENTIAL_INVALID` naming `form` or `header`. */
export function readCompactJws(token: string, rules: CompactJwsRules): CompactJws {
  const { maxLength = 65_536 } = rules;
  if (token.length > maxLength) throw refusedToken('form', `over ${String(maxLength)} characters`);
  const [first, second, third, ...more] = token.split('.');
  if (first === undefined || second === undefined || third === undefined || more.length > 0) {
    throw refusedToken('form', 'it has not three parts');
  }
  const header = jsonOf(first);
  const { key: keyType, length } = headerFacts(header, rules.typ);
  const signature = bytesOf(third);
  if (signature.length !== length)
    throw refusedToken('form', `no signature of ${String(length)} bytes`);
  return {
    header,
    payload: jsonOf(second),
    keyType,
    signingInput: `${first}.${second}`,
    signature,
  };
}

/** The error of a token that is refused by `check`. */
export function refusedToken(check: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('CREDENTIAL_INVALID', { check, detail }, { cause });
}

function headerFacts(header: Readonly<Record<string, unknown>>, types: CompactJwsRules['typ']) {
  const { alg, typ } = header;
  const facts = algorithmOf(alg);
  if (facts === undefined) throw refusedToken('header', 'no algorithm that is taken');
  if (!types.includes(typ as string | undefined)) throw refusedToken('header', 'another typ');
  const refused = refusedMembers.find((name) => name in header);
  if (refused !== undefined) throw refusedToken('header', `${refused} is not followed`);
  return facts;
}

function jsonOf(part: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytesOf(part)));
  } catch (cause) {
    throw refusedToken('form', 'a part is not JSON', cause);
  }
  if (!isPlainObject(value)) throw refusedToken('form', 'a part is not an object');
  return value;
}

function bytesOf(part: string): Bytes {
  try {
    return fromBase64url(part);
  } catch (cause) {
    throw refusedToken('form', 'a part is not base64url', cause);
  }
}
