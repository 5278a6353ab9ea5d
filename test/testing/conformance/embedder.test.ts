import { describe, expect, it } from 'vitest';
import type { Embedder } from '../../../src/ports/embedder.ts';
import { embedderConformance } from '../../../src/testing/index.ts';
import { but, caught } from './caught.ts';
import { lexicalEmbedder, vectorOf } from './lexical-embedder.ts';

type Embed = Embedder['embed'];

/** An embedder whose `embed` is at fault. */
function embeds(fault: (embed: Embed) => Embed): (embedder: Embedder) => Embedder {
  return (embedder) =>
    but(embedder, { embed: fault((texts, options) => embedder.embed(texts, options)) });
}

/** Embedders with one fault each, the law that catches it, and what the kit says. */
const faults: [fault: string, law: string, said: RegExp, make: (embedder: Embedder) => Embedder][] =
  [
    [
      'does not name its version',
      'space is <model>@<version>/<dimensions>/<normalisation>, and stays',
      /space must be .*got words\/256\/l2/,
      (embedder) => but(embedder, { space: 'words/256/l2' }),
    ],
    [
      'names other dimensions than it has',
      'space is <model>@<version>/<dimensions>/<normalisation>, and stays',
      /the dimensions in space: expected 256, got 384/,
      (embedder) => but(embedder, { space: 'words@1/384/l2' }),
    ],
    [
      'changes its space when a new version is there',
      'space is <model>@<version>/<dimensions>/<normalisation>, and stays',
      /space after use/,
      (embedder) => {
        let calls = 0;
        return Object.defineProperty(
          but(embedder, {
            embed: (texts) => {
              calls += 1;
              return embedder.embed(texts);
            },
          }),
          'space',
          { get: () => `words@${calls}/256/l2` },
        );
      },
    ],
    [
      'does not normalise',
      'every text has one unit vector of the dimensions claimed',
      /must have length 1, it has 2/,
      embeds((embed) => async (texts) => {
        const vectors = await embed(texts);
        return vectors.map((vector) => vector.map((member) => 2 * member));
      }),
    ],
    [
      'gives vectors of another length',
      'every text has one unit vector of the dimensions claimed',
      /the length of a vector: expected 256, got 255/,
      embeds((embed) => async (texts) => {
        const vectors = await embed(texts);
        return vectors.map((vector) => vector.subarray(1));
      }),
    ],
    [
      'gives plain lists',
      'every text has one unit vector of the dimensions claimed',
      /must be a Float32Array/,
      embeds((embed) => async (texts) => {
        const vectors = await embed(texts);
        return vectors.map((vector) => [...vector]) as never;
      }),
    ],
    [
      'throws dice',
      'the same text has the same vector, another text another one',
      /the vector of a text embedded again is off/,
      (embedder) => {
        let calls = 0;
        return but(embedder, {
          embed: (texts) => {
            calls += 1;
            return embedder.embed(texts.map((text) => `${text} ${calls}`));
          },
        });
      },
    ],
    [
      'says the same of everything',
      'the same text has the same vector, another text another one',
      /must not be the same/,
      embeds((embed) => (texts) => embed(texts.map(() => 'text'))),
    ],
    [
      'divides by nothing',
      'an empty text and one of spaces have unit vectors',
      /must have length 1, it has NaN/,
      embeds((embed) => async (texts) => {
        const vectors = await embed(texts);
        return vectors.map((vector, i) => (texts[i] === '' ? vector.fill(Number.NaN) : vector));
      }),
    ],
    [
      'refuses long texts',
      'a text of 200,000 characters has a unit vector',
      /too long/,
      embeds((embed) => async (texts) => {
        if (texts.some((text) => text.length > 8_192)) throw new RangeError('too long');
        return await embed(texts);
      }),
    ],
    [
      'has no direction for an emoji',
      'no character is too odd',
      /must have length 1, it has NaN/,
      embeds((embed) => async (texts) => {
        const vectors = await embed(texts);
        return vectors.map((vector, i) =>
          /\p{Emoji_Presentation}/u.test(texts[i]!) ? vector.fill(Number.NaN) : vector,
        );
      }),
    ],
    [
      'chokes on half a character',
      'no character is too odd',
      /URI malformed/,
      embeds((embed) => async (texts) => {
        texts.forEach(encodeURIComponent);
        return await embed(texts);
      }),
    ],
    [
      'keeps what it hands out',
      'a vector belongs to whoever asked for it',
      /the vector of the same text/,
      (embedder) => {
        const known = new Map<string, Float32Array>();
        return but(embedder, {
          embed: async (texts) =>
            texts.map((text) => {
              const vector = known.get(text) ?? vectorOf(text);
              known.set(text, vector);
              return vector;
            }),
        });
      },
    ],
    [
      'answers in the order in which it was done',
      'vectors come in the order of their texts',
      /the vector of .* is off/,
      embeds((embed) => (texts) => embed(texts.toSorted())),
    ],
    [
      'leaves out what it knows',
      'a batch of 200 is answered whole and in order',
      /the number of vectors of embed of 200 texts: expected 200, got 5/,
      embeds((embed) => (texts) => embed([...new Set(texts)])),
    ],
    [
      'lets the padding show',
      'a batch gives what single calls give',
      /the vector of text 1 in a batch is off/,
      embeds((embed) => (texts) => {
        const words = Math.max(0, ...texts.map((text) => text.split(' ').length));
        return embed(texts.map((text) => text.padEnd(words, ' [PAD]')));
      }),
    ],
    [
      'cuts a batch off at 128',
      'a batch of 200 is answered whole and in order',
      /expected 200, got 128/,
      embeds((embed) => (texts) => embed(texts.slice(0, 128))),
    ],
    [
      'cannot embed nothing',
      'nothing has no vectors',
      /no texts/,
      embeds((embed) => async (texts) => {
        if (texts.length === 0) throw new RangeError('no texts');
        return await embed(texts);
      }),
    ],
    [
      'eats the list up',
      'the list is read at the call, and left alone',
      /the list after/,
      embeds((embed) => async (texts) => {
        const [...all] = (texts as string[]).splice(0);
        return await embed(all);
      }),
    ],
    [
      'reads the list late',
      'the list is read at the call, and left alone',
      /the vectors of a list used again: expected 5, got 1/,
      embeds((embed) => async (texts) => {
        await Promise.resolve();
        return await embed(texts);
      }),
    ],
    [
      'mixes up calls made at once',
      'of many calls at once each gets its own vectors',
      /the vector of call \d+ is off/,
      (embedder) => {
        let latest: readonly string[] = [];
        return but(embedder, {
          embed: async (texts) => {
            latest = [...texts];
            await Promise.resolve();
            return await embedder.embed(latest);
          },
        });
      },
    ],
    [
      'ignores its signal',
      'a signal that has fired stops every method of an embedder before it does anything',
      /embed with a fired signal must fail with ABORTED, but it succeeded/,
      embeds((embed) => (texts) => embed(texts)),
    ],
    [
      'forgets its listeners',
      'no method of an embedder leaves a listener on its signal',
      /the listeners left by embed: expected 0, got 1/,
      embeds((embed) => (texts, options) => {
        options?.signal?.addEventListener('abort', () => undefined);
        return embed(texts, options);
      }),
    ],
    [
      'fails in its own words when it is aborted',
      'a call of an embedder aborted on its way is done whole or not at all',
      /embed must be done or fail with ABORTED, but failed with .*gone/,
      embeds((embed) => async (texts, options) => {
        await Promise.resolve();
        if (options?.signal?.aborted === true) throw new Error('gone');
        return await embed(texts, options);
      }),
    ],
    [
      'works on after close',
      'after close every method of an embedder fails with CLOSED',
      /embed of an embedder after close must fail with CLOSED, but it succeeded/,
      (embedder) => but(embedder, { embed: async (texts) => texts.map(vectorOf) }),
    ],
    [
      'lets a call hang that is overtaken by close',
      'a call overtaken by the close of an embedder is answered or fails with CLOSED',
      /an answer of embed of an embedder did not happen within/,
      embeds((embed) => async (texts) => {
        await new Promise((resolve) => setImmediate(resolve));
        return await embed(texts).catch(() => new Promise<never>(() => undefined));
      }),
    ],
  ];

describe('the conformance kit of embedders', () => {
  describe.each([
    ['an embedder that can be closed', lexicalEmbedder],
    ['one that cannot', (): Embedder => ({ ...lexicalEmbedder(), close: undefined }) as never],
  ] as const)('passes %s', (_, make) => {
    for (const { name, run } of embedderConformance(make)) it(name, run);
  });

  it.each(faults)('catches an embedder that %s', async (_, law, said, make) => {
    const cases = embedderConformance(() => make(lexicalEmbedder()), { timeoutMs: 400 });
    const found = await caught(cases.filter(({ name }) => name === law));
    expect(found.get(law)).toMatch(said);
  });

  it('bears a difference within the tolerance, and no larger one', async () => {
    let calls = 0;
    const shaky = embeds((embed) => async (texts, options) => {
      const vectors = await embed(texts, options);
      calls += 1;
      return vectors.map((vector) => vector.map((member) => member + (calls % 7) * 1e-4));
    });
    const make = (): Embedder => shaky(lexicalEmbedder());
    const strict = await caught(embedderConformance(make));
    expect([...strict.keys()]).toContain('vectors come in the order of their texts');
    expect(await caught(embedderConformance(make, { tolerance: 0.05 }))).toEqual(new Map());
  });

  it('has a name for every law, and no name twice', () => {
    const names = embedderConformance(lexicalEmbedder).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
