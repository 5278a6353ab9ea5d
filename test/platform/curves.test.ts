// Keys of the NIST curves and of secp256k1, on every provider.
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { createWebCrypto } from '../../src/platform/web-crypto.ts';
import type { SignatureKeyType } from '../../src/ports/crypto.ts';

const lengths = { 'P-256': 32, 'P-384': 48, 'P-521': 66, secp256k1: 32 } as const;
const message = utf8('hello');

const web = createWebCrypto();
await web.complete?.();

describe.each([nobleCrypto, nodeCrypto, web])('$name', (crypto) => {
  test.each(Object.entries(lengths))('%s signs and verifies', async (name, length) => {
    const type = name as SignatureKeyType;
    const key = crypto.signingKey(new Uint8Array(length).fill(1), type);
    const signature = await crypto.sign(key, message);
    expect(signature).toHaveLength(2 * length);
    expect(await crypto.verify(key, message, signature)).toBe(true);
    expect(await crypto.verify(key, utf8('hullo'), signature)).toBe(false);
    expect(await crypto.verify(key, message, signature.subarray(1))).toBe(false);
    for (let i = 0; i < signature.length; i += 7) {
      const changed = signature.with(i, signature[i]! ^ 1);
      expect(await crypto.verify(key, message, changed)).toBe(false);
    }
  });

  test('a secp256k1 signature has one form, a P-256 one the two that JWS allows', async () => {
    for (const [type, curve, high] of [
      ['secp256k1', secp256k1, false],
      ['P-256', p256, true],
    ] as const) {
      const key = crypto.signingKey(new Uint8Array(32).fill(7), type);
      const signature = curve.Signature.fromBytes(await crypto.sign(key, message));
      const twin = new curve.Signature(signature.r, curve.Point.Fn.ORDER - signature.s);
      const [low, other] = signature.hasHighS() ? [twin, signature] : [signature, twin];
      expect(await crypto.verify(key, message, low.toBytes())).toBe(true);
      expect(await crypto.verify(key, message, other.toBytes())).toBe(high);
    }
  });

  test('a key that is none verifies nothing', async () => {
    const key = crypto.signingKey(new Uint8Array(32).fill(7), 'P-256');
    const signature = await crypto.sign(key, message);
    for (const publicKey of [
      new Uint8Array(33),
      key.publicKey.subarray(1),
      p256.Point.fromBytes(key.publicKey).toBytes(false),
    ]) {
      expect(await crypto.verify({ type: 'P-256', publicKey }, message, signature)).toBe(false);
    }
    expect(() => crypto.signingKey(new Uint8Array(32), 'P-256')).toThrow('not a scalar');
  });
});
