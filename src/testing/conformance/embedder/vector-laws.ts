/**
 * Laws of vectors: what they may be compared with, and what they look like.
 * @module
 */
import { check, checkEqual } from '../../assert.ts';
import { checkVector, type EmbedderLaw, texts, vectorsOf } from './embedder-law.ts';

/** What holds for every embedder. */
export const vectorLaws: readonly EmbedderLaw[] = [
  {
    name: 'space is <model>@<version>/<dimensions>/<normalisation>, and stays',
    test: async (embedder, tools) => {
      const { space, dimensions } = embedder;
      const form = /^[^@\s]+@[^@/\s]+\/(\d+)\/[^@/\s]+$/.exec(space);
      check(
        form !== null,
        `space must be <model>@<version>/<dimensions>/<normalisation>, got ${space}`,
      );
      checkEqual(Number(form[1]), dimensions, 'the dimensions in space');
      check(Number.isSafeInteger(dimensions) && dimensions > 0, 'dimensions must be above 0');
      await vectorsOf(embedder, texts, tools);
      checkEqual([embedder.space, embedder.dimensions], [space, dimensions], 'space after use');
    },
  },
  {
    name: 'every text has one unit vector of the dimensions claimed',
    test: async (embedder, tools) => {
      await vectorsOf(embedder, texts, tools);
    },
  },
  {
    name: 'the same text has the same vector, another text another one',
    test: async (embedder, tools) => {
      const [first, , other] = await vectorsOf(embedder, texts, tools);
      const [again] = await vectorsOf(embedder, texts, tools);
      checkVector(again, first, 'the vector of a text embedded again', tools);
      const cosine = first!.reduce((sum, member, i) => sum + member * other![i]!, 0);
      check(cosine < 1 - tools.tolerance, 'texts without a word in common must not be the same');
    },
  },
  {
    name: 'an empty text and one of spaces have unit vectors',
    test: async (embedder, tools) => {
      await vectorsOf(embedder, [''], tools);
      await vectorsOf(embedder, ['', ' ', '\n\t', texts[0]], tools);
    },
  },
  {
    name: 'a text of 200,000 characters has a unit vector',
    test: async (embedder, tools) => {
      await vectorsOf(embedder, ['a long story '.repeat(15_385)], tools);
    },
  },
  {
    name: 'no character is too odd',
    test: async (embedder, tools) => {
      await vectorsOf(
        embedder,
        ['\0', 'half \ud83d a pair', '🜁🜂', '👩‍🚀 ☕️ 1️⃣', '\u202e', '[CLS] <s> %s'],
        tools,
      );
    },
  },
  {
    name: 'a vector belongs to whoever asked for it',
    test: async (embedder, tools) => {
      const [one, twin] = await vectorsOf(embedder, [texts[0], texts[0]], tools);
      const copy = one!.slice();
      one!.fill(0);
      checkVector(twin, copy, 'the vector of the same text', tools);
      twin!.fill(0);
      const [again] = await vectorsOf(embedder, [texts[0]], tools);
      checkVector(again, copy, 'the vector made anew', tools);
    },
  },
];
