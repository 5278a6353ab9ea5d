/**
 * Shapes that many documents share.
 * @module
 */

import { MeshError } from '../base/errors.ts';
import { type Did, isDid } from '../base/ids.ts';
import { refused, type Shape, text } from '../base/shape.ts';

/** A DID. */
export const did: Shape<Did> = (value, at) => {
  if (!isDid(value)) throw refused(at, 'a DID', value);
  return value;
};

const instantText = text({ max: 24 });

/** An instant as `2026-01-31T23:59:59.000Z`: RFC 3339, UTC, milliseconds, one spelling each. */
export const instant: Shape<string> = (value, at) => {
  const checked = instantText(value, at);
  const ms = Date.parse(checked);
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== checked) {
    throw refused(at, 'an instant in UTC with milliseconds', value);
  }
  return checked;
};

/**
 * An instant with any offset: a dateTimeStamp of XML Schema 1.1, part 2, section 3.4.28, of years 0000 to 9999. Days that no
 * calendar has are refused, since they would compare as neither past nor future.
 */
export const dateTimeStamp: Shape<string> = (value, at) => {
  const match = typeof value === 'string' && value.length <= 60 ? stampPattern.exec(value) : null;
  const [year = 0, month = 0, day = 0] = match?.slice(1, 4).map(Number) ?? [];
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (match === null || day > days || Number.isNaN(Date.parse(value as string))) {
    throw refused(at, 'a date and time with offset', value);
  }
  return value as string;
};

const stampPattern =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Whether `value` is an absolute URL (WHATWG) without white space or other characters that RFC 3986 leaves out. */
export function isUrl(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 2_000 &&
    /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/.test(value) &&
    URL.canParse(value)
  );
}

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

const [firstMs, lastMs] = ['0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'].map(Date.parse);

/** Epoch milliseconds as an {@link instant}; `INVALID_ARGUMENT` for those that have none, beyond the years 0000 to 9999. */
export function toInstant(ms: number): string {
  if (ms >= firstMs! && ms <= lastMs!) return new Date(ms).toISOString();
  const expected = 'an instant of the years 0000 to 9999';
  throw new MeshError('INVALID_ARGUMENT', { argument: 'time', expected, got: ms });
}
