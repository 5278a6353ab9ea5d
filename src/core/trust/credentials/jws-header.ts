/**
 * The header of a compact JWS: what it must say, and what it must not.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import { type Did, type DidUrl, splitDidUrl } from '../../../base/ids.ts';
import { type AlgorithmFacts, algorithmOf } from '../../../base/signature-kinds.ts';
import { refusal } from './refusals.ts';

/** A header that may be gone on with. */
export interface JwsHeader {
  readonly members: Readonly<Record<string, unknown>>;
  readonly algorithm: AlgorithmFacts;
  /** The key it names; undefined where `kid` is not an absolute DID URL. */
  readonly named: { readonly keyId: DidUrl; readonly did: Did } | undefined;
}

/** Header members by which a token would choose its own key (RFC 7515, section 4.1); following them proves nothing. */
const keyCarriers = ['jku', 'jwk', 'x5u', 'x5c'] as const;

/** Checks the header of a token of type `typ`; throws `CREDENTIAL_INVALID` for `header`. */
export function readHeader(members: Readonly<Record<string, unknown>>, typ: string): JwsHeader {
  const algorithm = algorithmOf(members['alg']);
  if (algorithm === undefined) throw refusal('header.alg');
  if (!isMediaType(members['typ'], typ)) throw refusal('header.typ', `typ is not ${typ}`);
  if ('cty' in members && !isMediaType(members['cty'], contentOf(typ))) throw refusal('header.cty');
  // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is.
  if ('crit' in members) throw refusal('header.crit');
  const carrier = keyCarriers.find((name) => name in members);
  if (carrier !== undefined) {
    throw refusal('header.key-carrier', `${carrier} would choose its own key`);
  }
  return { members, algorithm, named: namedKey(members['kid']) };
}

/** Content type of a token of type `typ` (VC-JOSE-COSE, section 3.1): `vc` for `vc+jwt`. */
export function contentOf(typ: string): string {
  return typ.slice(0, typ.indexOf('+'));
}

/** RFC 7515, section 4.1.9: a name without a slash stands for `application/` and the name. */
function isMediaType(value: unknown, name: string): boolean {
  return value === name || value === `application/${name}`;
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

/** The headers of one issuer's tokens are all alike, so those read last are remembered by their text. Reading one is pure. */
export class HeaderMemory {
  readonly #headers = new Map<string, JwsHeader>();

  /** What was kept for `part` as the header of a token of type `typ`. */
  get(part: string, typ: string): JwsHeader | undefined {
    const header = this.#headers.get(part);
    return header !== undefined && isMediaType(header.members['typ'], typ) ? header : undefined;
  }

  set(part: string, header: JwsHeader): void {
    if (part.length > longest) return;
    this.#headers.set(part, header);
    if (this.#headers.size > limit) this.#headers.delete(this.#headers.keys().next().value!);
  }
}

/** Headers remembered, and the characters of the longest. */
const limit = 512;
const longest = 1_024;
