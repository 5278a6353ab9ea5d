/**
 * The default search index: BM25+ over weighted fields, in memory, exact under any filter.
 * Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), section 3; lower bound of a match: Lv and
 * Zhai, "Lower-bounding term frequency normalization" (2011).
 * @module
 */
import { compareText } from '../../base/ids.ts';
import type { IndexDocument, IndexHit, SearchIndex } from '../../ports/search-index.ts';
import { analyse } from './analyse.ts';

/** Constants of BM25+. */
export interface LexicalIndexOptions {
  /** How fast repeats of a word stop counting. Default 0.9. */
  readonly k1?: number;
  /** How much a long text is held against a match, 0 to 1. Default 0.4. */
  readonly b?: number;
  /** What a match counts at least, however long the text. Default 0.5. */
  readonly delta?: number;
}

/** Where a term stands: parallel lists, one place per document. */
interface Postings {
  readonly term: string;
  readonly slots: number[];
  /** Occurrences, each counted with the weight of its field. */
  readonly weights: number[];
}

interface Indexed {
  readonly id: string;
  readonly length: number;
  readonly fields: readonly string[];
  readonly terms: readonly Postings[];
  /** For each of `terms`: bit i says that it stands in field i. */
  readonly places: readonly number[];
}

interface QueryTerm {
  readonly term: string;
  readonly word: string;
  readonly rarity: number;
  readonly postings: Postings | undefined;
}

/** More fields than bits cannot be told apart; the last bit stands for all that follow. */
const fieldBits = 31;
/** Different terms of a query that count; the rest of a very long one is not read. */
const queryTerms = 64;

/** Finds documents by their words. Results depend on the documents held, never on the order they came in. */
export class LexicalIndex implements SearchIndex {
  readonly #k1: number;
  readonly #b: number;
  readonly #delta: number;
  readonly #postings = new Map<string, Postings>();
  readonly #slotOf = new Map<string, number>();
  readonly #documents: (Indexed | undefined)[] = [];
  readonly #free: number[] = [];
  #totalLength = 0;
  #scores = new Float64Array(1_024);

  constructor(options: LexicalIndexOptions = {}) {
    const { k1 = 0.9, b = 0.4, delta = 0.5 } = options;
    this.#k1 = k1;
    this.#b = b;
    this.#delta = delta;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  put(document: IndexDocument): void {
    this.remove(document.id);
    const slot = this.#free.pop() ?? this.#documents.length;
    const counts = countTerms(document);
    const terms: Postings[] = [];
    const places: number[] = [];
    let length = 0;
    for (const [term, { weight, fields }] of counts) {
      length += weight;
      const postings = this.#postingsOf(term);
      terms.push(postings);
      places.push(fields);
      postings.slots.push(slot);
      postings.weights.push(weight);
    }
    const fields = document.fields.map(({ name }) => name);
    this.#documents[slot] = { id: document.id, length, fields, terms, places };
    this.#slotOf.set(document.id, slot);
    this.#totalLength += length;
  }

  /** Forgets `id`, if it is there. */
  remove(id: string): void {
    const slot = this.#slotOf.get(id);
    if (slot === undefined) return;
    const { terms, length } = this.#documents[slot]!;
    for (const postings of terms) this.#unpost(postings, slot);
    this.#documents[slot] = undefined;
    this.#slotOf.delete(id);
    this.#free.push(slot);
    this.#totalLength -= length;
  }

  search(query: {
    readonly text: string;
    readonly limit: number;
    accept?(id: string): boolean;
  }): readonly IndexHit[] {
    const terms = this.#queryTerms(query.text);
    const best = terms.reduce((sum, { rarity }) => sum + rarity * (this.#k1 + 1 + this.#delta), 0);
    const matches = new Best(query.limit);
    for (const slot of this.#score(terms)) {
      const score = this.#scores[slot]!;
      this.#scores[slot] = 0;
      if (score < matches.least) continue;
      const { id } = this.#documents[slot]!;
      if (query.accept?.(id) !== false) matches.add({ id, slot, score });
    }
    return matches.list().map(({ id, slot, score }) => {
      const document = this.#documents[slot]!;
      const matched = terms.flatMap((term) => placesOf(term, document));
      return { id, relevance: Math.min(1, score / best), matched };
    });
  }

  #queryTerms(text: string): QueryTerm[] {
    const words = new Map<string, string>();
    for (const { term, word } of analyse(text)) {
      if (!words.has(term) && words.size < queryTerms) words.set(term, word);
    }
    return [...words].map(([term, word]) => {
      const postings = this.#postings.get(term);
      const found = postings?.slots.length ?? 0;
      const rarity = Math.log(1 + (this.size - found + 0.5) / (found + 0.5));
      return { term, word, rarity, postings };
    });
  }

  /** Adds up scores in `#scores`; the slots that got one. */
  #score(terms: readonly QueryTerm[]): number[] {
    if (this.#scores.length < this.#documents.length) {
      this.#scores = new Float64Array(this.#documents.length * 2);
    }
    const touched: number[] = [];
    const mean = this.#totalLength / Math.max(1, this.size);
    for (const { rarity, postings } of terms) {
      if (postings === undefined) continue;
      postings.slots.forEach((slot, i) => {
        if (this.#scores[slot] === 0) touched.push(slot);
        const weight = postings.weights[i]!;
        const share = this.#documents[slot]!.length / mean;
        const damping = this.#k1 * (1 - this.#b + this.#b * share);
        this.#scores[slot]! +=
          rarity * (this.#delta + (weight * (this.#k1 + 1)) / (weight + damping));
      });
    }
    return touched;
  }

  #postingsOf(term: string): Postings {
    const known = this.#postings.get(term);
    if (known !== undefined) return known;
    const made: Postings = { term, slots: [], weights: [] };
    this.#postings.set(term, made);
    return made;
  }

  /** Order among postings has no meaning, so the last one takes the place of the one that goes. */
  #unpost(postings: Postings, slot: number): void {
    const at = postings.slots.indexOf(slot);
    for (const column of [postings.slots, postings.weights]) {
      const last = column.pop()!;
      if (at < column.length) column[at] = last;
    }
    if (postings.slots.length === 0) this.#postings.delete(postings.term);
  }
}

interface Match {
  readonly id: string;
  readonly slot: number;
  readonly score: number;
}

/** The `limit` best of many matches, without sorting them all. */
class Best {
  readonly #limit: number;
  #matches: Match[] = [];
  /** What scores less cannot be among the best. */
  least = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(match: Match): void {
    this.#matches.push(match);
    if (this.#matches.length >= 2 * this.#limit + 64) this.list();
  }

  list(): readonly Match[] {
    this.#matches = this.#matches.sort(byScore).slice(0, this.#limit);
    if (this.#matches.length === this.#limit) this.least = this.#matches.at(-1)?.score ?? 0;
    return this.#matches;
  }
}

function byScore(a: Match, b: Match): number {
  return b.score - a.score || compareText(a.id, b.id);
}

function placesOf({ word, postings }: QueryTerm, document: Indexed): IndexHit['matched'] {
  const at = postings === undefined ? -1 : document.terms.indexOf(postings);
  const bits = document.places[at] ?? 0;
  return document.fields
    .filter((_, i) => (bits & bitOf(i)) !== 0)
    .map((field) => ({ field, term: word }));
}

function countTerms(document: IndexDocument): Map<string, { weight: number; fields: number }> {
  const counts = new Map<string, { weight: number; fields: number }>();
  document.fields.forEach(({ text, weight }, i) => {
    if (!(weight > 0)) return;
    for (const { term } of analyse(text)) {
      const count = counts.get(term) ?? { weight: 0, fields: 0 };
      counts.set(term, { weight: count.weight + weight, fields: count.fields | bitOf(i) });
    }
  });
  return counts;
}

function bitOf(field: number): number {
  return 1 << Math.min(field, fieldBits - 1);
}
