/**
 * The did:key method: the identifier is the key. Source: the did:key method 0.9 of W3C CCG, section 3.1.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { decompress } from '../../../base/curve-point.ts';
import { isEdwardsPoint, montgomeryOf } from '../../../base/edwards-point.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import type { TypedKey } from '../../../base/jwk.ts';
import { fromMultikey, toMultikey } from '../../../base/multiformat.ts';
import type { DidDocument } from '../../../schema/did-document.ts';

/**
 * The document of a did:key. A key that signs may do everything but agree on secrets; an Ed25519 key comes with the X25519 key
 * of the same secret, which may do only that, as may an X25519 key by itself. Throws `DID_INVALID` for other kinds and for
 * bytes that are no key.
 */
export function keyDocument(did: Did): DidDocument {
  const key = keyIn(did);
  const method = methodOf(did, did.slice(prefix.length));
  const agreement = checkedAgreement(did, key);
  const context = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'];
  const signs = key.type === 'X25519' ? [] : [method.id];
  const agrees = agreement === undefined ? [] : [methodOf(did, toMultikey('X25519', agreement))];
  return {
    '@context': context,
    id: did,
    verificationMethod: signs.length === 0 ? agrees : [method, ...agrees],
    authentication: signs,
    assertionMethod: signs,
    ...(signs.length > 0 && { capabilityInvocation: signs, capabilityDelegation: signs }),
    ...(agrees.length > 0 && { keyAgreement: agrees.map(({ id }) => id) }),
  };
}

const prefix = 'did:key:';

/** The bytes in a did:key; `DID_INVALID` unless they have the length of a kind. Whether they are a point is not looked at. */
export function keyIn(did: Did): TypedKey {
  try {
    return fromMultikey(did.slice(prefix.length));
  } catch (cause) {
    throw new MeshError('DID_INVALID', { did, detail: 'not a Multikey' }, { cause });
  }
}

/** The X25519 key that comes with `key`, which is seen to be a point on the way. */
function checkedAgreement(did: Did, { type, publicKey }: TypedKey): Bytes | undefined {
  if (type === 'X25519') return publicKey;
  const agreement = type === 'Ed25519' ? montgomeryOf(publicKey) : undefined;
  if (agreement !== undefined) return agreement;
  const isPoint =
    type === 'Ed25519' ? isEdwardsPoint(publicKey) : decompress(type, publicKey) !== undefined;
  if (isPoint) return undefined;
  throw new MeshError('DID_INVALID', { did, detail: 'its bytes are no point of the curve' });
}

function methodOf(did: Did, multikey: string) {
  const id = `${did}#${multikey}` as const;
  return { id, type: 'Multikey', controller: did, publicKeyMultibase: multikey };
}
