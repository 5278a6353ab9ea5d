/**
 * One public key of a DID document, in any of the forms that documents of the world have.
 * Sources: W3C Controlled Identifiers 1.0, section 2.2 (Multikey, JsonWebKey); DID Core 1.0, section 5.2; the suites of 2018 to 2020
 * are read as they were registered, and never written.
 * @module
 */
import { type Bytes, fromHex } from '../base/bytes.ts';
import { decompress } from '../base/curve-point.ts';
import { MeshError } from '../base/errors.ts';
import { type Did, type DidUrl, isDidUrl } from '../base/ids.ts';
import { fromJwk, type PublicJwk, type TypedKey } from '../base/jwk.ts';
import { fromMultibase, fromMultikey, type KeyType } from '../base/multiformat.ts';
import { list, object, optional, refused, type Shape, text } from '../base/shape.ts';
import { did } from './words.ts';

/** A public key of a document. Which kinds can be used, {@link publicKeyOf} says; others are kept and passed on. */
export interface VerificationMethod {
  readonly id: DidUrl;
  /** `Multikey` or `JsonWebKey` where this SDK writes it. */
  readonly type: string;
  readonly controller: Did;
  /** Multikey text (multicodec prefix and key, base58btc). */
  readonly publicKeyMultibase?: string;
  readonly publicKeyJwk?: PublicJwk;
  /** Only read, in `Ed25519VerificationKey2018` and its contemporaries. */
  readonly publicKeyBase58?: string;
  /** Only read, likewise. */
  readonly publicKeyHex?: string;
  /** An account on a chain (CAIP-10), which is the hash of a key, not a key. */
  readonly blockchainAccountId?: string;
}

/** A key that signatures can be checked with: raw bytes for Ed25519, a compressed SEC 1 point otherwise. */
export interface VerificationKey {
  readonly type: Exclude<KeyType, 'X25519'>;
  readonly publicKey: Bytes;
}

const member = text({ max: 700 });

/** Parser of public keys as JWK; one that shows its secret is refused. */
export const publicJwkShape: Shape<PublicJwk> = (value, at) => {
  const jwk = object({
    kty: text({ max: 16 }),
    crv: optional(text({ max: 32 })),
    x: optional(member),
    y: optional(member),
    alg: optional(text({ max: 64 })),
    use: optional(text({ max: 64 })),
    kid: optional(text({ max: 700 })),
    key_ops: optional(list(text({ max: 64 }), { max: 16 })),
  })(value, at) as PublicJwk;
  // DID Core, section 5.2.1: a document must not show the private part.
  if ('d' in jwk || 'k' in jwk) throw refused(at, 'a public key', 'one with its secret');
  return jwk;
};

/** A DID URL with a fragment. */
export const methodId: Shape<DidUrl> = (value, at) => {
  const checked = text({ max: 4_200 })(value, at);
  if (!isDidUrl(checked)) throw refused(at, 'a DID URL with a fragment', value);
  return checked;
};

/** Parser of verification methods with an absolute id. */
export const verificationMethodShape: Shape<VerificationMethod> = (value, at) =>
  object({
    id: methodId,
    type: text({ min: 1, max: 128 }),
    controller: did,
    publicKeyMultibase: optional(member),
    publicKeyJwk: optional(publicJwkShape),
    publicKeyBase58: optional(member),
    publicKeyHex: optional(member),
    blockchainAccountId: optional(member),
  })(value, at);

/**
 * The key of `method` if signatures can be checked with it; undefined for kinds this SDK does not know, keys for
 * agreement or encryption, and methods that hold no key or more than one. Whether its holder may sign with it stands in
 * the document's relationships, not here.
 */
export function publicKeyOf(method: VerificationMethod): VerificationKey | undefined {
  const key = typedKeyOf(method);
  if (key === undefined || key.type === 'X25519') return undefined;
  return { type: key.type, publicKey: key.publicKey };
}

/** The X25519 key of `method`, for agreement; undefined for every other kind. */
export function agreementKeyOf(method: VerificationMethod): Bytes | undefined {
  const key = typedKeyOf(method);
  return key?.type === 'X25519' ? key.publicKey : undefined;
}

function typedKeyOf(method: VerificationMethod): TypedKey | undefined {
  const present = keyMembers.filter((name) => method[name] !== undefined);
  const [only] = present;
  if (only === undefined || present.length > 1) return undefined;
  const allowed = typesOf(method.type, only);
  if (allowed === undefined) return undefined;
  try {
    const key = readKey(method, only);
    return key !== undefined && allowed.includes(key.type) ? key : undefined;
  } catch (error) {
    if (MeshError.is(error)) return undefined;
    throw error;
  }
}

const keyMembers = [
  'publicKeyMultibase',
  'publicKeyJwk',
  'publicKeyBase58',
  'publicKeyHex',
] as const;
type KeyMember = (typeof keyMembers)[number];

const every: readonly KeyType[] = ['Ed25519', 'X25519', 'P-256', 'P-384', 'P-521', 'secp256k1'];
const suite: readonly KeyMember[] = ['publicKeyMultibase', 'publicKeyJwk'];
const old: readonly KeyMember[] = ['publicKeyJwk', 'publicKeyBase58', 'publicKeyHex'];

/** What each type of method may hold, and where. */
const methodTypes: Readonly<
  Record<string, { readonly keys: readonly KeyType[]; readonly in: readonly KeyMember[] }>
> = {
  Multikey: { keys: every, in: ['publicKeyMultibase'] },
  JsonWebKey: { keys: every, in: ['publicKeyJwk'] },
  JsonWebKey2020: { keys: every, in: ['publicKeyJwk'] },
  Ed25519VerificationKey2020: { keys: ['Ed25519'], in: suite },
  Ed25519VerificationKey2018: { keys: ['Ed25519'], in: old },
  X25519KeyAgreementKey2020: { keys: ['X25519'], in: suite },
  X25519KeyAgreementKey2019: { keys: ['X25519'], in: old },
  EcdsaSecp256k1VerificationKey2019: { keys: ['secp256k1'], in: old },
  P256Key2021: { keys: ['P-256'], in: [...suite, 'publicKeyBase58'] },
  P384Key2021: { keys: ['P-384'], in: [...suite, 'publicKeyBase58'] },
  P521Key2021: { keys: ['P-521'], in: [...suite, 'publicKeyBase58'] },
};

function typesOf(type: string, holder: KeyMember): readonly KeyType[] | undefined {
  const known = Object.hasOwn(methodTypes, type) ? methodTypes[type] : undefined;
  return known?.in.includes(holder) === true ? known.keys : undefined;
}

function readKey(method: VerificationMethod, holder: KeyMember): TypedKey | undefined {
  switch (holder) {
    case 'publicKeyMultibase':
      return fromMultikey(method.publicKeyMultibase!);
    case 'publicKeyJwk':
      return fromJwk(method.publicKeyJwk!);
    case 'publicKeyBase58':
      return bareKey(method.type, fromMultibase(`z${method.publicKeyBase58!}`));
    case 'publicKeyHex':
      return bareKey(method.type, fromHex(method.publicKeyHex!));
  }
}

/** Key bytes without a prefix: the type of the method says what they are. */
function bareKey(methodType: string, bytes: Bytes): TypedKey | undefined {
  const type = methodTypes[methodType]!.keys[0]!;
  const isCurve = type !== 'Ed25519' && type !== 'X25519';
  const fits = isCurve ? decompress(type, bytes) !== undefined : bytes.length === 32;
  return fits ? { type, publicKey: bytes } : undefined;
}
