import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LexicalIndex } from '../../../src/core/discovery/lexical-index.ts';
import type { IndexDocument } from '../../../src/ports/search-index.ts';

const document = (id: string, name: string, description = ''): IndexDocument => ({
  id,
  fields: [
    { name: 'name', text: name, weight: 2 },
    { name: 'description', text: description, weight: 1 },
  ],
});
const words = ['weather', 'forecast', 'legal', 'contract', 'tax', 'climate', 'ocean'];
const text = fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((list) => list.join(' '));
const documents = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,3}$/), text, text), {
    selector: ([id]) => id,
    maxLength: 12,
  })
  .map((list) => list.map(([id, name, description]) => document(id, name, description)));

const results = (index: LexicalIndex, query: string) =>
  index
    .search({ text: query, limit: 100 })
    .map(({ id, relevance, matched }) => ({ id, relevance, matched }));

describe('the lexical index', () => {
  it('puts the document that matches more, and rarer, words first', () => {
    const index = new LexicalIndex();
    index.put(document('a', 'weather', 'forecast for any city'));
    index.put(document('b', 'weather', 'climate of the ocean'));
    index.put(document('c', 'lawyer', 'reads contracts'));
    expect(results(index, 'weather and ocean climate').map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('counts a word in the name more than in the description', () => {
    const index = new LexicalIndex();
    index.put(document('a', 'helper', 'taxes'));
    index.put(document('b', 'taxes', 'helper'));
    expect(results(index, 'tax').map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('says which words of the query matched in which field', () => {
    const index = new LexicalIndex();
    index.put(document('a', 'WeatherOracle', 'forecasts climates'));
    expect(results(index, 'Forecasting the weather')[0]?.matched).toEqual([
      { field: 'description', term: 'forecasting' },
      { field: 'name', term: 'weather' },
    ]);
  });

  it('shows nothing that is not accepted, and does not count it among the best', () => {
    const index = new LexicalIndex();
    for (const id of ['a', 'b', 'c']) index.put(document(id, 'weather'));
    const hits = index.search({ text: 'weather', limit: 1, accept: (id) => id === 'c' });
    expect(hits.map(({ id }) => id)).toEqual(['c']);
  });

  it('finds nothing for a query without words, or with unknown ones', () => {
    const index = new LexicalIndex();
    index.put(document('a', 'weather'));
    expect(results(index, '')).toEqual([]);
    expect(results(index, 'the of and')).toEqual([]);
    expect(results(index, 'zeppelin')).toEqual([]);
  });

  it('orders equal matches by id', () => {
    const index = new LexicalIndex();
    for (const id of ['c', 'a', 'b']) index.put(document(id, 'weather'));
    expect(results(index, 'weather').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('gives the first by id of more equal matches than were asked for', () => {
    const index = new LexicalIndex();
    for (let i = 299; i >= 100; i -= 1) index.put(document(String(i), 'weather'));
    const found = index.search({ text: 'weather', limit: 3 }).map(({ id }) => id);
    expect(found).toEqual(['100', '101', '102']);
  });

  it('gives the same results whatever the order of puts, removals and replacements', () => {
    fc.assert(
      fc.property(
        documents,
        documents,
        text,
        fc.infiniteStream(fc.nat()),
        (kept, passing, query, stream) => {
          const plain = new LexicalIndex();
          for (const item of kept) plain.put(item);
          const busy = new LexicalIndex();
          for (const item of passing) busy.put(item);
          const order = [...kept].sort(() => ((stream.next().value ?? 0) % 2 === 0 ? 1 : -1));
          for (const item of order) busy.put(item);
          for (const { id } of passing) {
            if (!kept.some((item) => item.id === id)) busy.remove(id);
          }
          expect(busy.size).toBe(kept.length);
          expect(results(busy, query)).toEqual(results(plain, query));
        },
      ),
    );
  });

  it('keeps relevance within 0 and 1', () => {
    fc.assert(
      fc.property(documents, fc.oneof(text, fc.string()), (items, query) => {
        const index = new LexicalIndex();
        for (const item of items) index.put(item);
        for (const { relevance } of results(index, query)) {
          expect(relevance).toBeGreaterThan(0);
          expect(relevance).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('is not impressed by a word repeated a thousand times', () => {
    const index = new LexicalIndex();
    index.put(document('honest', 'weather', 'weather forecast'));
    index.put(document('stuffed', 'shop', 'weather '.repeat(1_000)));
    for (let i = 0; i < 20; i += 1) index.put(document(`other${String(i)}`, 'legal contract'));
    expect(results(index, 'weather forecast')[0]?.id).toBe('honest');
  });
});
