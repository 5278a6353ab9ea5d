/**
 * Data that is handed out more than once and must stay as it was.
 * @module
 */

/** `value` itself, which came from JSON and is not deep, frozen with all in it. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
