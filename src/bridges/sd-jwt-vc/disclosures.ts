/**
 * The rules of disclosures (RFC 9901, section 7.1) that the library does not enforce: each one is referred to exactly once, and
 * takes the place of nothing.
 * @module
 */
import { type Bytes, fromBase64url, fromUtf8 } from '../../base/bytes.ts';
import { isPlainObject } from '../../base/shape.ts';
import { refusedToken } from '../../base/token-refusals.ts';

/** Disclosures of one token. */
const maxDisclosures = 128;
const maxDepth = 32;
/** Claims that everybody must be able to see (SD-JWT VC, section 3.2.2.2), and those of the form itself. */
export const openClaims = ['iss', 'nbf', 'exp', 'cnf', 'vct', 'status', '_sd', '_sd_alg', '...'];

interface Disclosure {
  readonly name?: string;
  readonly value: unknown;
}

/** A token taken apart at its tildes. */
export interface SdJwtParts {
  /** The issuer's JWT. */
  readonly jwt: string;
  readonly disclosures: readonly string[];
  /** The key binding JWT. */
  readonly binding?: string;
  /** What a key binding covers. */
  readonly bound: string;
}

/** Takes `token` apart; `CREDENTIAL_INVALID` naming `form`. */
export function sdJwtParts(token: string): SdJwtParts {
  const end = token.lastIndexOf('~');
  if (end < 0) throw refusedToken('form', 'it has no tilde');
  const [jwt = '', ...disclosures] = token.slice(0, end).split('~');
  if (disclosures.length > maxDisclosures) {
    throw refusedToken('form', `over ${String(maxDisclosures)} disclosures`);
  }
  const binding = token.slice(end + 1);
  return {
    jwt,
    disclosures,
    bound: token.slice(0, end + 1),
    ...(binding === '' ? {} : { binding }),
  };
}

/** Checks `disclosures` of a `payload`, whose digests `digestOf` makes; `CREDENTIAL_INVALID` naming `claims`. */
export function checkDisclosures(
  payload: Readonly<Record<string, unknown>>,
  disclosures: readonly string[],
  digestOf: (disclosure: string) => string,
): void {
  const byDigest = new Map<string, Disclosure>();
  for (const text of disclosures) byDigest.set(digestOf(text), readDisclosure(text));
  if (byDigest.size < disclosures.length) throw refusedToken('claims', 'a disclosure comes twice');
  const walk = new Walk(byDigest);
  walk.object(payload, 0, openClaims);
  for (const digest of byDigest.keys()) {
    if (!walk.referred.has(digest)) throw refusedToken('claims', 'a disclosure of nothing');
  }
}

/** Visits a payload with its disclosures in place. */
class Walk {
  readonly #byDigest: ReadonlyMap<string, Disclosure>;
  readonly referred = new Set<string>();

  constructor(byDigest: ReadonlyMap<string, Disclosure>) {
    this.#byDigest = byDigest;
  }

  object(
    value: Readonly<Record<string, unknown>>,
    depth: number,
    refusedNames: readonly string[] = ['_sd', '...'],
  ): void {
    const names = new Set(Object.keys(value));
    const { _sd: digests = [] } = value;
    if (!Array.isArray(digests)) throw refusedToken('claims', 'digests that are no list');
    for (const digest of digests as readonly unknown[]) {
      const disclosed = this.#take(digest);
      if (disclosed === undefined) continue;
      const { name } = disclosed;
      if (name === undefined || names.has(name) || refusedNames.includes(name)) {
        throw refusedToken('claims', 'a disclosure in the place of something else');
      }
      names.add(name);
      this.value(disclosed.value, depth + 1);
    }
    for (const [name, member] of Object.entries(value)) {
      if (name !== '_sd') this.value(member, depth + 1);
    }
  }

  value(value: unknown, depth: number): void {
    if (depth > maxDepth) throw refusedToken('form', 'nested too deeply');
    if (Array.isArray(value)) for (const item of value) this.#item(item, depth + 1);
    else if (isPlainObject(value)) this.object(value, depth);
  }

  #item(item: unknown, depth: number): void {
    if (!isPlainObject(item) || !('...' in item)) {
      this.value(item, depth);
      return;
    }
    const disclosed = this.#take(item['...']);
    if (Object.keys(item).length > 1 || disclosed?.name !== undefined) {
      throw refusedToken('claims', 'a disclosure in the place of something else');
    }
    if (disclosed !== undefined) this.value(disclosed.value, depth);
  }

  #take(digest: unknown): Disclosure | undefined {
    if (typeof digest !== 'string') throw refusedToken('claims', 'a digest that is none');
    // At once: disclosures that each refer to the next one twice would be walked for ever.
    if (this.referred.has(digest)) throw refusedToken('claims', 'a digest comes twice');
    this.referred.add(digest);
    return this.#byDigest.get(digest);
  }
}

function readDisclosure(text: string): Disclosure {
  let parts: unknown;
  let bytes: Bytes;
  try {
    bytes = fromBase64url(text);
    parts = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw refusedToken('form', 'a disclosure is not JSON in base64url', cause);
  }
  if (!Array.isArray(parts) || parts.length < 2 || parts.length > 3) {
    throw refusedToken('form', 'a disclosure is not an array of two or three');
  }
  const [salt, ...rest] = parts as readonly unknown[];
  if (typeof salt !== 'string') throw refusedToken('form', 'a disclosure without a salt');
  const [name, value] = rest;
  if (rest.length === 1) return { value: name };
  if (typeof name !== 'string') throw refusedToken('form', 'a disclosure without a name');
  return { name, value };
}
