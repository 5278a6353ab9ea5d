/**
 * Finds the nearest of many documents. The default is the house's lexical index; vector engines plug in here.
 * @module
 */

/** What is searched: fields of text, some weighing more. */
export interface IndexDocument {
  readonly id: string;
  readonly fields: readonly {
    readonly name: string;
    readonly text: string;
    readonly weight: number;
  }[];
  readonly vector?: Float32Array;
}

/** One match. */
export interface IndexHit {
  readonly id: string;
  /** Relevance, 0 to 1 relative to the best possible match of the query. */
  readonly relevance: number;
  /** Which words matched in which field. */
  readonly matched: readonly { readonly field: string; readonly term: string }[];
}

/** An index that lives in memory and can be rebuilt from records. */
export interface SearchIndex {
  readonly size: number;
  /** Adds or replaces. */
  put(document: IndexDocument): void;
  /** Forgets `id`, if it is there. */
  remove(id: string): void;
  /** The best `limit` matches among documents `accept` lets through. Deterministic; ties in order of id. */
  search(query: {
    readonly text: string;
    readonly vector?: Float32Array;
    readonly limit: number;
    accept?(id: string): boolean;
  }): readonly IndexHit[];
}
