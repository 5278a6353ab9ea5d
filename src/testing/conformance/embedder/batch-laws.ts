/**
 * Laws of batches: a text's vector is its own, whoever else is asked about beside it.
 * @module
 */
import { checkEqual, checkWithin } from '../../assert.ts';
import { checkVector, type EmbedderLaw, texts, vectorsOf } from './embedder-law.ts';

/** What holds for every embedder. */
export const batchLaws: readonly EmbedderLaw[] = [
  {
    name: 'nothing has no vectors',
    test: async (embedder, tools) => {
      await vectorsOf(embedder, [], tools);
    },
  },
  {
    name: 'vectors come in the order of their texts',
    test: async (embedder, tools) => {
      const there = await vectorsOf(embedder, texts, tools);
      const back = await vectorsOf(embedder, texts.toReversed(), tools);
      for (const [i, text] of texts.entries()) {
        checkVector(back[texts.length - 1 - i], there[i], `the vector of '${text}'`, tools);
      }
    },
  },
  {
    name: 'a batch gives what single calls give',
    test: async (embedder, tools) => {
      // A long neighbour and an empty one: padding must not show.
      const batch = [...texts, 'a '.repeat(200), ''];
      const together = await vectorsOf(embedder, batch, tools);
      for (const [i, text] of batch.entries()) {
        const [alone] = await vectorsOf(embedder, [text], tools);
        checkVector(together[i], alone, `the vector of text ${String(i + 1)} in a batch`, tools);
      }
    },
  },
  {
    name: 'a batch of 200 is answered whole and in order',
    test: async (embedder, tools) => {
      const batch = Array.from({ length: 200 }, (_, i) => texts[i % texts.length]!);
      const vectors = await vectorsOf(embedder, batch, tools);
      const single = await vectorsOf(embedder, texts, tools);
      for (const [i, vector] of vectors.entries()) {
        checkVector(vector, single[i % texts.length], `vector ${String(i + 1)} of 200`, tools);
      }
    },
  },
  {
    name: 'the list is read at the call, and left alone',
    test: async (embedder, tools) => {
      const [expected] = await vectorsOf(embedder, texts, tools);
      const list: string[] = [...texts];
      const embedding = embedder.embed(list);
      checkEqual(list, [...texts], 'the list after the call');
      list.fill('something else');
      list.length = 1;
      const vectors = await checkWithin(tools.timeoutMs, 'embed', embedding);
      checkEqual(vectors.length, texts.length, 'the vectors of a list used again');
      checkVector(vectors[0], expected, 'the first vector of a list used again', tools);
      checkEqual(list, ['something else'], 'the list after embedding');
    },
  },
  {
    name: 'of many calls at once each gets its own vectors',
    test: async (embedder, tools) => {
      const single = await vectorsOf(embedder, texts, tools);
      const calls = Array.from({ length: 20 }, (_, i) =>
        embedder.embed([texts[i % texts.length]!]),
      );
      const answers = await checkWithin(tools.timeoutMs, '20 calls at once', Promise.all(calls));
      for (const [i, [vector]] of answers.entries()) {
        checkVector(vector, single[i % texts.length], `the vector of call ${String(i + 1)}`, tools);
      }
    },
  },
];
