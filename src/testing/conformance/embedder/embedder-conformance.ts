/**
 * The conformance kit of embedders.
 * @module
 */
import type { Embedder } from '../../../ports/embedder.ts';
import type { ConformanceCase } from '../../assert.ts';
import { closableLaws, closeIfItCan } from '../closable.ts';
import { casesOf, defaultTimeoutMs } from '../law.ts';
import { batchLaws } from './batch-laws.ts';
import { type EmbedderLaw, type EmbedderTools, texts } from './embedder-law.ts';
import { vectorLaws } from './vector-laws.ts';

/** Options of {@link embedderConformance}. */
export interface EmbedderConformanceOptions {
  /** How far a member of a vector may be off between two calls. Default 0.0001: batches are padded, and floats rounded. */
  readonly tolerance?: number;
  /** The bound of each wait in real milliseconds. Default 5,000; a large model may need more. */
  readonly timeoutMs?: number;
}

/**
 * The laws every embedder keeps. `make` returns an embedder each time, which may share its model with others; one that has
 * `close()` or `[Symbol.asyncDispose]()` is closed by the kit, and must fail with `CLOSED` from then on.
 *
 * @example
 * ```ts
 * for (const { name, run } of embedderConformance(() => myEmbedder())) test(name, run);
 * ```
 */
export function embedderConformance(
  make: () => Embedder | Promise<Embedder>,
  options: EmbedderConformanceOptions = {},
): ConformanceCase[] {
  const { tolerance = 1e-4, timeoutMs = defaultTimeoutMs } = options;
  return casesOf(laws, { open: make, close: closeIfItCan, tools: { tolerance, timeoutMs } });
}

const laws: readonly EmbedderLaw[] = [
  ...vectorLaws,
  ...batchLaws,
  ...closableLaws<Embedder, EmbedderTools>('an embedder', [
    {
      name: 'embed',
      takesSignal: true,
      call: (embedder, signal) => embedder.embed([texts[0]], signal && { signal }),
    },
    {
      name: 'embed of nothing',
      takesSignal: true,
      call: (embedder, signal) => embedder.embed([], signal && { signal }),
    },
  ]),
];
