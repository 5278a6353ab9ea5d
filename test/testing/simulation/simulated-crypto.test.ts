import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../../src/base/bytes.ts';
import { simulatedCrypto } from '../../../src/testing/index.ts';

const bytes = (length?: number) =>
  fc.uint8Array(
    length === undefined ? { maxLength: 200 } : { minLength: length, maxLength: length },
  );
const seed = bytes(32);

describe('simulated cryptography', () => {
  it('hashes as everybody does', () => {
    const crypto = simulatedCrypto();
    // FIPS 180-4, appendix B.1.
    expect(toHex(crypto.hash('sha256', utf8('a'), utf8('bc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('takes a signature for the message and the key it was made with, and no other', () => {
    fc.assert(
      fc.property(seed, seed, bytes(), fc.nat(), (mine, other, message, at) => {
        fc.pre(toHex(mine) !== toHex(other));
        const crypto = simulatedCrypto();
        const [key, foreign] = [crypto.signingKey(mine), crypto.signingKey(other)];
        const signature = crypto.sign(key, message) as Uint8Array;
        expect(crypto.verify(key, message, signature)).toBe(true);
        expect(crypto.verify(foreign, message, signature)).toBe(false);
        expect(crypto.verify(key, Uint8Array.of(...message, 0), signature)).toBe(false);
        const changed = signature.slice();
        changed[at % 64]! ^= 1;
        expect(crypto.verify(key, message, changed)).toBe(false);
      }),
    );
  });

  it('lets two agree on what a third does not know', () => {
    fc.assert(
      fc.property(seed, seed, seed, (a, b, c) => {
        fc.pre(new Set([a, b, c].map(toHex)).size === 3);
        const crypto = simulatedCrypto();
        const [x, y, z] = [a, b, c].map((secret) => crypto.agreementKey(secret));
        const shared = toHex(crypto.agree(x!, y!.publicKey));
        expect(toHex(crypto.agree(y!, x!.publicKey))).toBe(shared);
        expect(toHex(crypto.agree(z!, x!.publicKey))).not.toBe(shared);
        expect(toHex(crypto.agree(z!, y!.publicKey))).not.toBe(shared);
      }),
    );
  });

  it('agrees with nobody whose secret nobody has', () => {
    const crypto = simulatedCrypto();
    const key = crypto.agreementKey(new Uint8Array(32).fill(1));
    expect(() => crypto.agree(key, new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });

  it('opens what was sealed, with the same key, nonce and context, unchanged', () => {
    fc.assert(
      fc.property(seed, bytes(12), bytes(), bytes(), fc.nat(), (key, nonce, about, text, at) => {
        const aead = simulatedCrypto().aead('chacha20-poly1305', key);
        const sealed = aead.seal(nonce, about, text);
        expect(aead.open(nonce, about, sealed)).toEqual(text);
        const changed = sealed.slice();
        changed[at % sealed.length]! ^= 1;
        expect(aead.open(nonce, about, changed)).toBeUndefined();
        expect(aead.open(nonce, Uint8Array.of(...about, 0), sealed)).toBeUndefined();
        expect(aead.open(Uint8Array.of(...nonce.slice(1), 7, 7), about, sealed)).toBeUndefined();
        expect(aead.open(nonce, about, sealed.slice(0, 10))).toBeUndefined();
      }),
    );
  });

  it('makes of each key another next key, as Noise derives it', () => {
    fc.assert(
      fc.property(seed, seed, (a, b) => {
        fc.pre(toHex(a) !== toHex(b));
        const nonce = new Uint8Array(12).fill(0xff, 4);
        const next = (key: Uint8Array): string => {
          const aead = simulatedCrypto().aead('chacha20-poly1305', key);
          return toHex(aead.seal(nonce, new Uint8Array(0), new Uint8Array(32)).subarray(0, 32));
        };
        expect(next(a)).toBe(next(a));
        expect(new Set([next(a), next(b), toHex(new Uint8Array(32))]).size).toBe(3);
      }),
    );
  });

  it('tells when something opens that was not due', () => {
    const orders: unknown[] = [];
    const crypto = simulatedCrypto((order) => orders.push(order));
    const key = new Uint8Array(32);
    const [ours, theirs] = [crypto.aead('aes-256-gcm', key), crypto.aead('aes-256-gcm', key)];
    const nonce = new Uint8Array(12);
    const none = new Uint8Array(0);
    const sealed = ['a', 'b', 'c'].map((text) => ours.seal(nonce, none, utf8(text)));
    for (const i of [0, 1]) theirs.open(nonce, none, sealed[i]!);
    expect(orders).toEqual([]);
    theirs.open(nonce, none, sealed[1]!);
    expect(orders).toEqual([{ got: 1, expected: 2 }]);
  });
});
