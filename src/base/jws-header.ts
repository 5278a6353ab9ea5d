/**
 * The header of a compact JWS: what it must say, and what it must not.
 * @module
 */
import { MeshError } from './errors.ts';
import { type Did, type DidUrl, splitDidUrl } from './ids.ts';
import { type AlgorithmFacts, algorithmOf } from './signature-kinds.ts';
import { tokenRefusal } from './token-refusals.ts';

/** A header that may be gone on with. */
export interface JwsHeader {
  readonly members: Readonly<Record<string, unknown>>;
  readonly algorithm: AlgorithmFacts;
  /** The key it names; undefined where `kid` is not an absolute DID URL. */
  readonly named: { readonly keyId: DidUrl; readonly did: Did } | undefined;
}

/** What a token must be of. */
export interface JwsTypes {
  /** Values of `typ`; `undefined` among them lets it be absent. */
  readonly typ: readonly (string | undefined)[];
  /** What `cty` must be where it is there. Default: whatever it says. */
  readonly cty?: string;
}

/** Header members by which a token would choose its own key (RFC 7515, section 4.1); following them proves nothing. */
const keyCarriers = ['jku', 'jwk', 'x5u', 'x5c'] as const;
/** Members after which the payload is not what it seems (RFC 7797, section 3; RFC 7516, section 4.1.3). */
const codings = ['b64', 'zip'] as const;

/** Checks all of a header but its types; throws `CREDENTIAL_INVALID` for `header`. */
export function readHeader(members: Readonly<Record<string, unknown>>): JwsHeader {
  const algorithm = algorithmOf(members['alg']);
  if (algorithm === undefined) throw tokenRefusal('header.alg');
  // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is.
  if ('crit' in members) throw tokenRefusal('header.crit');
  const carrier = keyCarriers.find((name) => name in members);
  if (carrier !== undefined) {
    throw tokenRefusal('header.key-carrier', `${carrier} would choose its own key`);
  }
  const coding = codings.find((name) => name in members);
  if (coding !== undefined) throw tokenRefusal('header.coding', `${coding} is not followed`);
  return { members, algorithm, named: namedKey(members['kid']) };
}

/** Throws `CREDENTIAL_INVALID` for `header` where it is of other types. */
export function checkTypes({ members }: JwsHeader, { typ, cty }: JwsTypes): void {
  if (!typ.some((name) => isMediaType(members['typ'], name))) {
    throw tokenRefusal('header.typ', `typ is not ${typ.filter(Boolean).join(' or ')}`);
  }
  if (cty !== undefined && 'cty' in members && !isMediaType(members['cty'], cty)) {
    throw tokenRefusal('header.cty');
  }
}

/** RFC 7515, section 4.1.9: a name without a slash stands for `application/` and the name. */
function isMediaType(value: unknown, name: string | undefined): boolean {
  return value === name || (name !== undefined && value === `application/${name}`);
}

function namedKey(kid: unknown): JwsHeader['named'] {
  if (typeof kid !== 'string' || kid.length > 600) return undefined;
  try {
    const { did, fragment } = splitDidUrl(kid);
    return fragment === '' ? undefined : { keyId: `${did}#${fragment}`, did };
  } catch (error) {
    if (!MeshError.is(error)) throw error;
    return undefined;
  }
}
