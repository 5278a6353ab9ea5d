/**
 * From text to the terms an index knows: what two spellings of one thing have in common.
 * @module
 */

/** One term, with the word it came from as a person would read it. */
export interface Token {
  readonly term: string;
  readonly word: string;
}

const eastAsian = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー`;
const runs = new RegExp(`[${eastAsian}]+|(?:(?![${eastAsian}])[\\p{L}\\p{N}\\p{M}])+`, 'gu');
const startsEastAsian = new RegExp(`^[${eastAsian}]`, 'u');
// Accents of Latin, Greek and Cyrillic only: in other scripts a combining mark is a vowel.
const accents = /[\u0300-\u036f]/g;
const camelHump = /(\p{Ll}|\p{N})(\p{Lu}\p{Ll})/gu;

/** A word longer than this is no word; the rest is cut. */
const longestWord = 40;

/** Terms of `text` in order, repeats included. Words that carry no meaning in a request are left out. */
export function analyse(text: string): Token[] {
  const tokens: Token[] = [];
  const plain = text.normalize('NFKC').replace(camelHump, '$1 $2').toLowerCase();
  const bare = plain.normalize('NFD').replace(accents, '').normalize('NFC');
  for (const [run] of bare.matchAll(runs)) {
    if (startsEastAsian.test(run)) tokens.push(...pairs(run));
    else if (!stopWords.has(run)) tokens.push({ term: stem(run.slice(0, longestWord)), word: run });
  }
  return tokens;
}

/** Scripts without spaces are cut into overlapping pairs, which need no dictionary. */
function pairs(run: string): Token[] {
  const letters = Array.from(run);
  if (letters.length === 1) return [{ term: run, word: run }];
  return letters.slice(1).map((letter, i) => {
    const pair = `${letters[i]!}${letter}`;
    return { term: pair, word: pair };
  });
}

/**
 * A light English stemmer: plurals, then the commonest verb and noun endings of longer words. It errs towards
 * leaving words alone, since a wrong match costs more trust in a search than a missed one.
 */
export function stem(word: string): string {
  if (word.length <= 3 || !/^[a-z]+$/.test(word)) return word;
  const singular = withoutPlural(word);
  const root = singular.length > 5 ? withoutEnding(singular) : singular;
  return root.length > 3 ? root.replace(/e$/, '').replace(/([^aeiou])\1$/, '$1') : root;
}

function withoutPlural(word: string): string {
  if (word.endsWith('ies')) return word.length > 4 ? `${word.slice(0, -3)}y` : word;
  if (/(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2);
  return /[^su]s$/.test(word) ? word.slice(0, -1) : word;
}

const endings: readonly (readonly [RegExp, string])[] = [
  [/ization$/, 'iz'],
  [/isation$/, 'iz'],
  [/ational$/, 'at'],
  [/ation$/, 'at'],
  [/fulness$/, 'ful'],
  [/(?:ment|ness|ing|ly|er|or|ed)$/, ''],
];

function withoutEnding(word: string): string {
  for (const [ending, replacement] of endings) {
    const root = word.replace(ending, replacement);
    if (root !== word) return root.length >= 3 && /[aeiouy]/.test(root) ? root : word;
  }
  return word;
}

/** Words of grammar, then words of asking: "please help me find" says nothing about what is wanted. */
const stopWords: ReadonlySet<string> = new Set(
  `a about after all also am an and any are as at be because been before being between both but by can cannot could
  did do does doing done down during each either else etc for from had has have having he her here him his how i if in
  into is it its itself just let ll may me might mine more most much must my no nor not of off on once one only onto or
  other our ours out over own per re s same shall she should so some such t than that the their them then there these
  they this those through to too under until up upon us ve very was we were what when where whether which while who
  whom whose why will with within without would yes you your yours
  please help need needs want wants wanted like looking look find finding get getting give gives giving tell telling
  show showing know use uses used using able make provide provides providing best good possible thing things way`
    .trim()
    .split(/\s+/),
);
