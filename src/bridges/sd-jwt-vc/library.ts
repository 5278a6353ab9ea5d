/**
 * The library `@sd-jwt/sd-jwt-vc`: it packs and unpacks disclosures. What is signed by whom is judged outside of it.
 * @module
 */
import { toBase64url, utf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { loadOnce } from '../../base/load-once.ts';
import { refusedToken } from '../../base/token-refusals.ts';
import type { Signer } from '../../ports/signer.ts';
import type { SdJwtVcTools } from './types.ts';

const load = loadOnce(async () => {
  try {
    return await import('@sd-jwt/sd-jwt-vc');
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const params = { feature: 'sdJwtVc', module: '@sd-jwt/sd-jwt-vc' };
    throw new MeshError('MODULE_MISSING', params, { cause });
  }
});

/** What the library does here. */
export interface SdJwtLibrary {
  issue(payload: object, disclosable: readonly string[], keyId: string): Promise<string>;
  present(token: string, disclose: readonly string[], kb: KbClaims): Promise<string>;
  /** Claims of a token that was found good already, with what it discloses in place. */
  claimsOf(token: string): Promise<Readonly<Record<string, unknown>>>;
}

interface KbClaims {
  readonly iat: number;
  readonly aud: string;
  readonly nonce: string;
}

/** The library with our hash, our salts and the key of `signer`. */
export async function sdJwtLibrary(
  { crypto, random }: Pick<SdJwtVcTools, 'crypto' | 'random'>,
  signer?: Signer,
): Promise<SdJwtLibrary> {
  const { SDJwtVcInstance } = await load();
  const sign = async (data: string) => {
    if (signer === undefined) throw refusedToken('signature', 'nobody signs here');
    return toBase64url(await signer.sign(utf8(data)));
  };
  const alg = signer?.algorithm ?? 'none';
  const instance = new SDJwtVcInstance({
    hasher: (data) =>
      crypto.hash('sha256', typeof data === 'string' ? utf8(data) : new Uint8Array(data)),
    hashAlg: 'sha-256',
    // RFC 9901, section 9.3: at least 128 bits. The library asks for 16 characters, which would be 96.
    saltGenerator: () => toBase64url(random.bytes(16)),
    signer: sign,
    signAlg: alg,
    kbSigner: sign,
    kbSignAlg: alg,
  });
  return {
    issue: (payload, disclosable, keyId) =>
      instance.issue(payload as never, { _sd: [...disclosable] } as never, {
        header: { kid: keyId },
      }),
    present: (token, disclose, payload) => {
      const frame = Object.fromEntries(disclose.map((name) => [name, true]));
      return instance.present(token, frame, { kb: { payload } });
    },
    // Not `verify`: it would fetch status lists from wherever the token says.
    claimsOf: async (token) =>
      (await instance.getClaims(token)) as Readonly<Record<string, unknown>>,
  };
}
