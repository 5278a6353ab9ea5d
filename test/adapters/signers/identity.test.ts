// An identity whose key is with a signer does all that one does whose key is in the store.
import { memorySigner } from '@mesh/sdk/signers/memory';
import { webCryptoSigner } from '@mesh/sdk/signers/webcrypto';
import { describe, it } from 'vitest';
import { worksTogether } from './identity-on-a-signer.ts';

describe('an organisation', () => {
  it.each(['Ed25519', 'P-256', 'secp256k1'] as const)(
    'works with others on a signer of %s, and rotates to another',
    async (type) => {
      await worksTogether(await memorySigner({ type }), await memorySigner({ type }));
    },
  );

  it('works on a key that cannot be read, and rotates to a key of another kind', async () => {
    await worksTogether(await webCryptoSigner({ type: 'P-256' }), await webCryptoSigner());
  });
});
