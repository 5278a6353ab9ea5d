/**
 * The primitives of node:crypto. Keys are wrapped in KeyObjects once: node:crypto 24 takes several times longer with a raw key
 * at each call.
 * @module
 */
import * as crypto from 'node:crypto';
import { fromHex } from '../base/bytes.ts';
import type { AgreementKey, CryptoProvider, HashName } from '../ports/crypto.ts';
import { key32, lowOrder, nobleCrypto } from './noble-crypto.ts';
import { privateKeyObject, publicHalf, publicKeyObject } from './node-keys.ts';
import { nodeSign, nodeSignatures, nodeSigningKey, plain } from './node-signatures.ts';
import { StrictVerifier } from './strict-verifier.ts';

// RFC 8410: the fixed DER heads before the 32 bytes of a key.
const heads = {
  x25519Private: fromHex('302e020100300506032b656e04220420'),
  x25519Public: fromHex('302a300506032b656e032100'),
} as const;

const hashNames: Readonly<Record<HashName, string>> = {
  sha256: 'sha256',
  sha512: 'sha512',
  blake2s: 'blake2s256',
};

const tagLength = 16;
const verifier = new StrictVerifier(nodeSignatures, nobleCrypto);

/** The native provider. Its verdicts equal those of every other provider of the SDK. */
export const nodeCrypto: CryptoProvider = {
  name: 'node',
  hash(name, ...parts) {
    const state = crypto.createHash(hashNames[name]);
    for (const part of parts) state.update(part);
    return plain(state.digest());
  },
  hmac(name, key, ...parts) {
    const state = crypto.createHmac(hashNames[name], crypto.createSecretKey(key));
    for (const part of parts) state.update(part);
    return plain(state.digest());
  },
  hkdf(name, salt, material, length) {
    const secret = crypto.createSecretKey(material);
    return new Uint8Array(crypto.hkdfSync(hashNames[name], secret, salt, '', length));
  },
  aead(name, key) {
    const secret = crypto.createSecretKey(key32(key, name));
    // One signature serves both ciphers; node:crypto types them apart.
    const algorithm = name as 'chacha20-poly1305';
    const options = { authTagLength: tagLength };
    return {
      seal(nonce, associated, plaintext) {
        const cipher = crypto.createCipheriv(algorithm, secret, nonce, options);
        cipher.setAAD(associated, { plaintextLength: plaintext.length });
        const sealed = new Uint8Array(plaintext.length + tagLength);
        sealed.set(cipher.update(plaintext), 0);
        cipher.final();
        sealed.set(cipher.getAuthTag(), plaintext.length);
        return sealed;
      },
      open(nonce, associated, ciphertext) {
        const length = ciphertext.length - tagLength;
        if (length < 0) return undefined;
        const decipher = crypto.createDecipheriv(algorithm, secret, nonce, options);
        decipher.setAAD(associated, { plaintextLength: length });
        decipher.setAuthTag(ciphertext.subarray(length));
        const opened = decipher.update(ciphertext.subarray(0, length));
        try {
          decipher.final();
        } catch {
          return undefined;
        }
        return plain(opened);
      },
    };
  },
  agreementKey(seed) {
    const secret = privateKeyObject('PRIVATE KEY', heads.x25519Private, key32(seed, 'X25519'));
    return { publicKey: plain(publicHalf(secret)), secret };
  },
  agree(key: AgreementKey, publicKey) {
    const theirs = key32(publicKey, 'X25519');
    try {
      return plain(
        crypto.diffieHellman({
          privateKey: key.secret as crypto.KeyObject,
          publicKey: publicKeyObject(heads.x25519Public, theirs),
        }),
      );
    } catch (cause) {
      throw lowOrder(cause);
    }
  },
  signingKey: (seed, type = 'Ed25519') =>
    // Not every build of OpenSSL, and not every runtime with node:crypto, knows every curve.
    verifier.isTrusted(type) === true
      ? nodeSigningKey(seed, type)
      : nobleCrypto.signingKey(seed, type),
  sign: (key, message) =>
    key.secret instanceof crypto.KeyObject
      ? nodeSign(key, message)
      : nobleCrypto.sign(key, message),
  verify: verifier.verify,
};
