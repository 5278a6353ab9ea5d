/**
 * The range of Cedar's integers.
 * @module
 */

/** The largest signed 64-bit integer; the smallest is one further from zero. */
export const maxLong = 9_223_372_036_854_775_807n;

/** Whether `value` fits into 64 bits with a sign. */
export function inLong(value: bigint): boolean {
  return value <= maxLong && value >= -maxLong - 1n;
}
