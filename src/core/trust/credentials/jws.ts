/**
 * Compact JWS as credentials and presentations use it (VC-JOSE-COSE, section 3.1).
 * @module
 */
import { type Bytes, toBase64url, utf8 } from '../../../base/bytes.ts';
import { type CompactJws, maxTokenLength, readCompactJws } from '../../../base/compact-jws.ts';
import { MeshError } from '../../../base/errors.ts';
import { loadOnce } from '../../../base/load-once.ts';
import { algorithmOf } from '../../../base/signature-kinds.ts';
import type { Signer } from '../../../ports/signer.ts';
import { lowS } from './low-s.ts';

/** Type of the tokens of credentials (VC-JOSE-COSE, section 3.1.1). */
export const credentialType = 'vc+jwt';

/**
 * Takes `token` of type `typ` (`vc+jwt` or `vp+jwt`) apart, the cheap checks first; throws `CREDENTIAL_INVALID` with a `form` or
 * `header` reason.
 */
export function parseJws(token: string, typ: string, maxLength = maxTokenLength): CompactJws {
  return readCompactJws(token, { typ: [typ], cty: contentOf(typ), maxLength });
}

/** Content type of a token of type `typ`: `vc` for `vc+jwt`. */
function contentOf(typ: string): string {
  return typ.slice(0, typ.indexOf('+'));
}

/** The library behind {@link signJws}. */
export const loadDidJwt = loadOnce(() => import('did-jwt'));

/**
 * Signs `payload` as a compact JWS of type `typ`; did-jwt is loaded on first use. Throws `LIMIT_EXCEEDED` for a token that is too
 * long, `KEY_INVALID` for a signer whose signatures have not the form of JWS (DER, say).
 */
export async function signJws(
  payload: object,
  typ: string,
  holder: Pick<Signer, 'algorithm' | 'keyId' | 'sign' | 'current'>,
  maxLength = maxTokenLength,
): Promise<string> {
  // One key for header and signature, also when it is replaced in between.
  const signer = holder.current ?? holder;
  const header = { alg: signer.algorithm, typ, cty: contentOf(typ), kid: signer.keyId };
  const sign = async (data: string | Uint8Array): Promise<string> =>
    toBase64url(await signatureOf(typeof data === 'string' ? utf8(data) : data, signer));
  const token = await compact(payload, header, sign);
  if (token.length <= maxLength) return token;
  const params = { what: 'a credential', limit: maxLength, got: token.length };
  throw new MeshError('LIMIT_EXCEEDED', params);
}

async function compact(
  payload: object,
  header: { alg: string; typ: string; cty: string; kid: string },
  sign: (data: string | Uint8Array) => Promise<string>,
): Promise<string> {
  if (header.alg === 'ES384' || header.alg === 'ES512') {
    // did-jwt knows the smaller curves only.
    const encode = (part: object): string => toBase64url(utf8(JSON.stringify(part)));
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${await sign(input)}`;
  }
  const { createJWS } = await loadDidJwt();
  // did-jwt types `typ` as 'JWT' alone; at run time it writes what it is given.
  return createJWS(payload, sign, { ...header, typ: header.typ as 'JWT' });
}

async function signatureOf(
  message: Uint8Array,
  signer: Pick<Signer, 'algorithm' | 'keyId' | 'sign'>,
): Promise<Bytes> {
  const { algorithm, keyId } = signer;
  const signature = await signer.sign(message);
  const expected = algorithmOf(algorithm)?.length;
  if (signature.length !== expected) {
    const detail = `its signatures have ${String(signature.length)} bytes, ${algorithm} needs ${String(expected)}`;
    throw new MeshError('KEY_INVALID', { key: keyId, detail });
  }
  return algorithm === 'ES256K' ? lowS(signature) : signature;
}
