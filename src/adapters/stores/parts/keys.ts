/**
 * Keys of a store: what is one, and which comes first.
 * @module
 */

import { utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import type { Key } from '../../../ports/store.ts';

const maxKeyBytes = 512;

/** `key`, when it is 1 to 512 bytes of UTF-8; `INVALID_ARGUMENT` otherwise. */
export function checkKey(key: Key, argument = 'key'): Key {
  const length = byteLength(checkText(key, argument));
  if (length >= 1 && length <= maxKeyBytes) return key;
  throw invalidKey(argument, `${String(length)} bytes`);
}

/** `text`, when it is a string that UTF-8 can spell; the looser rule for prefixes and the ends of ranges. */
export function checkText(text: string, argument: string): string {
  if (typeof text === 'string' && text.isWellFormed()) return text;
  throw invalidKey(argument, typeof text === 'string' ? 'a lone surrogate' : text);
}

/**
 * The order of the UTF-8 bytes, without encoding. UTF-16 units have the same order except that surrogates, which
 * spell the characters beyond U+FFFF, come before U+E000 to U+FFFF.
 */
export function compareKeys(a: Key, b: Key): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** The first text behind all that begin with `prefix`; undefined when nothing is. */
export function behindPrefix(prefix: Key): Key | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}

/** The first text behind `key`. */
export function behindKey(key: Key): Key {
  return `${key}\0`;
}

function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function byteLength(text: string): number {
  if (text.length > maxKeyBytes) return text.length;
  return text.length * 3 <= maxKeyBytes && text.length > 0 ? text.length : utf8(text).length;
}

function invalidKey(argument: string, got: unknown): MeshError {
  const expected = `1 to ${String(maxKeyBytes)} bytes of UTF-8`;
  return new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}
