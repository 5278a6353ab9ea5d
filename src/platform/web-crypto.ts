/**
 * The primitives of a browser: WebCrypto for signatures, noble for what must be answered at once.
 * @module
 */
import type { CryptoProvider } from '../ports/crypto.ts';
import { nobleCrypto } from './noble-crypto.ts';
import { StrictVerifier } from './strict-verifier.ts';
import { importSecret, type SubtleSignatures, webSign, webSignatures } from './web-signatures.ts';

/** A key pair's secret; the browser's key is made when it is first used. */
interface WebSecret {
  readonly seed: Uint8Array;
  key?: Promise<CryptoKey>;
}

/**
 * The provider over WebCrypto. Its verdicts equal those of every other provider of the SDK: a kind of key that the
 * browser does not know, or judges otherwise, is left to noble. Default `subtle`: the browser's own.
 */
export function createWebCrypto(subtle: SubtleSignatures = crypto.subtle): CryptoProvider {
  const verifier = new StrictVerifier(webSignatures(subtle), nobleCrypto);
  return {
    ...nobleCrypto,
    name: 'web',
    signingKey: (seed, type = 'Ed25519') => {
      const { publicKey, secret } = nobleCrypto.signingKey(seed, type);
      return { type, publicKey, secret: { seed: secret as Uint8Array } satisfies WebSecret };
    },
    sign: async (key, message) => {
      const secret = key.secret as WebSecret;
      // Whoever asked may use the buffer again.
      const said = message.slice();
      try {
        if (await verifier.isTrusted(key.type)) {
          secret.key ??= importSecret(subtle, key, secret.seed);
          return await webSign(subtle, key.type, await secret.key, said);
        }
      } catch {
        // What the browser cannot do, noble does.
      }
      return await nobleCrypto.sign({ ...key, secret: secret.seed }, said);
    },
    verify: verifier.verify,
  };
}
