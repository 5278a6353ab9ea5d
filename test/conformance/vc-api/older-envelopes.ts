/**
 * Envelopes of media type `application/jwt`: documents of the data model 2.0 under `vc` or `vp` in a JWT, as VC 1.1 secured its own. The
 * data model lets any securing mechanism be used and the official suite uses this one; the SDK itself takes `vc+jwt` and `vp+jwt`
 * alone, whose rules (VC-JOSE-COSE, section 3) forbid both claims.
 */
import { utf8 } from '../../../src/base/bytes.ts';
import { keyIdOf, readCompactJws } from '../../../src/base/compact-jws.ts';
import { isPlainObject } from '../../../src/base/shape.ts';
import { refusedToken } from '../../../src/base/token-refusals.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { KeySource } from '../../../src/ports/key-source.ts';
import { identifierOf, type VcDocument } from '../../../src/schema/vc-data-model.ts';

/** What was under `vc` or `vp`, and the claims beside it. */
export interface OlderEnvelope {
  readonly document: VcDocument;
  readonly claims: VcDocument;
}

/** Opens an envelope whose signature is by who speaks in it; throws what is wrong with it. */
export async function olderEnvelope(
  token: string,
  name: 'vc' | 'vp',
  keys: KeySource,
): Promise<OlderEnvelope> {
  const jws = readCompactJws(token, { typ: ['JWT', undefined] });
  const { payload, keyType, signingInput, signature } = jws;
  const { keyId, did } = keyIdOf(jws);
  const document = payload[name];
  if (!isPlainObject(document)) throw refusedToken('claims', `no object under ${name}`);
  const speaker = identifierOf(document['issuer'] ?? document['holder']) ?? did;
  if (payload['iss'] !== did || speaker !== did) {
    throw refusedToken('issuer', 'issuer, iss and kid are not one');
  }
  const purpose = name === 'vc' ? 'assertionMethod' : 'authentication';
  const { key } = await keys.keyOf(keyId, { purpose });
  const good =
    key.type === keyType && (await nodeCrypto.verify(key, utf8(signingInput), signature));
  if (!good) throw refusedToken('signature', 'it was not signed with that key');
  return { document, claims: payload };
}
