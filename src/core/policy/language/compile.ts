/**
 * Turns expressions into closures. Types are checked where Cedar checks them: when a value is used.
 * @module
 */
import { matchesPattern } from './escapes.ts';
import type { Evaluation } from './evaluation.ts';
import { fault } from './fault.ts';
import { expect, functions } from './functions.ts';
import { inLong } from './long.ts';
import type { BinaryOperator, Expression } from './syntax.ts';
import {
  asEntity,
  equal,
  kindOf,
  memberOf,
  membership,
  record,
  type Uid,
  type Value,
} from './value.ts';

/** Computes a value; throws a PolicyFault. */
export type Run = (at: Evaluation) => Value;

/** Computes a truth value; throws a PolicyFault. */
export type Test = (at: Evaluation) => boolean;

/** `expression` as a condition. */
export function compileTest(expression: Expression): Test {
  switch (expression.kind) {
    case 'all':
      return all(expression.of.map(compileTest));
    case 'any':
      return any(expression.of.map(compileTest));
    case 'not': {
      const test = compileTest(expression.of);
      return (at) => !test(at);
    }
    case 'binary':
      return compileRelation(expression) ?? checked(compile(expression));
    case 'has':
      return compileHas(compile(expression.of), expression.path);
    case 'is':
      return compileIs(expression);
    case 'like': {
      const of = compile(expression.of);
      return (at) => matchesPattern(expect(of(at), 'string'), expression.pattern);
    }
    case 'call':
      return compileContains(expression.name, expression.args) ?? checked(compile(expression));
    default:
      return checked(compile(expression));
  }
}

function checked(run: Run): Test {
  return (at) => {
    const value = run(at);
    return typeof value === 'boolean' ? value : expect(value, 'bool');
  };
}

/** `expression` as a value. */
export function compile(expression: Expression): Run {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'variable': {
      const { name } = expression;
      return (at) => at.variable(name);
    }
    case 'negate': {
      const of = compile(expression.of);
      return (at) => long(-expect(of(at), 'long'));
    }
    case 'binary':
      return compileRelation(expression) ?? compileArithmetic(expression);
    case 'if': {
      const condition = compileTest(expression.condition);
      const [then, otherwise] = [compile(expression.then), compile(expression.otherwise)];
      return (at) => (condition(at) ? then(at) : otherwise(at));
    }
    case 'set':
      return compileSet(expression.elements);
    case 'record': {
      const members = expression.members.map(([name, value]) => [name, compile(value)] as const);
      return (at) => record(members.map(([name, value]) => [name, value(at)]));
    }
    case 'access': {
      const { name } = expression;
      const of = compile(expression.of);
      return (at) => attributeOf(of(at), name, at);
    }
    case 'call':
      return compileCall(expression.name, expression.args);
    default:
      return compileTest(expression);
  }
}

function all(tests: readonly Test[]): Test {
  return (at) => {
    for (const test of tests) if (!test(at)) return false;
    return true;
  };
}

function any(tests: readonly Test[]): Test {
  return (at) => {
    for (const test of tests) if (test(at)) return true;
    return false;
  };
}

interface Binary {
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

function compileRelation({ operator, left: a, right: b }: Binary): Test | undefined {
  const [left, right] = [compile(a), compile(b)];
  switch (operator) {
    case '==':
      return (at) => equal(left(at), right(at));
    case '!=':
      return (at) => !equal(left(at), right(at));
    case '<':
      return (at) => order(left(at), right(at), (x, y) => x < y);
    case '<=':
      return (at) => order(left(at), right(at), (x, y) => x <= y);
    case '>':
      return (at) => order(left(at), right(at), (x, y) => x > y);
    case '>=':
      return (at) => order(left(at), right(at), (x, y) => x >= y);
    case 'in':
      return (at) => isBelow(left(at), right(at), at);
    default:
      return undefined;
  }
}

/** Integers are ordered, as are instants and spans of time; nothing else is. */
function order(a: Value, b: Value, compare: (a: bigint, b: bigint) => boolean): boolean {
  if (typeof a === 'bigint' && typeof b === 'bigint') return compare(a, b);
  const kind = kindOf(a);
  if (kind === 'datetime' || kind === 'duration')
    return compare(expect(a, kind).ms, expect(b, kind).ms);
  return compare(expect(a, 'long'), expect(b, 'long'));
}

function isBelow(value: Value, target: Value, at: Evaluation): boolean {
  const uid = entity(value);
  if (!Array.isArray(target)) return at.ancestors(uid).has(entity(target).key);
  // Every element is checked for its kind, whether or not one before it answered the question.
  const targets = (target as readonly Value[]).map(entity);
  return targets.some((above) => at.ancestors(uid).has(above.key));
}

function compileArithmetic({ operator, left: a, right: b }: Binary): Run {
  const [left, right] = [compile(a), compile(b)];
  const operate = (x: bigint, y: bigint): bigint =>
    operator === '+' ? x + y : operator === '-' ? x - y : x * y;
  return (at) => long(operate(expect(left(at), 'long'), expect(right(at), 'long')));
}

function long(value: bigint): bigint {
  return inLong(value) ? value : fault('integer arithmetic overflows 64 bits');
}

function compileHas(of: Run, path: readonly string[]): Test {
  return (at) => {
    let value = of(at);
    for (const [i, name] of path.entries()) {
      const member = lookUp(value, name, at);
      if (member === undefined) return false;
      if (i < path.length - 1) value = member;
    }
    return true;
  };
}

function compileIs(expression: Expression & { kind: 'is' }): Test {
  const { type } = expression;
  const of = compile(expression.of);
  const within = expression.within && compile(expression.within);
  return (at) => {
    const uid = entity(of(at));
    return uid.type === type && (within === undefined || isBelow(uid, within(at), at));
  };
}

function compileSet(elements: readonly Expression[]): Run {
  if (elements.every((element) => element.kind === 'literal')) {
    const values = elements.map((element) => element.value);
    return () => values;
  }
  const runs = elements.map(compile);
  return (at) => runs.map((run) => run(at));
}

// A set written out in the policy is indexed once, however many organisations it lists.
function compileContains(name: string, [set, element]: readonly Expression[]): Test | undefined {
  if (name !== 'contains' || set?.kind !== 'set') return undefined;
  if (!set.elements.every((item) => item.kind === 'literal')) return undefined;
  const has = membership(set.elements.map((item) => item.value));
  const run = compile(element!);
  return (at) => has(run(at));
}

function compileCall(name: string, args: readonly Expression[]): Run {
  const runs = args.map(compile);
  const [of, tag] = runs as [Run, Run];
  if (name === 'hasTag') return (at) => tagOf(of(at), tag(at), at) !== undefined;
  if (name === 'getTag') return (at) => tagOf(of(at), tag(at), at) ?? fault('no such tag');
  const { parameters, run } = functions.get(name)!;
  if (args.length !== parameters) {
    return () => fault(`'${name}' takes ${String(parameters)} values, got ${String(args.length)}`);
  }
  return (at) => run(runs.map((argument) => argument(at)));
}

function tagOf(value: Value, name: Value, at: Evaluation): Value | undefined {
  const uid = entity(value);
  return memberOf(at.entity(uid)?.tags ?? {}, expect(name, 'string'));
}

function attributeOf(value: Value, name: string, at: Evaluation): Value {
  return lookUp(value, name, at) ?? missing(value, name, at);
}

function missing(value: Value, name: string, at: Evaluation): never {
  const uid = asEntity(value);
  if (uid === undefined) return fault(`the record has no member '${name}'`);
  if (at.entity(uid) === undefined) return fault(`nothing is known of ${uid.key}`);
  return fault(`${uid.key} has no attribute '${name}'`);
}

/** Member or attribute `name`, if there is one; a fault for a value that can have none. */
function lookUp(value: Value, name: string, at: Evaluation): Value | undefined {
  const found = at.member(value, name);
  if (found !== undefined) return found;
  const kind = kindOf(value);
  return kind === 'entity' || kind === 'record' ? undefined : fault(`a ${kind} has no members`);
}

function entity(value: Value): Uid {
  return asEntity(value) ?? fault(`expected an entity, got a ${kindOf(value)}`);
}
