/**
 * Reads the part of EDN that histories are written in: nil, booleans, numbers, texts, keywords, lists, vectors, maps.
 * Keywords and symbols become their names; lists and vectors become arrays.
 * @module
 */
import { refused } from '../../src/base/shape.ts';

/** What EDN becomes. */
export type Edn = null | boolean | number | string | readonly Edn[] | EdnMap;
/** A map, by the names of its keys. */
export interface EdnMap {
  readonly [key: string]: Edn;
}

const maxDepth = 32;
// Commas are blanks in EDN; a comment runs to the end of its line.
const blanks = /[\s,]*(?:;[^\n]*[\s,]*)*/y;
const token = /"[^"\\]*(?:\\[^][^"\\]*)*"|[^\s,;"()[\]{}]+|[()[\]{}]/y;

/** All values in `text`, one after the other. Throws `SCHEMA_INVALID` naming the place. */
export function readEdn(text: string): readonly Edn[] {
  const reader = new Reader(text);
  const values: Edn[] = [];
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    values.push(reader.value(word, 0));
  }
  return values;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token, or undefined at the end. */
  next(): string | undefined {
    this.#take(blanks);
    if (this.#at === this.#text.length) return undefined;
    const word = this.#take(token);
    if (word === undefined) throw this.#refused('EDN', this.#text[this.#at]);
    return word;
  }

  value(word: string, depth: number): Edn {
    if (depth > maxDepth) throw this.#refused(`nested at most ${String(maxDepth)} deep`, 'more');
    if (word === '(') return this.#until(')', depth);
    if (word === '[') return this.#until(']', depth);
    if (word === '{') return this.#map(this.#until('}', depth));
    if (/^[)\]}]$/.test(word)) throw this.#refused('a value', word);
    return this.#atom(word);
  }

  #until(end: string, depth: number): readonly Edn[] {
    const values: Edn[] = [];
    for (let word = this.next(); word !== end; word = this.next()) {
      if (word === undefined) throw this.#refused(`'${end}'`, 'the end');
      values.push(this.value(word, depth + 1));
    }
    return values;
  }

  #map(items: readonly Edn[]): EdnMap {
    if (items.length % 2 !== 0) throw this.#refused('a value for each key', 'none');
    const entries: [string, Edn][] = [];
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== 'string') throw this.#refused('a key that is a name', key);
      entries.push([key, items[i + 1]!]);
    }
    return Object.fromEntries(entries);
  }

  #atom(word: string): Edn {
    if (word.startsWith('"')) return this.#string(word);
    if (word === 'nil') return null;
    if (word === 'true' || word === 'false') return word === 'true';
    if (/^[-+]?\d/.test(word)) return this.#number(word);
    const name = /^:?([A-Za-z*!_?$%&=<>.+/-][\w*!?$%&=<>.+/#-]*)$/.exec(word)?.[1];
    if (name === undefined) throw this.#refused('EDN', word);
    return name;
  }

  #string(word: string): string {
    try {
      return JSON.parse(word.replaceAll('\n', '\\n').replaceAll('\t', '\\t')) as string;
    } catch {
      throw this.#refused('a text', word);
    }
  }

  #number(word: string): number {
    const number = Number(word.replace(/N$/, ''));
    if (!Number.isFinite(number)) throw this.#refused('a number', word);
    return number;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #refused(expected: string, got: unknown): Error {
    return refused(`character ${String(this.#at)}`, expected, got);
  }
}
