// Every provider gives every key and every signature the same verdict: on Node, over WebCrypto, in plain TypeScript.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { createWebCrypto } from '../../src/platform/web-crypto.ts';
import { answers, webAnswers } from './answers.ts';
import { keyTypes, questions } from './questions.ts';

const web = createWebCrypto();

/** What the questions of a round must get, where that can be said without computing. */
const expected: Readonly<Record<string, boolean>> = {
  sound: true,
  'a bit of the message': false,
  'a bit of the signature': false,
  'r = 0': false,
  's = 0': false,
  'all ones': false,
  'one byte less': false,
  'one byte more': false,
  DER: false,
  'no signature': false,
  'no key': false,
};

describe('verdicts', () => {
  it('are the same on all providers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const asked = await questions(seed, 1);
        const [node, noble, browser] = await Promise.all(
          [nodeCrypto, nobleCrypto, web].map((crypto) => answers(crypto, asked)),
        );
        const told = (verdicts: readonly boolean[]) =>
          asked.map(({ what, type }, i) => [type, what, verdicts[i]]);
        expect(told(node!)).toEqual(told(noble!));
        expect(told(browser!)).toEqual(told(noble!));
        asked.forEach(({ what, type }, i) => {
          const verdict = expected[what];
          if (verdict !== undefined) expect([type, what, node![i]]).toEqual([type, what, verdict]);
        });
      }),
      { numRuns: 6 },
    );
  });

  it('are given by the WebCrypto of Node itself, but for secp256k1', async () => {
    const asked = await questions(2, 1);
    const { web: found, noble, trusted, signs } = await webAnswers(asked, keyTypes);
    expect(found).toEqual(noble);
    expect([trusted, signs]).toEqual([['Ed25519', 'P-256', 'P-384', 'P-521'], true]);
  });

  it('are asked for every kind of key, and some of them are yes', async () => {
    const asked = await questions(1, 1);
    const verdicts = await answers(nodeCrypto, asked);
    const yes = new Set(asked.filter((_, i) => verdicts[i]).map(({ type }) => type));
    expect([...yes]).toEqual(keyTypes);
  });
});
