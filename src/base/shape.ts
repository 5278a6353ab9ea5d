/**
 * Parsers for data from outside, built from small pieces. A shape returns the typed value or throws `SCHEMA_INVALID`
 * naming the place. Unknown members are kept, so that a newer peer's fields survive under their signature.
 * @module
 */
import { MeshError } from './errors.ts';

/** Checks `value`, found at `at`, and returns it typed. */
export type Shape<T> = (value: unknown, at: string) => T;

/** The type a shape yields. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** A member that may be absent. */
export type OptionalShape<T> = Shape<T | undefined> & { readonly optional: true };

type Members = Readonly<Record<string, Shape<unknown>>>;
type OptionalKeys<M> = { [K in keyof M]: M[K] extends OptionalShape<unknown> ? K : never }[keyof M];
/** The object type of a set of members. */
export type ObjectOf<M extends Members> = {
  readonly [K in Exclude<keyof M, OptionalKeys<M>>]: Shaped<M[K]>;
} & { readonly [K in OptionalKeys<M>]?: Exclude<Shaped<M[K]>, undefined> };

/** A string of at most `max` characters (default 1,024) that matches `pattern`, if given. */
export function text(
  options: { max?: number; min?: number; pattern?: RegExp; what?: string } = {},
): Shape<string> {
  const { max = 1_024, min = 0, pattern, what } = options;
  const expected = what ?? `a string of ${String(min)} to ${String(max)} characters`;
  return (value, at) => {
    if (typeof value !== 'string' || value.length > max || value.length < min) {
      throw refused(at, expected, value);
    }
    if (pattern !== undefined && !pattern.test(value)) throw refused(at, expected, value);
    return value;
  };
}

/** A finite number within `min` and `max`. */
export function number(options: { min?: number; max?: number } = {}): Shape<number> {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = options;
  return (value, at) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      throw refused(at, `a number from ${String(min)} to ${String(max)}`, value);
    }
    return value;
  };
}

/** A safe integer within `min` (default 0) and `max`. */
export function integer(options: { min?: number; max?: number } = {}): Shape<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return (value, at) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw refused(at, `an integer from ${String(min)} to ${String(max)}`, value);
    }
    return value as number;
  };
}

/** `true` or `false`. */
export const boolean: Shape<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw refused(at, 'true or false', value);
  return value;
};

/** Anything; for members that are passed on unread. */
export const unknown: Shape<unknown> = (value) => value;

/** One of the given values. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  return (value, at) => {
    if (!values.includes(value as T)) throw refused(at, `one of ${values.join(', ')}`, value);
    return value as T;
  };
}

/** An array of at most `max` items (default 1,000). */
export function list<T>(item: Shape<T>, options: { max?: number } = {}): Shape<readonly T[]> {
  const { max = 1_000 } = options;
  return (value, at) => {
    if (!Array.isArray(value) || value.length > max) {
      throw refused(at, `a list of at most ${String(max)}`, value);
    }
    const items: T[] = [];
    // By index, since map would leave holes unchecked.
    for (let i = 0; i < value.length; i += 1) items.push(item(value[i], `${at}[${String(i)}]`));
    return items;
  };
}

/** An object used as a dictionary of at most `max` members (default 1,000). */
export function dictionary<T>(
  item: Shape<T>,
  options: { max?: number } = {},
): Shape<Readonly<Record<string, T>>> {
  const { max = 1_000 } = options;
  return (value, at) => {
    if (!isPlainObject(value) || Object.keys(value).length > max) {
      throw refused(at, `an object of at most ${String(max)} members`, value);
    }
    const result: Record<string, T> = Object.create(null) as Record<string, T>;
    for (const [key, member] of Object.entries(value)) result[key] = item(member, `${at}.${key}`);
    return { ...result };
  };
}

/** An object with the given members; others are kept as they came. */
export function object<M extends Members>(members: M): Shape<ObjectOf<M>> {
  const entries = Object.entries(members).map(([key, shape]) => ({ key, shape, place: `.${key}` }));
  return (value, at) => {
    if (!isPlainObject(value)) throw refused(at, 'an object', value);
    const result: Record<string, unknown> = { ...value };
    for (const { key, shape, place } of entries) {
      // From the copy: what a getter says the first time is what is checked and kept.
      const given = result[key];
      const member = shape(given, at + place);
      if (member !== given && member !== undefined) result[key] = member;
    }
    return result as ObjectOf<M>;
  };
}

/** Lets a member be absent. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  const check: Shape<T | undefined> = (value, at) =>
    value === undefined ? undefined : shape(value, at);
  return Object.assign(check, { optional: true as const });
}

/** Parses JSON text of at most `maxBytes`, then checks it. */
export function parseJson<T>(json: string, shape: Shape<T>, at: string, maxBytes = 1 << 20): T {
  if (json.length > maxBytes) {
    throw refused(at, `JSON of at most ${String(maxBytes)} characters`, String(json.length));
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new MeshError('SCHEMA_INVALID', { at, expected: 'JSON', got: 'other text' }, { cause });
  }
  return shape(value, at);
}

/** The error of a shape. */
export function refused(at: string, expected: string, got: unknown): MeshError {
  return new MeshError('SCHEMA_INVALID', {
    at,
    expected,
    got: got === undefined ? 'nothing' : got,
  });
}

/** Whether `value` is an object that came from JSON or a literal, not an array or a class instance. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
