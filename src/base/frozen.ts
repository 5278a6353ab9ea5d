/**
 * Data that is handed out more than once and must stay as it was.
 * @module
 */

/** `value` itself, which came from JSON and is not deep, frozen with all in it. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (const item of value) frozen(item);
  } else {
    for (const name of Object.keys(value)) frozen((value as Record<string, unknown>)[name]);
  }
  return Object.freeze(value);
}
