import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyse, stem } from '../../../src/core/discovery/analyse.ts';

const terms = (text: string): string[] => analyse(text).map(({ term }) => term);

describe('the analyser', () => {
  it('gives the spellings of one word the same term', () => {
    for (const [one, other] of [
      ['forecast', 'forecasts'],
      ['forecasting', 'forecasted'],
      ['translation', 'translations'],
      ['company', 'companies'],
      ['Résumé', 'resume'],
      ['ＡＢＣ', 'abc'],
      ['plan', 'planning'],
    ] as const) {
      expect(terms(one)).toEqual(terms(other));
    }
  });

  it('keeps words apart that only look alike', () => {
    expect(terms('business')).not.toEqual(terms('bus'));
    expect(terms('class')).toEqual(terms('classes'));
    expect(terms('class')).not.toEqual(terms('claim'));
    expect(terms('policy')).not.toEqual(terms('police'));
  });

  it('splits names that are written in one word', () => {
    expect(terms('legalDocument_analysis')).toEqual(terms('legal document analysis'));
    expect(terms('data.analysis')).toEqual(terms('data analysis'));
  });

  it('leaves out the words of grammar and of asking', () => {
    expect(terms('Can you please help me find the best weather?')).toEqual(terms('weather'));
    expect(terms('What can you do?')).toEqual([]);
  });

  it('cuts scripts without spaces into pairs', () => {
    expect(terms('中文搜索')).toEqual(['中文', '文搜', '搜索']);
    expect(terms('天気')).toEqual(['天気']);
    expect(terms('犬')).toEqual(['犬']);
    expect(terms('search 搜索 tool')).toEqual(['search', '搜索', 'tool']);
  });

  it('keeps vowel signs of scripts that write them as marks', () => {
    expect(terms('हिन्दी')).toEqual(['हिन्दी']);
  });

  it('takes any text, and never gives an empty term', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const empty = analyse(text).filter(({ term, word }) => term === '' || word === '');
        expect(empty).toEqual([]);
      }),
    );
  });

  it('reads the same terms in any case', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z ]{0,60}$/), (text) => {
        expect(terms(text.toUpperCase())).toEqual(terms(text));
      }),
    );
  });

  it('never stems a word to less than two letters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{2,20}$/), (word) => {
        expect(stem(word).length).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});
