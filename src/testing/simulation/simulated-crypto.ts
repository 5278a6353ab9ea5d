/**
 * Cryptography for a world without attackers outside it: at once, alike on every platform, a hundred times as fast.
 * @module
 */
import { type Bytes, concat, equalBytes } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { hashOf } from '../../base/hashes.ts';
import type { Aead, CryptoProvider } from '../../ports/crypto.ts';
import { Mixer } from './mixer.ts';

const keyLength = 32;
const tagLength = 16;

/**
 * Keeps every promise of the port within one simulation, and none outside it. Hashes are the real ones, since content ids
 * are compared with what other code computes. Whoever has no secret key can neither sign nor agree, since this object
 * alone knows which secret is behind a public key; a changed byte is found by its tag. Sealed text stays readable, which
 * lets a trace say what a message is. `watch` is told when something opens out of the order in which it was sealed.
 */
export function simulatedCrypto(
  watch: (order: RecordOrder) => void = () => undefined,
): CryptoProvider {
  const orders = new Map<number, Order>();
  const signing = new KeyTable('Ed25519');
  const agreement = new KeyTable('X25519');
  return {
    name: simulatedCryptoName,
    hash: (name, ...parts) => hashOf(name, ...parts),
    hmac: (name, key, ...parts) => {
      const mixer = new Mixer().text(name).bytes(key);
      return mixer
        .bytes(parts.length === 1 ? parts[0]! : concat(...parts))
        .digest(name === 'sha512' ? 64 : 32);
    },
    hkdf: (name, salt, material, length) =>
      new Mixer().text(name).bytes(salt).bytes(material).digest(length),
    aead: (name, key) =>
      readableAead(new Mixer().text(name).bytes(sized(key, name)).digest(keyLength), orders, watch),
    agreementKey: (seed) => agreement.add(seed),
    agree: (key, publicKey) => {
      const theirs = agreement.secretOf(sized(publicKey, 'X25519'));
      if (theirs === undefined) {
        throw new MeshError('KEY_INVALID', { key: 'X25519', detail: 'nobody has its secret' });
      }
      const mine = key.secret as Bytes;
      return new Mixer()
        .text('agree')
        .bytes(mine.map((byte, i) => byte ^ theirs[i]!))
        .digest(32);
    },
    signingKey: (seed, type = 'Ed25519') => ({ type, ...signing.add(seed) }),
    sign: (key, message) => signature(key.secret as Bytes, message),
    verify: ({ publicKey }, message, given) => {
      const secret = signing.secretOf(publicKey);
      return secret !== undefined && equalBytes(signature(secret, message), given);
    },
  };
}

/** The name by which others know that sealed text is readable. */
export const simulatedCryptoName = 'simulated';

/** Which secret is behind a public key. */
class KeyTable {
  readonly #kind: string;
  readonly #secrets = new Map<number, { readonly publicKey: Bytes; readonly secret: Bytes }>();

  constructor(kind: string) {
    this.#kind = kind;
  }

  add(seed: Uint8Array): { readonly publicKey: Bytes; readonly secret: Bytes } {
    const secret = new Mixer().text(this.#kind).bytes(sized(seed, this.#kind)).digest(keyLength);
    const publicKey = new Mixer().text('public').bytes(secret).digest(keyLength);
    const pair = { publicKey, secret };
    this.#secrets.set(nameOf(publicKey), pair);
    return pair;
  }

  secretOf(publicKey: Uint8Array): Bytes | undefined {
    if (publicKey.length !== keyLength) return undefined;
    const pair = this.#secrets.get(nameOf(publicKey));
    return pair !== undefined && equalBytes(pair.publicKey, publicKey) ? pair.secret : undefined;
  }
}

/** The first six bytes: two keys or tags of a simulation that agree in them would be a wonder. */
function nameOf(bytes: Uint8Array): number {
  let name = 0;
  for (let i = 0; i < 6; i += 1) name = name * 256 + bytes[i]!;
  return name;
}

function signature(secret: Bytes, message: Uint8Array): Bytes {
  return new Mixer().text('sign').bytes(secret).bytes(message).digest(64);
}

/** A sealed text that opened although it was not its turn. */
export interface RecordOrder {
  /** Its number among those sealed under the same key. */
  readonly got: number;
  readonly expected: number;
}

/** What was sealed under one key and has not been opened, by tag, and how many of both there were. */
interface Order {
  readonly sealed: Map<number, number>;
  count: number;
  next: number;
}

/** Sealed texts of one key whose way is followed; those that never arrive are forgotten. */
const followed = 4_096;

function readableAead(
  key: Bytes,
  orders: Map<number, Order>,
  watch: (order: RecordOrder) => void,
): Aead {
  const name = nameOf(key);
  const order = orders.get(name) ?? { sealed: new Map<number, number>(), count: 0, next: 0 };
  orders.set(name, order);
  const follow = (tag: Bytes): void => {
    order.sealed.set(nameOf(tag), order.count);
    order.count += 1;
    if (order.sealed.size > followed) order.sealed.delete(order.sealed.keys().next().value!);
  };
  const check = (tag: Uint8Array): void => {
    const got = order.sealed.get(nameOf(tag));
    if (got === undefined) return;
    if (got !== order.next) watch({ got, expected: order.next });
    order.next = got + 1;
  };
  const tagOf = (nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Bytes =>
    new Mixer().bytes(key).bytes(nonce).bytes(associated).bytes(plaintext).digest(tagLength);
  return {
    seal: (nonce, associated, plaintext) => {
      const tag = tagOf(nonce, associated, plaintext);
      if (isReserved(nonce)) return concat(masked(key, plaintext), tag);
      if (isCounted(nonce)) follow(tag);
      return concat(plaintext, tag);
    },
    open: (nonce, associated, ciphertext) => {
      if (ciphertext.length < tagLength) return undefined;
      const plaintext = ciphertext.slice(0, -tagLength);
      const tag = ciphertext.subarray(-tagLength);
      if (!equalBytes(tagOf(nonce, associated, plaintext), tag)) return undefined;
      check(tag);
      return plaintext;
    },
  };
}

/** Whether a nonce counts records (Noise, section 12: four zero bytes, then a number); a random one is of something kept, read in any order. */
function isCounted(nonce: Uint8Array): boolean {
  return nonce.subarray(0, 4).every((byte) => byte === 0);
}

/** Noise, section 4.2: what is sealed under the largest nonce becomes the next key, so this one text must be a secret. */
function isReserved(nonce: Uint8Array): boolean {
  return nonce.subarray(4).every((byte) => byte === 0xff);
}

function masked(key: Bytes, plaintext: Uint8Array): Bytes {
  const mask = new Mixer().text('mask').bytes(key).digest(keyLength);
  return Uint8Array.from(plaintext, (byte, i) => byte ^ mask[i % keyLength]!);
}

function sized(bytes: Uint8Array, key: string): Uint8Array {
  if (bytes.length === keyLength) return bytes;
  const detail = `32 bytes are needed, got ${String(bytes.length)}`;
  throw new MeshError('KEY_INVALID', { key, detail });
}
