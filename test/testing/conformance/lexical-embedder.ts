/** A trivial embedder, for the tests of the kit: the words of a text, hashed into the members of a vector. */
import { throwIfAborted } from '../../../src/base/abort.ts';
import { bucketOf } from '../../../src/base/bucket.ts';
import { MeshError } from '../../../src/base/errors.ts';
import type { Embedder } from '../../../src/ports/embedder.ts';

const dimensions = 256;

/** An embedder that can be closed. */
export function lexicalEmbedder(): Embedder & { close(): Promise<void> } {
  let open = true;
  return {
    space: `words@1/${dimensions}/l2`,
    dimensions,
    embed: async (texts, { signal } = {}) => {
      if (!open) throw new MeshError('CLOSED', { what: 'the embedder' });
      throwIfAborted(signal, 'embedding');
      return texts.map(vectorOf);
    },
    close: async () => {
      open = false;
    },
  };
}

/** The vector of one text. */
export function vectorOf(text: string): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of ['', ...text.split(/\s+/)]) vector[bucketOf(word, dimensions)]! += 1;
  const length = Math.hypot(...vector);
  return vector.map((member) => member / length);
}
