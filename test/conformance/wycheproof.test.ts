import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { decompress } from '../../src/base/curve-point.ts';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { selfTests } from '../../src/platform/self-tests.ts';
import type { SignatureKeyType } from '../../src/ports/crypto.ts';
import { secretOf } from '../platform/questions.ts';
import suite from './wycheproof.ts';

const curves = {
  'P-256': ['secp256r1', 'SHA-256'],
  'P-384': ['secp384r1', 'SHA-384'],
  'P-521': ['secp521r1', 'SHA-512'],
  secp256k1: ['secp256k1', 'SHA-256'],
} as const;

/** A group of vectors in the published form; `publicKey` is of kind `type`. */
function groupOf(
  type: SignatureKeyType,
  publicKey: Uint8Array,
  tests: readonly object[],
  form = 'EcdsaP1363Verify',
) {
  if (type === 'Ed25519') {
    const key = { type: 'EDDSAPublicKey', curve: 'edwards25519', pk: toHex(publicKey) };
    return { type: 'EddsaVerify', publicKey: key, tests };
  }
  const [curve, sha] = curves[type];
  const { x, y } = decompress(type, publicKey)!;
  const uncompressed = `04${toHex(x)}${toHex(y)}`;
  return { type: form, publicKey: { type: 'EcPublicKey', curve, uncompressed }, sha, tests };
}

const run = async (group: object) =>
  (await suite.run(group)).map(({ error }) => (error === undefined ? 'passed' : 'failed'));

describe('Wycheproof', () => {
  it.each(['Ed25519', 'P-256', 'P-384', 'P-521', 'secp256k1'] as const)(
    'is run on every provider: %s',
    async (type) => {
      const key = nobleCrypto.signingKey(secretOf(type, 1), type);
      const message = new Uint8Array([1, 2, 3]);
      const sig = toHex(await nobleCrypto.sign(key, message));
      const vector = { tcId: 1, comment: '', msg: '010203', sig, result: 'valid' };
      const wrong = { ...vector, msg: '010204', result: 'invalid' };
      const tests = [
        vector,
        wrong,
        { ...vector, result: 'invalid' },
        { ...wrong, result: 'valid' },
      ];
      const verdicts = ['passed', 'passed', 'failed', 'failed'];
      expect(await run(groupOf(type, key.publicKey, tests))).toEqual(verdicts);
      const der = groupOf(type, key.publicKey, [{ ...vector, sig: `30${sig}` }], 'EcdsaVerify');
      expect(await run(der)).toEqual([type === 'Ed25519' ? 'failed' : 'passed']);
    },
  );

  it('counts the higher s of secp256k1 as refused', async () => {
    const [low, high] = selfTests('secp256k1').map(({ key, message, signature }, i) => {
      const vector = { tcId: i, comment: '', msg: toHex(message), sig: toHex(signature) };
      return groupOf('secp256k1', key.publicKey, [{ ...vector, result: 'valid' }]);
    });
    expect([await run(low!), await run(high!)]).toEqual([['passed'], ['passed']]);
  });

  it('knows no other kinds of keys', async () => {
    const publicKey = { curve: 'secp224r1', uncompressed: '04' };
    const group = { type: 'EcdsaVerify', publicKey, sha: 'SHA-224', tests: [] };
    await expect(suite.run(group)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
