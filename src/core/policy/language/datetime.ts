/**
 * The extension types `datetime` (milliseconds since 1970, UTC) and `duration` (Cedar RFC 80).
 * @module
 */
import { fault } from './fault.ts';
import { inLong } from './long.ts';

const dayMs = 86_400_000n;
const instantFormat =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?:Z|([+-])(\d\d)(\d\d)))?$/;
const durationFormat = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const unitMs = [dayMs, 3_600_000n, 60_000n, 1_000n, 1n];

/** A span of time, which may be negative. */
export class Duration {
  readonly kind = 'duration';
  readonly ms: bigint;

  constructor(ms: bigint) {
    this.ms = ms;
  }

  /** The value of `text` such as `-1d2h30m`: units from large to small, each at most once. */
  static parse(text: string): Duration | undefined {
    const match = text.length <= 120 ? durationFormat.exec(text) : null;
    if (match === null) return undefined;
    const amounts = match.slice(2) as (string | undefined)[];
    if (amounts.every((amount) => amount === undefined)) return undefined;
    const size = amounts.reduce((sum, amount, i) => sum + BigInt(amount ?? 0) * unitMs[i]!, 0n);
    const ms = match[1] === '-' ? -size : size;
    return inLong(ms) ? new Duration(ms) : undefined;
  }

  /** The same text for equal values. */
  get canonical(): string {
    return String(this.ms);
  }
}

/** An instant. */
export class DateTime {
  readonly kind = 'datetime';
  readonly ms: bigint;

  constructor(ms: bigint) {
    this.ms = ms;
  }

  /** The value of a date, or of a date and time with `Z` or an offset such as `+0130`. */
  static parse(text: string): DateTime | undefined {
    const match = instantFormat.exec(text);
    if (match === null) return undefined;
    const part = (i: number): number => Number((match as (string | undefined)[])[i] ?? 0);
    const [year, month, day] = [part(1), part(2), part(3)];
    const [hour, minute, second, ms] = [part(4), part(5), part(6), part(7)];
    const [offsetHour, offsetMinute] = [part(9), part(10)];
    if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59)
      return undefined;
    const date = new Date(0);
    // setUTCFullYear, because Date.UTC reads the years 0 to 99 as 1900 to 1999.
    date.setUTCFullYear(year, month - 1, day);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
    const time = date.setUTCHours(hour, minute, second, ms);
    const offset = (offsetHour * 60 + offsetMinute) * 60_000;
    return new DateTime(BigInt(match[8] === '-' ? time + offset : time - offset));
  }

  /** This instant and `span` together. */
  offset(span: Duration): DateTime {
    return new DateTime(checked(this.ms + span.ms));
  }

  /** From `other` to this instant. */
  since(other: DateTime): Duration {
    return new Duration(checked(this.ms - other.ms));
  }

  /** The midnight at or before this instant. */
  get date(): DateTime {
    return new DateTime(checked(this.ms - this.time.ms));
  }

  /** Time since midnight. */
  get time(): Duration {
    return new Duration(((this.ms % dayMs) + dayMs) % dayMs);
  }

  /** The same text for equal values. */
  get canonical(): string {
    return String(this.ms);
  }
}

function checked(ms: bigint): bigint {
  return inLong(ms) ? ms : fault('date arithmetic overflows 64 bits');
}
