/**
 * GZIP as Node and browsers have it.
 * @module
 */
import { type Bytes, concat } from '../base/bytes.ts';
import { MeshError } from '../base/errors.ts';
import type { Compression } from '../ports/compression.ts';

/** Compression by the streams of the Compression Standard (WHATWG). */
export const streamCompression: Compression = {
  gzip: (bytes) => collect(pipe(bytes, new CompressionStream('gzip')), Number.POSITIVE_INFINITY),
  gunzip: (packed, maxBytes) => collect(pipe(packed, new DecompressionStream('gzip')), maxBytes),
};

function pipe(
  bytes: Bytes,
  through: CompressionStream | DecompressionStream,
): ReadableStream<Bytes> {
  const source = new ReadableStream<Bytes>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return source.pipeThrough(through);
}

async function collect(stream: ReadableStream<Bytes>, limit: number): Promise<Bytes> {
  const chunks: Bytes[] = [];
  let got = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(...chunks);
    got += value.length;
    if (got > limit) {
      const bomb = new MeshError('LIMIT_EXCEEDED', { what: 'what was compressed', limit, got });
      await reader.cancel(bomb);
      throw bomb;
    }
    chunks.push(value);
  }
}
