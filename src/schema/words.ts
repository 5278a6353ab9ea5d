/**
 * Shapes that many documents share.
 * @module
 */
import { type Did, isDid } from '../base/ids.ts';
import { refused, type Shape, text } from '../base/shape.ts';

/** A DID. */
export const did: Shape<Did> = (value, at) => {
  if (!isDid(value)) throw refused(at, 'a DID', value);
  return value;
};

/** An instant as `2026-01-31T23:59:59.000Z`: RFC 3339, UTC, milliseconds, one spelling each. */
export const instant: Shape<string> = (value, at) => {
  const checked = text({ max: 24 })(value, at);
  const ms = Date.parse(checked);
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== checked) {
    throw refused(at, 'an instant in UTC with milliseconds', value);
  }
  return checked;
};

/** Name of an agent, a node, a capability: printable, without white space or control characters at its ends. */
export const name: Shape<string> = text({
  min: 1,
  max: 128,
  pattern: /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u,
  what: 'a name of 1 to 128 printable characters',
});

/** Name of a node: a {@link name} without `/`, so that `<node>/<agent>` can be taken apart. */
export const nodeName: Shape<string> = (value, at) => {
  const checked = name(value, at);
  if (checked.includes('/')) throw refused(at, "a name without '/'", value);
  return checked;
};

/** Epoch milliseconds as an {@link instant}. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}
