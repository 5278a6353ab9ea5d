import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { isSoundKey } from '../../src/platform/signature-rule.ts';
import { createWebCrypto } from '../../src/platform/web-crypto.ts';

const web = createWebCrypto();
await web.complete?.();
const providers = [nodeCrypto, nobleCrypto, web];
const { Point } = ed25519;
const order = Point.CURVE().n;
type Point = typeof Point.BASE;

const message = utf8('pay 5 credits to b');
const identity = Point.ZERO.toBytes();
/** A point of order 8. */
const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
const secret = 123_456_789n;
const honestKey = Point.BASE.multiply(secret);

function scalarBytes(scalar: bigint): Uint8Array {
  return fromHex(scalar.toString(16).padStart(64, '0')).reverse();
}

function scalarOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}

function challenge(r: Uint8Array, a: Uint8Array, text: Uint8Array): bigint {
  return scalarOf(nobleCrypto.hash('sha512', r, a, text)) % order;
}

/** The signature with the given first half, `nonce` being the discrete logarithm of its prime-order part. */
function signed(nonce: bigint, r: Uint8Array, a: Uint8Array, text: Uint8Array): Uint8Array {
  return concat(r, scalarBytes((nonce + challenge(r, a, text) * secret) % order));
}

const nonce = 987_654_321n;
const honestR = Point.BASE.multiply(nonce).toBytes();
const honestA = honestKey.toBytes();
const mixedA = honestKey.add(torsion).toBytes();
const zero = new Uint8Array(32);

/** The first numbered message whose challenge under the mixed key leaves `remainder` modulo 8. */
function textWith(matches: (remainder: bigint) => boolean): Uint8Array {
  for (let i = 0; ; i += 1) {
    const text = utf8(`message ${String(i)}`);
    if (matches(challenge(honestR, mixedA, text) % 8n)) return text;
  }
}

const [torsionShows, torsionVanishes] = [textWith((k) => k !== 0n), textWith((k) => k === 0n)];
const honest = signed(nonce, honestR, honestA, message);
const twin = concat(honestR, scalarBytes(scalarOf(honest.subarray(32)) + order));
const twistedR = Point.BASE.multiply(nonce).add(torsion).toBytes();
const anyonesR = concat(Point.BASE.multiply(5n).toBytes(), scalarBytes(5n));
const signedIdentity = identity.with(31, 0x80);
const oneAbovePrime = fromHex(`ee${'ff'.repeat(30)}7f`);

async function verdictsOf(key: Uint8Array, text: Uint8Array, signature: Uint8Array) {
  const verdicts: boolean[] = [];
  for (const crypto of providers)
    verdicts.push(await crypto.verify({ type: 'Ed25519', publicKey: key }, text, signature));
  return verdicts;
}

describe('Ed25519', () => {
  // RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
  const vectors = [
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
    [
      '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
      toHex(nodeCrypto.hash('sha512', utf8('abc'))),
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
    ],
  ] as const;

  it.each(vectors)(
    'signs and verifies as RFC 8032 says: %s',
    async (seed, key, text, signature) => {
      for (const crypto of providers) {
        const pair = crypto.signingKey(fromHex(seed));
        expect(toHex(pair.publicKey)).toBe(key);
        expect(toHex(await crypto.sign(pair, fromHex(text)))).toBe(signature);
        expect(await crypto.verify(pair, fromHex(text), fromHex(signature))).toBe(true);
      }
    },
  );

  it.each([
    ['an honest signature', true, honestA, message, honest],
    ['the twin with S + L', false, honestA, message, twin],
    ['key and R the identity, S = 0', false, identity, message, concat(identity, zero)],
    ['the identity as key, which any S = r fits', false, identity, message, anyonesR],
    ['a key of order 8', false, torsion.toBytes(), message, concat(identity, zero)],
    [
      'a mixed-order key where only the cofactored equation holds',
      false,
      mixedA,
      torsionShows,
      signed(nonce, honestR, mixedA, torsionShows),
    ],
    [
      'a mixed-order key where the cofactorless equation holds too',
      false,
      mixedA,
      torsionVanishes,
      signed(nonce, honestR, mixedA, torsionVanishes),
    ],
    ['R with torsion', false, honestA, message, signed(nonce, twistedR, honestA, message)],
    ['a non-canonical key, y = p + 1', false, oneAbovePrime, message, concat(identity, zero)],
    ['R the identity', false, honestA, message, signed(0n, identity, honestA, message)],
    [
      'R the identity with the sign of x set',
      false,
      honestA,
      message,
      signed(0n, signedIdentity, honestA, message),
    ],
    [
      'R the identity, spelled p + 1',
      false,
      honestA,
      message,
      signed(0n, oneAbovePrime, honestA, message),
    ],
    ['a short signature', false, honestA, message, honest.subarray(0, 63)],
    ['a long signature', false, honestA, message, concat(honest, Uint8Array.of(0))],
    ['a short key', false, honestA.subarray(1), message, honest],
    ['a key that is no point', false, fromHex(`02${'00'.repeat(31)}`), message, honest],
  ] as const)('has one verdict on all providers: %s', async (_, verdict, key, text, signature) => {
    expect(await verdictsOf(key, text, signature)).toEqual([verdict, verdict, verdict]);
  });

  it('judges those vectors apart only by the rule: noble alone would accept more', () => {
    const loose = ed25519.verify(concat(identity, zero), message, identity);
    const cofactored = signed(nonce, twistedR, honestA, message);
    expect([loose, ed25519.verify(cofactored, message, honestA)]).toEqual([true, true]);
  });

  it('agrees on 200 random signatures, whole and with one bit flipped', async () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const text = fc.uint8Array({ minLength: 1, maxLength: 64 });
    const part = fc.constantFrom('key', 'text', 'signature');
    await fc.assert(
      fc.asyncProperty(
        bytes32,
        text,
        part,
        fc.nat(),
        fc.nat(7),
        async (seed, said, which, at, bit) => {
          const [signer] = providers;
          const pair = signer!.signingKey(seed);
          const signature = await signer!.sign(pair, said);
          const parts = { key: pair.publicKey, text: Uint8Array.from(said), signature };
          const verdicts = () => verdictsOf(parts.key, parts.text, parts.signature);
          expect(await verdicts()).toEqual([true, true, true]);
          parts[which] = Uint8Array.from(parts[which]);
          parts[which][at % parts[which].length]! ^= 1 << bit;
          expect(await verdicts()).toEqual([false, false, false]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('agrees on signatures of random bytes under sound keys', async () => {
    const random = fc.uint8Array({ minLength: 64, maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(random, async (signature) => {
        expect(await verdictsOf(honestA, message, signature)).toEqual([false, false, false]);
      }),
    );
  });

  it('remembers its judgement of a key without mixing keys up', () => {
    for (let round = 0; round < 2; round += 1) {
      const sound = (publicKey: Uint8Array) => isSoundKey({ type: 'Ed25519', publicKey });
      expect(sound(honestA)).toBe(true);
      expect(sound(mixedA)).toBe(false);
      expect(sound(new Uint8Array(0))).toBe(false);
    }
  });
});
