/**
 * The form of an embedder's law, and the few things many of them need.
 * @module
 */
import type { Embedder } from '../../../ports/embedder.ts';
import { check, checkEqual, checkWithin } from '../../assert.ts';
import type { Law, Tools } from '../law.ts';

/** What a law may use beside the embedder it is tried on. */
export interface EmbedderTools extends Tools {
  /** How far a member of a vector may be from what it should be. */
  readonly tolerance: number;
}

/** One law of embedders. */
export type EmbedderLaw = Law<Embedder, EmbedderTools>;

/** Texts without a word in common. */
export const texts = [
  'convert an invoice to euros',
  'detect tumours in chest scans',
  'forecast tomorrow’s wind',
  'книга о море',
  '東京の天気',
] as const;

/** The vectors of `batch`: one for each text, each a unit vector. */
export async function vectorsOf(
  embedder: Embedder,
  batch: readonly string[],
  { timeoutMs, tolerance }: EmbedderTools,
): Promise<readonly Float32Array[]> {
  const what = `embed of ${String(batch.length)} texts`;
  const vectors = await checkWithin(timeoutMs, what, embedder.embed([...batch]));
  checkEqual(vectors.length, batch.length, `the number of vectors of ${what}`);
  for (const vector of vectors) {
    check(vector instanceof Float32Array, 'a vector must be a Float32Array');
    checkEqual(vector.length, embedder.dimensions, 'the length of a vector');
    // Written so that NaN is caught too.
    const off = Math.abs(Math.hypot(...vector) - 1);
    check(off <= tolerance, `a vector must have length 1, it has ${String(Math.hypot(...vector))}`);
  }
  return vectors;
}

/** Checks that two vectors are the same, member by member, but for the tolerance. */
export function checkVector(
  actual: Float32Array | undefined,
  expected: Float32Array | undefined,
  what: string,
  { tolerance }: EmbedderTools,
): void {
  check(actual !== undefined && expected !== undefined, `${what}: a vector is missing`);
  checkEqual(actual.length, expected.length, `the length of ${what}`);
  const off = Math.max(...actual.map((member, i) => Math.abs(member - expected[i]!)));
  check(off <= tolerance, `${what} is off by ${String(off)}`);
}
