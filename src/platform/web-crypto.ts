/**
 * The primitives of a browser: WebCrypto for signatures and key pairs, and noble, loaded when it is needed, for the rest.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from '../base/bytes.ts';
import { MeshError } from '../base/errors.ts';
import { loadOnce } from '../base/load-once.ts';
import type { CryptoProvider, SignatureKeyType, SigningKey } from '../ports/crypto.ts';
import { StrictVerifier } from './strict-verifier.ts';
import {
  derivePublicKey,
  importSecret,
  type SubtleSignatures,
  webSign,
  webSignatures,
} from './web-signatures.ts';

/** A key pair's secret; the browser's key is made when it is first used. */
interface WebSecret {
  readonly seed: Uint8Array;
  key?: Promise<CryptoKey>;
}

/** Half of the first load of a page, of which one that checks credentials by WebCrypto needs nothing. */
const loadNoble = loadOnce(async () => (await import('./noble-crypto.ts')).nobleCrypto);

/**
 * The provider over WebCrypto. Its verdicts equal those of every other provider of the SDK: a kind of key that the
 * browser does not know, or judges otherwise, is left to noble. Default `subtle`: the browser's own.
 */
export function createWebCrypto(subtle: SubtleSignatures = crypto.subtle): CryptoProvider {
  let noble: CryptoProvider | undefined;
  const complete = async (): Promise<CryptoProvider> => (noble ??= await loadNoble());
  const atOnce = (): CryptoProvider => {
    if (noble === undefined) throw new MeshError('NOT_STARTED', { what: 'what noble computes' });
    return noble;
  };
  const verifier = new StrictVerifier(webSignatures(subtle), {
    verify: (key, message, signature) => {
      if (noble !== undefined) return noble.verify(key, message, signature);
      // Whoever asked may use the buffers again.
      const [said, given] = [message.slice(), signature.slice()];
      return complete().then((loaded) => loaded.verify(key, said, given));
    },
  });
  const sign = async (key: SigningKey, message: Uint8Array) => {
    const secret = key.secret as WebSecret;
    const said = message.slice();
    try {
      if (await verifier.isTrusted(key.type)) {
        secret.key ??= importSecret(subtle, key, secret.seed);
        return await webSign(subtle, key.type, await secret.key, said);
      }
    } catch {
      // What the browser cannot do, noble does.
    }
    return await (await complete()).sign({ ...key, secret: secret.seed }, said);
  };
  const signingKey = (seed: Uint8Array, type?: SignatureKeyType): SigningKey => {
    const { secret, ...pair } = atOnce().signingKey(seed, type);
    return { ...pair, secret: { seed: secret as Uint8Array } satisfies WebSecret };
  };
  return {
    name: 'web',
    hash: (name, ...parts) =>
      name === 'sha256' ? Uint8Array.from(sha256(concat(...parts))) : atOnce().hash(name, ...parts),
    hmac: (...given) => atOnce().hmac(...given),
    hkdf: (...given) => atOnce().hkdf(...given),
    aead: (...given) => atOnce().aead(...given),
    agreementKey: (seed) => atOnce().agreementKey(seed),
    agree: (...given) => atOnce().agree(...given),
    signingKey,
    keyPair: async (seed, type = 'Ed25519') => {
      const given = Uint8Array.from(seed);
      try {
        if (type === 'Ed25519' && (await verifier.isTrusted(type))) {
          const publicKey = await derivePublicKey(subtle, given);
          const pair = { type, publicKey, secret: { seed: given } satisfies WebSecret };
          // Seen to be a pair before anybody relies on it.
          if (await verifier.verify(pair, given, await sign(pair, given))) return pair;
        }
      } catch {
        // What the browser cannot do, noble does.
      }
      await complete();
      return signingKey(given, type);
    },
    sign,
    verify: verifier.verify,
    complete: async () => {
      await complete();
    },
  };
}
