/**
 * Questions about signatures that every provider must answer alike: published ones, sound ones, and ones a little wrong.
 * @module
 */
import { concat, toHex } from '../../src/base/bytes.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { selfTests } from '../../src/platform/self-tests.ts';
import type { SignatureKeyType } from '../../src/ports/crypto.ts';
import { seededRandom } from '../../src/testing/index.ts';

/** A question in a form that travels into a browser. */
export interface Question {
  readonly what: string;
  readonly type: SignatureKeyType;
  readonly key: string;
  readonly message: string;
  readonly signature: string;
}

/** Bytes of a secret, by kind of key. */
export const secretLengths = {
  Ed25519: 32,
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  secp256k1: 32,
} as const;

/** All kinds of keys. */
export const keyTypes = Object.keys(secretLengths) as SignatureKeyType[];

/** A secret that is a scalar of every curve. */
export function secretOf(type: SignatureKeyType, seed: number | string): Uint8Array {
  const secret = seededRandom(`secret ${String(seed)}`).bytes(secretLengths[type]);
  // Below every order, and not zero.
  return secret.with(0, 0).with(1, secret[1]! | 1);
}

/** The vectors of the self-tests, and `count` rounds of signatures with and without a fault, for every kind of key. */
export async function questions(seed: number, count: number): Promise<Question[]> {
  const asked: Question[] = [];
  for (const type of keyTypes) {
    for (const { name, key, message, signature } of selfTests(type)) {
      asked.push(question(name, type, [key.publicKey, message, signature]));
    }
    for (let i = 0; i < count; i += 1) asked.push(...(await round(type, `${seed}/${type}/${i}`)));
  }
  return asked;
}

type Parts = readonly [key: Uint8Array, message: Uint8Array, signature: Uint8Array];

async function round(type: SignatureKeyType, seed: string): Promise<Question[]> {
  const random = seededRandom(seed);
  const key = nobleCrypto.signingKey(secretOf(type, seed), type);
  const message = random.bytes(1 + (random.bytes(1)[0]! % 64));
  const sound: Parts = [key.publicKey, message, await nobleCrypto.sign(key, message)];
  const pick = (below: number): number => random.bytes(1)[0]! % below;
  const flipped = (part: number): Parts => {
    const parts = [...sound] as [Uint8Array, Uint8Array, Uint8Array];
    const bytes = Uint8Array.from(parts[part]!);
    bytes[pick(bytes.length)]! ^= 1 << pick(8);
    parts[part] = bytes;
    return parts;
  };
  const [publicKey, , signature] = sound;
  const half = signature.length / 2;
  const [r, s, zero] = [signature.slice(0, half), signature.slice(half), new Uint8Array(half)];
  const withKey = (other: Uint8Array): Parts => [other, message, signature];
  const withSignature = (other: Uint8Array): Parts => [publicKey, message, other];
  const cases: readonly (readonly [what: string, parts: Parts])[] = [
    ['sound', sound],
    ['a bit of the key', flipped(0)],
    ['a bit of the message', flipped(1)],
    ['a bit of the signature', flipped(2)],
    ['r = 0', withSignature(concat(zero, s))],
    ['s = 0', withSignature(concat(r, zero))],
    ['all ones', withSignature(new Uint8Array(2 * half).fill(255))],
    ['r and s exchanged', withSignature(concat(s, r))],
    ['random numbers', withSignature(random.bytes(2 * half))],
    ['a random key', withKey(random.bytes(publicKey.length))],
    ['one byte less', withSignature(signature.slice(1))],
    ['one byte more', withSignature(concat(signature, Uint8Array.of(0)))],
    ['DER', withSignature(der(r, s))],
    ['no signature', withSignature(new Uint8Array(0))],
    ['no key', withKey(new Uint8Array(0))],
  ];
  return cases.map(([what, parts]) => question(what, type, parts));
}

/** The signature as X.509 writes it. */
function der(r: Uint8Array, s: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array): Uint8Array =>
    concat(Uint8Array.of(2, bytes.length + 1, 0), bytes);
  const body = concat(integer(r), integer(s));
  return concat(Uint8Array.of(0x30, body.length), body);
}

function question(what: string, type: SignatureKeyType, parts: Parts): Question {
  const [key, message, signature] = parts.map(toHex) as [string, string, string];
  return { what, type, key, message, signature };
}
