/**
 * The one JSON text of a value (RFC 8785, JSON Canonicalization Scheme): what is signed and hashed.
 * @module
 */
import { type Bytes, utf8 } from './bytes.ts';
import { MeshError } from './errors.ts';

/** Plain JSON data. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

const maxDepth = 64;

/**
 * Canonical JSON text of `value`. Members that are `undefined` are left out, as JSON.stringify does.
 * Throws `SCHEMA_INVALID` for what JSON cannot carry: NaN, infinities, lone surrogates, functions, nesting over 64.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$', 0);
}

/** UTF-8 bytes of {@link canonicalJson}. */
export function canonicalBytes(value: unknown): Bytes {
  return utf8(canonicalJson(value));
}

function write(value: unknown, at: string, depth: number): string {
  if (depth > maxDepth) throw refuse(at, `nested at most ${String(maxDepth)} deep`, 'more');
  switch (typeof value) {
    case 'string':
      return text(value, at);
    case 'number':
      if (!Number.isFinite(value)) throw refuse(at, 'a finite number', value);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : composite(value, at, depth);
    default:
      throw refuse(at, 'JSON data', typeof value);
  }
}

function composite(value: object, at: string, depth: number): string {
  if (Array.isArray(value)) {
    // Array.from visits holes too, which map would leave out.
    const items = Array.from(value, (item, i) => write(item, `${at}[${String(i)}]`, depth + 1));
    return `[${items.join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refuse(at, 'JSON data', value);
  const members: string[] = [];
  // RFC 8785, section 3.2.3: names are sorted by their UTF-16 code units, which is what sort() does.
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    members.push(`${text(key, at)}:${write(member, `${at}.${key}`, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function text(value: string, at: string): string {
  if (!value.isWellFormed()) throw refuse(at, 'well-formed Unicode', 'a lone surrogate');
  return JSON.stringify(value);
}

function refuse(at: string, expected: string, got: unknown): MeshError {
  return new MeshError('SCHEMA_INVALID', { at, expected, got });
}
