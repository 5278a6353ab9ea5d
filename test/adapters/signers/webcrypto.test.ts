import { webCryptoSigner } from '@mesh/sdk/signers/webcrypto';
import { signerConformance } from '@mesh/sdk/testing';
import { describe, expect, it, vi } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';

const types = ['Ed25519', 'P-256', 'P-384', 'P-521'] as const;
const { subtle } = crypto;

const pairOf = async (
  algorithm: Algorithm & { readonly namedCurve?: string },
  extractable = false,
  usages: KeyUsage[] = ['sign', 'verify'],
) => (await subtle.generateKey(algorithm, extractable, usages)) as CryptoKeyPair;

describe.each(types)('a WebCrypto signer of %s', (type) => {
  for (const { name, run } of signerConformance(() => webCryptoSigner({ type }))) it(name, run);

  it('keeps a key that cannot be read, and is the same from the same pair', async () => {
    const first = await webCryptoSigner({ type });
    expect(first.keys.privateKey.extractable).toBe(false);
    await expect(subtle.exportKey('pkcs8', first.keys.privateKey)).rejects.toThrow();
    // As IndexedDB keeps it.
    const keys = structuredClone(first.keys);
    const again = await webCryptoSigner({ keys, keyId: 'did:web:acme.example#key-1' });
    expect([again.publicKey, again.algorithm]).toEqual([first.publicKey, first.algorithm]);
    const message = utf8('hello');
    const signature = await again.sign(message);
    const { publicKey } = first;
    expect(await nodeCrypto.verify({ type, publicKey }, message, signature)).toBe(true);
  });

  it('refuses a key that could be read', async () => {
    const algorithm = type === 'Ed25519' ? { name: type } : { name: 'ECDSA', namedCurve: type };
    const signing = webCryptoSigner({ keys: await pairOf(algorithm, true) });
    await expect(signing).rejects.toMatchObject({ code: 'KEY_INVALID' });
    await expect(signing).rejects.toThrow('can be exported');
  });

  it('refuses two keys that are no pair', async () => {
    const [one, other] = [await webCryptoSigner({ type }), await webCryptoSigner({ type })];
    const keys = { privateKey: one.keys.privateKey, publicKey: other.keys.publicKey };
    await expect(webCryptoSigner({ keys })).rejects.toThrow('no pair');
    const twice = { privateKey: one.keys.privateKey, publicKey: one.keys.privateKey };
    await expect(webCryptoSigner({ keys: twice })).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe('a WebCrypto signer', () => {
  it.each([
    [
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 2048,
        publicExponent: Uint8Array.of(1, 0, 1),
        hash: 'SHA-256',
      },
      ['sign', 'verify'],
    ],
    [{ name: 'ECDH', namedCurve: 'P-256' }, ['deriveBits']],
    [{ name: 'X25519' }, ['deriveBits']],
  ] as const)('refuses a key of $name', async (algorithm, usages) => {
    const keys = await pairOf(algorithm, false, [...usages]);
    await expect(webCryptoSigner({ keys })).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('refuses a key that may not sign', async () => {
    const { privateKey, publicKey } = await pairOf({ name: 'ECDSA', namedCurve: 'P-256' });
    const keys = { privateKey: publicKey, publicKey: privateKey };
    await expect(webCryptoSigner({ keys })).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('says what the platform cannot do', async () => {
    const signing = webCryptoSigner({ type: 'secp256k1' as never });
    await expect(signing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const without = vi.spyOn(subtle, 'generateKey').mockRejectedValue(new Error('no'));
    await expect(webCryptoSigner()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    without.mockRestore();
  });
});
