/**
 * A range of keys in its one plain form: from `low` to just before `high`.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { Key, Range } from '../../../ports/store.ts';
import { behindKey, behindPrefix, checkText, compareKeys } from './keys.ts';

/** The keys `low <= key < high`; no `high` means to the end. */
export interface Bounds {
  readonly low: Key;
  readonly high: Key | undefined;
}

/** A range, checked. */
export interface ReadPlan {
  readonly bounds: Bounds;
  readonly reverse: boolean;
  readonly limit: number;
}

/** Where all conditions of `range` hold at once; `INVALID_ARGUMENT` when one of them makes no sense. */
export function planRead(range: Range): ReadPlan {
  const { reverse = false, limit = Number.POSITIVE_INFINITY } = range;
  if (!(limit >= 0) || (Number.isFinite(limit) && !Number.isSafeInteger(limit))) {
    const expected = 'a whole number from 0';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'limit', expected, got: limit });
  }
  return { bounds: boundsOf(range), reverse, limit };
}

/** The keys that begin with `prefix`. */
export function boundsOfPrefix(prefix: Key): Bounds {
  return boundsOf({ prefix });
}

/** Whether `key` lies within. */
export function inBounds(bounds: Bounds, key: Key): boolean {
  return (
    compareKeys(key, bounds.low) >= 0 &&
    (bounds.high === undefined || compareKeys(key, bounds.high) < 0)
  );
}

function boundsOf(range: Range): Bounds {
  let low = '';
  let high: Key | undefined;
  const from = (key: Key): void => {
    if (compareKeys(key, low) > 0) low = key;
  };
  const to = (key: Key | undefined): void => {
    if (key !== undefined && (high === undefined || compareKeys(key, high) < 0)) high = key;
  };
  const { prefix, gt, gte, lt, lte } = range;
  if (prefix !== undefined) {
    from(checkText(prefix, 'prefix'));
    to(behindPrefix(prefix));
  }
  if (gte !== undefined) from(checkText(gte, 'gte'));
  if (gt !== undefined) from(behindKey(checkText(gt, 'gt')));
  if (lt !== undefined) to(checkText(lt, 'lt'));
  if (lte !== undefined) to(behindKey(checkText(lte, 'lte')));
  return { low, high };
}
