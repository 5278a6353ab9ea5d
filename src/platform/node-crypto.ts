/**
 * The primitives of node:crypto. Keys are wrapped in KeyObjects once: OpenSSL 3.5 charges several times more for a
 * raw key at each call.
 * @module
 */
import * as crypto from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import type { AgreementKey, CryptoProvider, HashName } from '../ports/crypto.ts';
import { isSoundKey, isSoundSignature, key32, lowOrder, nobleCrypto } from './noble-crypto.ts';

// RFC 8410: the fixed DER heads before the 32 bytes of a key.
const heads = {
  ed25519Private: Buffer.from('302e020100300506032b657004220420', 'hex'),
  ed25519Public: Buffer.from('302a300506032b6570032100', 'hex'),
  x25519Private: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  x25519Public: Buffer.from('302a300506032b656e032100', 'hex'),
} as const;

const hashNames: Readonly<Record<HashName, string>> = {
  sha256: 'sha256',
  sha512: 'sha512',
  blake2s: 'blake2s256',
};

const tagLength = 16;
const publicKeys = new Map<string, crypto.KeyObject>();
const publicKeyLimit = 4_096;

/** The native provider. Verdicts on Ed25519 equal those of every other provider of the SDK. */
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
  agreementKey: (seed) => keyPair(heads.x25519Private, key32(seed, 'X25519')),
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
  signingKey(seed, type = 'Ed25519') {
    if (type !== 'Ed25519') return nobleCrypto.signingKey(seed, type);
    return { type, ...keyPair(heads.ed25519Private, key32(seed, type)) };
  },
  sign(key, message) {
    if (key.type !== 'Ed25519') return nobleCrypto.sign(key, message);
    return plain(crypto.sign(null, message, key.secret as crypto.KeyObject));
  },
  verify(key, message, signature) {
    if (key.type !== 'Ed25519') return nobleCrypto.verify(key, message, signature);
    const { publicKey } = key;
    if (!isSoundSignature(signature) || !isSoundKey(publicKey)) return false;
    return crypto.verify(null, message, cachedPublicKey(publicKey), signature);
  },
};

function keyPair(head: Buffer, seed: Uint8Array): { publicKey: Bytes; secret: crypto.KeyObject } {
  const der = Buffer.concat([head, seed]);
  const secret = crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  // Read from the JWK: making a public KeyObject just to export it takes twenty times as long.
  const { x = '' } = secret.export({ format: 'jwk' });
  return { publicKey: plain(Buffer.from(x, 'base64url')), secret };
}

function publicKeyObject(head: Buffer, publicKey: Uint8Array): crypto.KeyObject {
  const der = Buffer.concat([head, publicKey]);
  return crypto.createPublicKey({ key: der, format: 'der', type: 'spki' });
}

/** Importing costs more than a third of a verification, so the objects of recent Ed25519 keys are kept (bounded). */
function cachedPublicKey(publicKey: Uint8Array): crypto.KeyObject {
  const name = Buffer.from(publicKey).toString('latin1');
  let key = publicKeys.get(name);
  if (key === undefined) {
    key = publicKeyObject(heads.ed25519Public, publicKey);
    if (publicKeys.size >= publicKeyLimit) publicKeys.delete(publicKeys.keys().next().value!);
    publicKeys.set(name, key);
  }
  return key;
}

/** A Buffer's bytes as a plain Uint8Array, without a copy. */
function plain(buffer: Buffer): Bytes {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
