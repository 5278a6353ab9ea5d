/**
 * Policy text cut into tokens, each with its place.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';

/** What a token is. A `string` keeps its escapes: a pattern reads them differently. */
export interface Token {
  readonly kind: 'name' | 'integer' | 'string' | 'mark' | 'end';
  /** The characters; for a `string` those between the quotes. */
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly offset: number;
}

const blank = /(?:\s|\/\/[^\n\r]*)*/y;
const word =
  /([A-Za-z_][A-Za-z0-9_]*)|(\d+)|"((?:[^"\\]|\\.)*)"|(::|==|!=|<=|>=|&&|\|\||\?[a-z]+|[@(){}[\],;.:<>!+\-*?=])/y;

/** Tokens of `text`; the last one is `end`. `POLICY_SYNTAX` for characters the language has no use for. */
export function tokenize(text: string): readonly Token[] {
  // Cedar text is Unicode; half a surrogate pair is none, and could not be signed either.
  if (!text.isWellFormed()) throw syntaxError(text, 0, 'a lone surrogate');
  const tokens: Token[] = [];
  let offset = skipBlank(text, 0);
  while (offset < text.length) {
    word.lastIndex = offset;
    const match = word.exec(text);
    if (match === null) throw syntaxError(text, offset, unexpected(text, offset));
    tokens.push({ ...classify(match), offset });
    offset = skipBlank(text, word.lastIndex);
  }
  tokens.push({ kind: 'end', text: 'the end', offset });
  return tokens;
}

function skipBlank(text: string, offset: number): number {
  blank.lastIndex = offset;
  blank.exec(text);
  return blank.lastIndex;
}

function classify([, name, integer, string, mark]: RegExpExecArray): Omit<Token, 'offset'> {
  if (name !== undefined) return { kind: 'name', text: name };
  if (integer !== undefined) return { kind: 'integer', text: integer };
  if (string !== undefined) return { kind: 'string', text: string };
  return { kind: 'mark', text: mark! };
}

function unexpected(text: string, offset: number): string {
  const character = String.fromCodePoint(text.codePointAt(offset)!);
  return character === '"' ? 'a string that does not end' : `unexpected '${character}'`;
}

/** The error at `offset` of `text`. */
export function syntaxError(text: string, offset: number, detail: string): MeshError {
  return new MeshError('POLICY_SYNTAX', { ...placeOf(text, offset), detail });
}

/** The error for a part of the language this engine leaves out. */
export function unsupported(text: string, offset: number, feature: string): MeshError {
  return new MeshError('POLICY_UNSUPPORTED', { feature, ...placeOf(text, offset) });
}

/** Line and column, counted from 1. */
function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
