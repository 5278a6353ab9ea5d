/**
 * Text to vectors, for search by meaning.
 * @module
 */

/** Computes vectors. */
export interface Embedder {
  /** `<model>@<version>/<dimensions>/<normalisation>`: vectors of different spaces are never compared. */
  readonly space: string;
  readonly dimensions: number;
  /** One unit vector for each text. */
  embed(
    texts: readonly string[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly Float32Array[]>;
}
