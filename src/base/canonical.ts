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
  return write(value, []);
}

/** UTF-8 bytes of {@link canonicalJson}. */
export function canonicalBytes(value: unknown): Bytes {
  return utf8(canonicalJson(value));
}

/** Names and indices that lead from the whole to the value at hand; read only when that value is refused. */
type Path = (string | number)[];

function write(value: unknown, path: Path): string {
  if (path.length > maxDepth) throw refuse(path, `nested at most ${String(maxDepth)} deep`, 'more');
  switch (typeof value) {
    case 'string':
      return text(value, path);
    case 'number':
      if (!Number.isFinite(value)) throw refuse(path, 'a finite number', value);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? array(value, path) : object(value, path);
    default:
      throw refuse(path, 'JSON data', typeof value);
  }
}

function array(items: readonly unknown[], path: Path): string {
  let json = '';
  // By index, since forEach would leave out holes.
  for (let i = 0; i < items.length; i += 1) {
    path.push(i);
    json += i === 0 ? write(items[i], path) : `,${write(items[i], path)}`;
    path.pop();
  }
  return `[${json}]`;
}

function object(value: object, path: Path): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refuse(path, 'JSON data', value);
  let json = '';
  for (const name of sortedNames(value)) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    const label = text(name, path);
    path.push(name);
    json += json === '' ? `${label}:${write(member, path)}` : `,${label}:${write(member, path)}`;
    path.pop();
  }
  return `{${json}}`;
}

/** RFC 8785, section 3.2.3: names are sorted by their UTF-16 code units, which is what sort() does. Most are already. */
function sortedNames(value: object): string[] {
  const names = Object.keys(value);
  for (let i = 1; i < names.length; i += 1) if (names[i - 1]! > names[i]!) return names.sort();
  return names;
}

/** Printable ASCII that stands for itself: what most texts are made of, and quicker to see than to escape. */
const plain = /^[ !#-[\]-~]*$/;

function text(value: string, path: Path): string {
  if (plain.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw refuse(path, 'well-formed Unicode', 'a lone surrogate');
  return JSON.stringify(value);
}

function refuse(path: Path, expected: string, got: unknown): MeshError {
  const steps = path.map((step) => (typeof step === 'number' ? `[${String(step)}]` : `.${step}`));
  return new MeshError('SCHEMA_INVALID', { at: `$${steps.join('')}`, expected, got });
}
