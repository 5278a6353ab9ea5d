/**
 * The extension type `decimal`: four digits after the point, 64 bits.
 * @module
 */
import { inLong } from './long.ts';

const format = /^(-?)(\d+)\.(\d{1,4})$/;

/** A decimal number, exact. */
export class Decimal {
  readonly kind = 'decimal';
  /** The number times 10,000. */
  readonly units: bigint;

  constructor(units: bigint) {
    this.units = units;
  }

  /** The value of `text` such as `-12.5`; undefined when malformed or out of range. */
  static parse(text: string): Decimal | undefined {
    const match = format.exec(text);
    if (match === null || match[2]!.length > 30) return undefined;
    const size = BigInt(match[2]! + match[3]!.padEnd(4, '0'));
    const units = match[1] === '-' ? -size : size;
    return inLong(units) ? new Decimal(units) : undefined;
  }

  /** The same text for equal values. */
  get canonical(): string {
    return String(this.units);
  }
}
