/**
 * SD-JWT inside a presentation: of the data model 2.0 (`vc+sd-jwt`; VC-JOSE-COSE, section 3.2) and of draft-ietf-oauth-sd-jwt-vc
 * (`dc+sd-jwt`), which is read as a credential whose type is its `vct`.
 * @module
 */
import { toBase64url, utf8 } from '../../base/bytes.ts';
import { keyIdOf, readCompactJws } from '../../base/compact-jws.ts';
import { isDidUrl, splitDidUrl } from '../../base/ids.ts';
import { isPlainObject } from '../../base/shape.ts';
import { refusedFor, refusedToken } from '../../base/token-refusals.ts';
import { platformGround } from '../../index.ts';
import type { CredentialForm, FormGround, Showing } from '../../ports/credential-form.ts';
import { credentialContext } from '../../schema/credential.ts';
import { checkDisclosures, type SdJwtParts, sdJwtParts } from './disclosures.ts';
import { sdJwtLibrary } from './library.ts';
import {
  checkBindingKey,
  checkBindingTerms,
  checkSignature,
  keyInJwk,
  keyOf,
} from './sd-jwt-vc.ts';

type Payload = Readonly<Record<string, unknown>>;

const maxLength = 131_072;
const mediaTypes = ['application/vc+sd-jwt', 'application/dc+sd-jwt'];

/**
 * Opens SD-JWT credentials for a client: `new MeshClient({ credentialForms: [sdJwtForm()] })`. Presentations that hold one throw
 * `MODULE_MISSING` without the package `@sd-jwt/sd-jwt-vc`.
 *
 * A key binding must be right where there is one. A credential that names its holder's key (`cnf`) needs one, unless the presentation
 * itself is by that key or by the DID that has it.
 */
export function sdJwtForm(): CredentialForm {
  return {
    mediaTypes,
    open: async (content, showing, ground) => {
      const { random } = await platformGround();
      const library = await sdJwtLibrary({ crypto: ground.crypto, random });
      const parts = sdJwtParts(content);
      const jws = readCompactJws(parts.jwt, { typ: ['vc+sd-jwt', 'dc+sd-jwt'], maxLength });
      const { keyId, did: signer } = keyIdOf(jws);
      const { payload } = jws;
      const { _sd_alg: algorithm = 'sha-256', cnf } = payload;
      if (algorithm !== 'sha-256') throw refusedToken('claims', 'a hash that is not taken');
      if (parts.binding !== undefined) checkBindingTerms(parts, showing, ground);
      const { key, ageMs } = await keyOf(keyId, 'assertionMethod', ground);
      await checkSignature(jws, key, ground);
      const digestOf = (text: string) => toBase64url(ground.crypto.hash('sha256', utf8(text)));
      checkDisclosures(payload, parts.disclosures, digestOf);
      await checkHolder(parts, cnf, showing, ground);
      const { _sd_alg: _, ...claims } = await library.claimsOf(parts.bound);
      const name = `urn:sd-jwt:${digestOf(jws.signingInput)}`;
      return { claims: credentialIn(claims, name), signer, signed: jws.signingInput, ageMs };
    },
  };
}

async function checkHolder(
  parts: SdJwtParts,
  cnf: unknown,
  { holder, key }: Showing,
  ground: FormGround,
): Promise<void> {
  if (parts.binding !== undefined) return checkBindingKey(parts, cnf, ground);
  if (cnf === undefined) return;
  const { kid, jwk } = isPlainObject(cnf) ? cnf : {};
  if (typeof kid === 'string' && isDidUrl(kid) && splitDidUrl(kid).did === holder) return;
  const named = isPlainObject(jwk) ? keyInJwk(jwk) : undefined;
  const isSame =
    named !== undefined &&
    named.type === key?.type &&
    toBase64url(named.publicKey) === toBase64url(key.publicKey);
  if (!isSame) throw refusedToken('binding', 'it is bound to a key that nobody shows');
}

/** What it claims, in the words of the data model 2.0. */
function credentialIn(claims: Payload, name: string): Payload {
  if ('@context' in claims) return { id: name, ...claims };
  const { vct, iss, sub, jti: _jti, exp, nbf, iat: _, cnf, status, ...rest } = claims;
  if (typeof vct !== 'string') throw refusedToken('claims', 'neither @context nor vct');
  if (status !== undefined) {
    throw refusedFor('status.unreachable', 'a Token Status List is not looked up here');
  }
  const id = sub ?? holderIn(cnf);
  return {
    '@context': [credentialContext],
    id: name,
    type: ['VerifiableCredential', vct],
    issuer: iss,
    credentialSubject: id === undefined ? rest : { ...rest, id },
    ...(exp === undefined ? {} : { exp }),
    ...(nbf === undefined ? {} : { nbf }),
  };
}

/** Who holds the key it is bound to is whom it is about, where it does not say. */
function holderIn(cnf: unknown): string | undefined {
  const kid: unknown = isPlainObject(cnf) ? cnf['kid'] : undefined;
  return typeof kid === 'string' && isDidUrl(kid) ? splitDidUrl(kid).did : undefined;
}
