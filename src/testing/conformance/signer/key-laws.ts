/**
 * Laws of the key: it is the one that is named, and it never shows itself.
 * @module
 */
import type { Bytes } from '../../../base/bytes.ts';
import { type DidUrl, isDidUrl, splitDidUrl } from '../../../base/ids.ts';
import { fromMultikey, type KeyType } from '../../../base/multiformat.ts';
import { keyTypes, secretLengths } from '../../../base/signature-kinds.ts';
import type { Signer } from '../../../ports/signer.ts';
import { check, checkEqual } from '../../assert.ts';
import { exposedKey } from './exposed-key.ts';
import { messageOf, privateKeyTest, type SignerLaw, signed } from './signer-law.ts';

/** What holds for every signer. */
export const keyLaws: readonly SignerLaw[] = [
  {
    name: 'algorithm, keyId and publicKey have their form',
    test: (signer) => {
      const type = (keyTypes as Partial<typeof keyTypes>)[signer.algorithm];
      const known = Object.keys(keyTypes).join(', ');
      check(type !== undefined, `algorithm must be one of ${known}, got ${signer.algorithm}`);
      check(isDidUrl(signer.keyId), `keyId must be a DID with a fragment, got ${signer.keyId}`);
      check(signer.publicKey instanceof Uint8Array, 'publicKey must be a Uint8Array');
      const length = type === 'Ed25519' ? 32 : secretLengths[type] + 1;
      checkEqual(signer.publicKey.length, length, 'the bytes of publicKey');
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
    claims: ({ keyId }) => spelled(keyId) !== undefined,
    test: ({ algorithm, keyId, publicKey }) => {
      checkEqual(spelled(keyId), { type: keyTypes[algorithm], publicKey }, 'the key in keyId');
      return Promise.resolve();
    },
  },
  {
    name: 'the private key does not show: not as a member, in JSON, under an inspector, or in an error',
    test: async (signer, tools) => {
      const isKey = await privateKeyTest(signer, tools);
      const length = secretLengths[keyTypes[signer.algorithm]];
      const failure = await refusal(signer).catch((error: unknown) => error);
      const shown: readonly [how: string, value: unknown][] = [
        ['a member', signer],
        ['JSON', parsed(attempt(() => JSON.stringify(signer)))],
        ['text', attempt(() => textOf(signer))],
        ['an inspector', attempt(() => inspected(signer))],
        ['an error', failure],
      ];
      for (const [how, value] of shown) {
        const path = exposedKey(value, isKey, length);
        check(path === undefined, `the private key shows as ${how}, at ${path ?? ''}`);
      }
    },
  },
];

/** The key that the fragment of a `keyId` is, if it is one. */
function spelled(keyId: DidUrl): { readonly type: KeyType; readonly publicKey: Bytes } | undefined {
  if (!/#z[1-9A-HJ-NP-Za-km-z]{40,}$/.test(keyId)) return undefined;
  try {
    return fromMultikey(splitDidUrl(keyId).fragment);
  } catch {
    return undefined;
  }
}

/** What a signer says to what is no message. */
async function refusal(signer: Signer): Promise<unknown> {
  return await signer.sign(undefined as never);
}

function textOf(value: unknown): string {
  return String(value);
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
