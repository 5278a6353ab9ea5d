/**
 * The did:jwk method: the identifier is a JSON Web Key. Source: the did:jwk method specification (quartzjer/did-jwk).
 * @module
 */
import { fromBase64url, fromUtf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Did } from '../../../base/ids.ts';
import { fromJwk } from '../../../base/jwk.ts';
import { parseJson } from '../../../base/shape.ts';
import type { DidDocument } from '../../../schema/did-document.ts';
import { publicJwkShape } from '../../../schema/verification-method.ts';

/**
 * The document of a did:jwk: one key, named `#0`. What it may do follows from the `use` of the JWK. Throws `DID_INVALID` for what
 * is no public key of a kind this SDK knows.
 */
export function jwkDocument(did: Did): DidDocument {
  const publicKeyJwk = readJwk(did);
  const id = `${did}#0` as const;
  const signs = publicKeyJwk.use === 'enc' ? [] : [id];
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
    id: did,
    verificationMethod: [{ id, type: 'JsonWebKey2020', controller: did, publicKeyJwk }],
    authentication: signs,
    assertionMethod: signs,
    ...(signs.length > 0 && { capabilityInvocation: signs, capabilityDelegation: signs }),
    ...(publicKeyJwk.use !== 'sig' && { keyAgreement: [id] }),
  };
}

function readJwk(did: Did) {
  try {
    const text = fromUtf8(fromBase64url(did.slice('did:jwk:'.length)));
    const jwk = parseJson(text, publicJwkShape, 'jwk');
    const { use: _, key_ops: __, alg: ___, ...bare } = jwk;
    fromJwk(bare);
    return jwk;
  } catch (cause) {
    if (!MeshError.is(cause)) throw cause;
    throw new MeshError('DID_INVALID', { did, detail: cause.message }, { cause });
  }
}
