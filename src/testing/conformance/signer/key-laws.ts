/**
 * Laws of the key: it is the one that is named, and it never shows itself.
 * @module
 */
import { isDidUrl, splitDidUrl } from '../../../base/ids.ts';
import { fromMultikey } from '../../../base/multiformat.ts';
import type { Signer } from '../../../ports/signer.ts';
import { check, checkEqual } from '../../assert.ts';
import { exposedKey } from './exposed-key.ts';
import { messageOf, privateKeyTest, type SignerLaw, signed } from './signer-law.ts';

/** What holds for every signer. */
export const keyLaws: readonly SignerLaw[] = [
  {
    name: 'algorithm, keyId and publicKey have their form',
    test: (signer) => {
      checkEqual(signer.algorithm, 'EdDSA', 'algorithm');
      check(isDidUrl(signer.keyId), `keyId must be a DID with a fragment, got ${signer.keyId}`);
      check(signer.publicKey instanceof Uint8Array, 'publicKey must be a Uint8Array');
      checkEqual(signer.publicKey.length, 32, 'the bytes of publicKey');
      return Promise.resolve();
    },
  },
  {
    name: 'algorithm, keyId and publicKey stay what they are',
    test: async (signer, tools) => {
      const before = shownBy(signer);
      checkEqual(shownBy(signer), before, 'what is read twice');
      await signed(signer, messageOf('between'), tools);
      checkEqual(shownBy(signer), before, 'what is read after signing');
    },
  },
  {
    name: 'a keyId that spells a key out spells publicKey',
    claims: ({ keyId }) => /#z6Mk[^#]+$/.test(keyId),
    test: (signer) => {
      const { publicKey } = fromMultikey(splitDidUrl(signer.keyId).fragment);
      checkEqual(publicKey, signer.publicKey, 'the key in keyId');
      return Promise.resolve();
    },
  },
  {
    name: 'the private key does not show: not as a member, in JSON, under an inspector, or in an error',
    test: async (signer, tools) => {
      const isKey = await privateKeyTest(signer, tools);
      const failure = await refusal(signer).catch((error: unknown) => error);
      const shown: readonly [how: string, value: unknown][] = [
        ['a member', signer],
        ['JSON', parsed(attempt(() => JSON.stringify(signer)))],
        ['text', attempt(() => signer)],
        ['an inspector', attempt(() => inspected(signer))],
        ['an error', failure],
      ];
      for (const [how, value] of shown) {
        const path = exposedKey(value, isKey);
        check(path === undefined, `the private key shows as ${how}, at ${path ?? ''}`);
      }
    },
  },
];

/** What a signer says to what is no message. */
async function refusal(signer: Signer): Promise<unknown> {
  return await signer.sign(undefined as never);
}

function shownBy({ algorithm, keyId, publicKey }: Signer): unknown {
  return { algorithm, keyId, publicKey: publicKey.slice() };
}

/** What Node's inspector would be told. */
function inspected(signer: Signer): unknown {
  const member: unknown = Reflect.get(signer, Symbol.for('nodejs.util.inspect.custom'));
  if (typeof member !== 'function') return undefined;
  return (member as (...args: unknown[]) => unknown).call(signer, 2, {}, String);
}

function parsed(json: unknown): unknown {
  return typeof json === 'string' ? JSON.parse(json) : undefined;
}

function attempt(show: () => unknown): unknown {
  try {
    return show();
  } catch (error) {
    return error;
  }
}
