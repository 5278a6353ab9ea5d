/**
 * The arithmetic that one Noise XX handshake with signed static keys cannot do without, both ends, on node:crypto: no messages, no
 * state, no parsing. What a handshake takes beyond this is ours to save.
 * @module
 */
import * as crypto from 'node:crypto';

const identity = crypto.generateKeyPairSync('ed25519');
const statement = Buffer.alloc(64, 1);
const signature = crypto.sign(null, statement, identity.privateKey);
const { publicKey: peerKey, privateKey } = crypto.generateKeyPairSync('x25519');
const secret = crypto.createSecretKey(Buffer.alloc(32, 2));
const block = Buffer.alloc(64, 3);
const nonce = Buffer.alloc(12);

/** 2 key generations, 6 agreements, 2 verifications, 4 sealed parts opened, 24 HMACs, 18 hashes. */
export function bareHandshake(): undefined {
  for (let i = 0; i < 2; i += 1) crypto.generateKeyPairSync('x25519');
  for (let i = 0; i < 6; i += 1) crypto.diffieHellman({ privateKey, publicKey: peerKey });
  for (let i = 0; i < 2; i += 1) {
    if (!crypto.verify(null, statement, identity.publicKey, signature))
      throw new Error('unreachable');
  }
  for (let i = 0; i < 4; i += 1) open(seal(block));
  for (let i = 0; i < 24; i += 1) crypto.createHmac('sha256', secret).update(block).digest();
  for (let i = 0; i < 18; i += 1) crypto.createHash('sha256').update(block).digest();
}

const suite = 'chacha20-poly1305';
const tag = { authTagLength: 16 };

function seal(text: Buffer): Buffer {
  const cipher = crypto.createCipheriv(suite, secret, nonce, tag);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function open(sealed: Buffer): Buffer {
  const decipher = crypto.createDecipheriv(suite, secret, nonce, tag);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}
