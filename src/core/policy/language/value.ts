/**
 * Values of the policy language: their kinds, equality, and a text that is the same for equal values.
 * @module
 */
import { type EntityRef, entityKey, type PolicyValue } from '../../../ports/policy-engine.ts';
import type { DateTime, Duration } from './datetime.ts';
import type { Decimal } from './decimal.ts';
import { fault } from './fault.ts';
import type { IpAddress } from './ip-address.ts';

/** A value of an extension type. */
export type ExtensionValue = Decimal | IpAddress | DateTime | Duration;

/** A record. One without a prototype is a record whatever its members; see {@link asEntity}. */
export interface RecordValue {
  readonly [name: string]: Value;
}

/** Any value. Data handed in through the port is used as it is, never copied. */
export type Value = PolicyValue | ExtensionValue | RecordValue | readonly Value[];

/** A reference to an entity that knows its key. */
export class Uid implements EntityRef {
  readonly type: string;
  readonly id: string;
  /** Its literal, `Type::"id"`. */
  readonly key: string;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
    this.key = entityKey(this);
  }

  /** `ref` with its key. */
  static of(ref: EntityRef): Uid {
    return ref instanceof Uid ? ref : new Uid(ref.type, ref.id);
  }
}

/**
 * `value` as an entity, if it is one: a {@link Uid}, or an ordinary object with just `type` and `id`, as the port
 * has it. Records made by policies and by {@link record} have no prototype, so one with these two members stays one.
 */
export function asEntity(value: Value): Uid | undefined {
  if (value instanceof Uid) return value;
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined;
  const { type, id } = value as Partial<EntityRef>;
  if (typeof type !== 'string' || typeof id !== 'string') return undefined;
  return Object.keys(value).length === 2 ? new Uid(type, id) : undefined;
}

/** `value` as a record, if it is one. */
export function asRecord(value: Value): RecordValue | undefined {
  return kindOf(value) === 'record' ? (value as RecordValue) : undefined;
}

/** A record of `members`. */
export function record(members: Iterable<readonly [string, Value]>): RecordValue {
  const result = Object.create(null) as Record<string, Value>;
  for (const [name, value] of members) result[name] = value;
  return result;
}

/** Member `name` of a record or of an entity's attributes; never something inherited. Null stands for none. */
export function memberOf(
  members: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined {
  return Object.hasOwn(members, name) ? (members[name] ?? undefined) : undefined;
}

/** The kind of a value, in Cedar's words. */
export type Kind =
  | 'bool'
  | 'long'
  | 'string'
  | 'entity'
  | 'set'
  | 'record'
  | ExtensionValue['kind'];

/** The kind of `value`; a fault for what is no value of the language, such as a fraction. */
export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'long';
    case 'string':
      return 'string';
    case 'object':
      return kindOfObject(value);
    default:
      return fault(`a ${typeof value} is not a value of the policy language`);
  }
}

function kindOfObject(value: Exclude<Value, boolean | bigint | string> | null): Kind {
  if (value === null) return fault('null is not a value of the policy language');
  if (Array.isArray(value)) return 'set';
  if (asEntity(value) !== undefined) return 'entity';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'record';
  return (value as ExtensionValue).kind;
}

/** Whether both are the same value. Values of different kinds are unequal, never a fault. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof Uid && b instanceof Uid) return a.key === b.key;
  return canonical(a) === canonical(b);
}

/**
 * A text that two values share exactly when they are equal: members in order of name, elements of a set in order
 * and once each. Strings carry their length, so no value can imitate another.
 */
export function canonical(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 't' : 'f';
    case 'bigint':
      return `i${String(value)};`;
    case 'string':
      return `"${String(value.length)}:${value}`;
    default:
      return canonicalObject(value);
  }
}

function canonicalObject(value: Exclude<Value, boolean | bigint | string>): string {
  if (value instanceof Uid) return `@${canonical(value.key)}`;
  const kind = kindOf(value);
  if (kind === 'set') {
    const elements = new Set((value as readonly Value[]).map(canonical));
    return `[${[...elements].sort().join('')}]`;
  }
  if (kind === 'record') {
    const members = value as RecordValue;
    const names = Object.keys(members).sort();
    return `{${names.map((name) => canonical(name) + canonical(members[name]!)).join('')}}`;
  }
  if (kind === 'entity') return `@${canonical(asEntity(value)!.key)}`;
  return `${kind}(${(value as ExtensionValue).canonical})`;
}

/** A test for membership in `elements`, made once where it pays. */
export function membership(elements: readonly Value[]): (value: Value) => boolean {
  if (elements.length <= 4) return (value) => elements.some((element) => equal(element, value));
  const keys = new Set(elements.map(canonical));
  return (value) => keys.has(canonical(value));
}
