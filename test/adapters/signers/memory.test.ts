import { memorySigner } from '@mesh/sdk/signers/memory';
import { signerConformance } from '@mesh/sdk/testing';
import { describe, expect, it, vi } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts';
import { algorithms } from '../../../src/base/signature-kinds.ts';
import { nobleCrypto } from '../../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import { keyTypes, secretLengths, secretOf } from '../../platform/questions.ts';

describe.each(keyTypes)('a memory signer of %s', (type) => {
  for (const { name, run } of signerConformance(() => memorySigner({ type }))) it(name, run);

  it('has the public key of its secret', async () => {
    const secret = secretOf(type, 1);
    const signer = await memorySigner({ type, secret });
    expect(signer.publicKey).toEqual(nobleCrypto.signingKey(secret, type).publicKey);
    expect(signer.algorithm).toBe(algorithms[type]);
    expect(signer.keyId).toMatch(/^did:key:(z\w+)#\1$/);
  });

  it('is another one each time', async () => {
    const keys = await Promise.all([memorySigner({ type }), memorySigner({ type })]);
    expect(toHex(keys[0].publicKey)).not.toBe(toHex(keys[1].publicKey));
  });

  it('signs where there is no WebCrypto too', async () => {
    const refusing = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new Error('no'));
    const signer = await memorySigner({ type });
    refusing.mockRestore();
    const message = utf8('hello');
    const { publicKey } = signer;
    const signature = await signer.sign(message);
    expect(await nodeCrypto.verify({ type, publicKey }, message, signature)).toBe(true);
  });

  it('copies its secret, so that the caller can wipe it', async () => {
    const secret = secretOf(type, 2);
    const { publicKey } = nobleCrypto.signingKey(secret, type);
    const making = memorySigner({ type, secret });
    secret.fill(0);
    expect((await making).publicKey).toEqual(publicKey);
  });

  it.each([0, 1, secretLengths[type] - 1, secretLengths[type] + 1])(
    'refuses a secret of %i bytes, and does not show it',
    async (length) => {
      const secret = new Uint8Array(length).fill(0x5a);
      const refused: unknown = await memorySigner({ type, secret }).catch(
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ code: 'KEY_INVALID' });
      expect(JSON.stringify(refused)).not.toMatch(/5a5a|WlpaWl/);
    },
  );
});

describe('a memory signer', () => {
  it('signs in the name it is given', async () => {
    const keyId = 'did:web:acme.example#key-1';
    expect((await memorySigner({ keyId })).keyId).toBe(keyId);
    const wrong = memorySigner({ keyId: 'did:web:acme.example' as never });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses kinds that sign nothing', async () => {
    const signing = memorySigner({ type: 'X25519' as never });
    await expect(signing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses what is no scalar of the curve', async () => {
    for (const secret of [new Uint8Array(32), new Uint8Array(32).fill(255)]) {
      const signing = memorySigner({ type: 'P-256', secret });
      await expect(signing).rejects.toMatchObject({ code: 'KEY_INVALID' });
    }
  });

  it('signs as RFC 8032, section 7.1, test 2', async () => {
    const secret = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
    const signer = await memorySigner({ secret });
    expect(toHex(await signer.sign(Uint8Array.of(0x72)))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });
});
