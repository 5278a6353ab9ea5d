/**
 * The did:key method: the identifier is the key. Source: the did:key method 0.9 of W3C CCG, section 3.1.
 * @module
 */
import { decompress } from '../../base/curve-point.ts';
import { isEdwardsPoint, montgomeryOf } from '../../base/edwards-point.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { TypedKey } from '../../base/jwk.ts';
import { fromMultikey, toMultikey } from '../../base/multiformat.ts';
import type { DidDocument } from '../../schema/did-document.ts';

/**
 * The document of a did:key. A key that signs may do everything but agree on secrets; an Ed25519 key comes with the X25519 key
 * of the same secret, which may do only that, as may an X25519 key by itself. Throws `DID_INVALID` for other kinds and for
 * bytes that are no key.
 */
export function keyDocument(did: Did): DidDocument {
  const multikey = did.slice('did:key:'.length);
  const key = readKey(did, multikey);
  const method = methodOf(did, multikey);
  const agreement = agreementOf(key);
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

function readKey(did: Did, multikey: string): TypedKey {
  try {
    const key = fromMultikey(multikey);
    if (isKey(key)) return key;
  } catch (cause) {
    throw new MeshError('DID_INVALID', { did, detail: 'not a Multikey' }, { cause });
  }
  throw new MeshError('DID_INVALID', { did, detail: 'its bytes are no point of the curve' });
}

function isKey({ type, publicKey }: TypedKey): boolean {
  if (type === 'X25519') return true;
  if (type === 'Ed25519') return isEdwardsPoint(publicKey);
  return decompress(type, publicKey) !== undefined;
}

function agreementOf({ type, publicKey }: TypedKey): TypedKey['publicKey'] | undefined {
  if (type === 'X25519') return publicKey;
  return type === 'Ed25519' ? montgomeryOf(publicKey) : undefined;
}

function methodOf(did: Did, multikey: string) {
  const id = `${did}#${multikey}` as const;
  return { id, type: 'Multikey', controller: did, publicKeyMultibase: multikey };
}
