/**
 * Functions and methods of the policy language.
 * @module
 */
import { DateTime, Duration } from './datetime.ts';
import { Decimal } from './decimal.ts';
import { fault } from './fault.ts';
import { IpAddress } from './ip-address.ts';
import { type Kind, kindOf, membership, type Value } from './value.ts';

/** One function. For a method the first parameter is the value before the point. */
export interface PolicyFunction {
  readonly style: 'function' | 'method';
  readonly parameters: number;
  readonly run: (args: readonly Value[]) => Value;
}

interface Kinds {
  readonly bool: boolean;
  readonly long: bigint;
  readonly string: string;
  readonly set: readonly Value[];
  readonly decimal: Decimal;
  readonly ipaddr: IpAddress;
  readonly datetime: DateTime;
  readonly duration: Duration;
}

/** `value` when it is of `kind`; a fault otherwise. */
export function expect<K extends keyof Kinds>(value: Value, kind: K): Kinds[K] {
  const found = kindOf(value);
  if (found !== (kind as Kind)) fault(`expected a ${kind}, got a ${found}`);
  return value as unknown as Kinds[K];
}

function constructor(
  name: string,
  parse: (text: string) => Value | undefined,
): readonly [string, PolicyFunction] {
  const run = ([text]: readonly Value[]): Value =>
    parse(expect(text!, 'string')) ?? fault(`not a ${name}`);
  return [name, { style: 'function', parameters: 1, run }];
}

function property<K extends keyof Kinds>(
  name: string,
  kind: K,
  read: (value: Kinds[K]) => Value,
): readonly [string, PolicyFunction] {
  const run = ([value]: readonly Value[]): Value => read(expect(value!, kind));
  return [name, { style: 'method', parameters: 1, run }];
}

function method<K extends keyof Kinds, L extends keyof Kinds>(
  name: string,
  kind: K,
  other: L,
  apply: (value: Kinds[K], argument: Kinds[L]) => Value,
): readonly [string, PolicyFunction] {
  const run = ([value, argument]: readonly Value[]): Value =>
    apply(expect(value!, kind), expect(argument!, other));
  return [name, { style: 'method', parameters: 2, run }];
}

/**
 * Methods of the language proper and how many arguments they take: another number is an error in the text, whereas
 * for extension functions it is one of evaluation. `hasTag` and `getTag` read entities and are the compiler's own.
 */
export const coreMethods: ReadonlyMap<string, number> = new Map([
  ['contains', 1],
  ['containsAll', 1],
  ['containsAny', 1],
  ['isEmpty', 0],
  ['hasTag', 1],
  ['getTag', 1],
]);

/** Every other function, and what the core methods on sets do. */
export const functions: ReadonlyMap<string, PolicyFunction> = new Map([
  constructor('decimal', (text) => Decimal.parse(text)),
  constructor('ip', (text) => IpAddress.parse(text)),
  constructor('datetime', (text) => DateTime.parse(text)),
  constructor('duration', (text) => Duration.parse(text)),

  [
    'contains',
    {
      style: 'method',
      parameters: 2,
      run: ([set, element]) => membership(expect(set!, 'set'))(element!),
    },
  ],
  method('containsAll', 'set', 'set', (set, other) => other.every(membership(set))),
  method('containsAny', 'set', 'set', (set, other) => other.some(membership(set))),
  property('isEmpty', 'set', (set) => set.length === 0),

  method('lessThan', 'decimal', 'decimal', (a, b) => a.units < b.units),
  method('lessThanOrEqual', 'decimal', 'decimal', (a, b) => a.units <= b.units),
  method('greaterThan', 'decimal', 'decimal', (a, b) => a.units > b.units),
  method('greaterThanOrEqual', 'decimal', 'decimal', (a, b) => a.units >= b.units),

  property('isIpv4', 'ipaddr', (address) => address.bits === 32),
  property('isIpv6', 'ipaddr', (address) => address.bits === 128),
  property('isLoopback', 'ipaddr', (address) => address.isLoopback),
  property('isMulticast', 'ipaddr', (address) => address.isMulticast),
  method('isInRange', 'ipaddr', 'ipaddr', (address, range) => address.isInRange(range)),

  method('offset', 'datetime', 'duration', (instant, span) => instant.offset(span)),
  method('durationSince', 'datetime', 'datetime', (instant, other) => instant.since(other)),
  property('toDate', 'datetime', (instant) => instant.date),
  property('toTime', 'datetime', (instant) => instant.time),

  property('toMilliseconds', 'duration', (span) => span.ms),
  property('toSeconds', 'duration', (span) => span.ms / 1_000n),
  property('toMinutes', 'duration', (span) => span.ms / 60_000n),
  property('toHours', 'duration', (span) => span.ms / 3_600_000n),
  property('toDays', 'duration', (span) => span.ms / 86_400_000n),
]);
