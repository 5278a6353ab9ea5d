/**
 * JSON data of bounded depth and size that nobody can change any more.
 * @module
 */
import { isPlainObject, refused } from './shape.ts';

/** How much is taken in. */
export interface JsonBounds {
  /** Objects and lists inside each other. Default 16. */
  readonly maxDepth?: number;
  /** Values altogether. Default 20,000. */
  readonly maxValues?: number;
}

/**
 * A frozen copy of `value`, found at `at`: objects, lists, texts, numbers, booleans and null. Members that are undefined are
 * left out. Throws `SCHEMA_INVALID` for what JSON cannot hold (so for a circle, too) and for what exceeds the bounds.
 */
export function frozenJson<T>(value: T, at: string, bounds: JsonBounds = {}): T {
  const { maxDepth = 16, maxValues = 20_000 } = bounds;
  let values = 0;

  const copy = (part: unknown, depth: number): unknown => {
    values += 1;
    if (values > maxValues) throw refused(at, `at most ${String(maxValues)} values`, 'more');
    if (typeof part !== 'object' || part === null) return scalar(part, at);
    if (depth >= maxDepth)
      throw refused(at, `data nested at most ${String(maxDepth)} deep`, 'more');
    if (Array.isArray(part)) {
      return Object.freeze(Array.from(part, (item: unknown) => copy(item, depth + 1)));
    }
    if (!isPlainObject(part)) throw refused(at, 'JSON data', part);
    const members = Object.entries(part).filter(([, member]) => member !== undefined);
    // fromEntries defines members, so that one called __proto__ is a member like others.
    return Object.freeze(
      Object.fromEntries(members.map(([key, member]) => [key, copy(member, depth + 1)])),
    );
  };
  return copy(value, 0) as T;
}

function scalar(value: unknown, at: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw refused(at, 'JSON data', typeof value);
}
