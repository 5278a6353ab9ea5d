import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boolean,
  dictionary,
  integer,
  isPlainObject,
  list,
  number,
  object,
  oneOf,
  optional,
  parseJson,
  type Shape,
  text,
  unknown,
} from '../../src/base/shape.ts';
import { thrown } from './thrown.ts';

const accepts = (shape: Shape<unknown>, ...values: unknown[]) => {
  for (const value of values) expect(shape(value, 'x')).toBe(value);
};
const refuses = (shape: Shape<unknown>, ...values: unknown[]) => {
  for (const value of values) {
    const error = thrown(() => shape(value, 'x'));
    expect(error, typeof value).toMatchObject({ code: 'SCHEMA_INVALID' });
    expect(error?.params['at']).toBe('x');
  }
};

describe('single values', () => {
  it('text is bounded in length and held to its pattern', () => {
    accepts(text(), '', 'a'.repeat(1_024));
    refuses(text(), 'a'.repeat(1_025), 1, null, undefined, ['a'], new String('a'));
    accepts(text({ min: 2, max: 3, pattern: /^a+$/ }), 'aa', 'aaa');
    refuses(text({ min: 2, max: 3, pattern: /^a+$/ }), 'a', 'aaaa', 'ab');
  });

  it('text reports what was expected and found', () => {
    const error = thrown(() => text({ min: 1, max: 3 })('abcd', 'task.type'));
    expect(error?.message).toBe("'task.type' must be a string of 1 to 3 characters, got abcd");
    expect(thrown(() => text()(undefined, 'a'))?.message).toMatch(/got nothing$/);
  });

  it('numbers are finite and within bounds', () => {
    accepts(number(), 0, -1.5, Number.MAX_VALUE, -Number.MAX_VALUE);
    refuses(number(), Number.NaN, Infinity, -Infinity, '1', 1n, null);
    accepts(number({ min: 0, max: 1 }), 0, 1);
    refuses(number({ min: 0, max: 1 }), -0.001, 1.001);
  });

  it('integers are safe and from zero unless told otherwise', () => {
    accepts(integer(), 0, Number.MAX_SAFE_INTEGER);
    refuses(integer(), -1, 0.5, Number.MAX_SAFE_INTEGER + 1, '1', Number.NaN, Infinity);
    accepts(integer({ min: -5, max: 5 }), -5, 5);
    refuses(integer({ min: -5, max: 5 }), -6, 6);
  });

  it('booleans and choices are exact', () => {
    accepts(boolean, true, false);
    refuses(boolean, 0, 1, 'true', null, undefined);
    const choice = oneOf('a', 'b');
    accepts(choice, 'a', 'b');
    accepts(oneOf(1, 3), 3);
    refuses(oneOf(1, 3), 2, '3');
    refuses(choice, 'c', '3', 'A', undefined);
  });
});

describe('lists and dictionaries', () => {
  it('name the item that is wrong', () => {
    const error = thrown(() => object({ a: list(list(integer())) })({ a: [[1], [2, 'x']] }, '$'));
    expect(error?.params['at']).toBe('$.a[1][1]');
    const other = thrown(() => dictionary(integer())({ ok: 1, no: 'x' }, '$'));
    expect(other?.params['at']).toBe('$.no');
  });

  it('have a bound', () => {
    refuses(list(unknown), Array(1_001).fill(0), {}, 'ab', new Set());
    refuses(list(unknown, { max: 1 }), [1, 2]);
    refuses(dictionary(unknown, { max: 1 }), { a: 1, b: 2 }, [], new Map());
  });

  it('check the holes of a list', () => {
    expect(thrown(() => list(integer())(new Array(2), 'x'))?.params['at']).toBe('x[0]');
  });

  it('keep a dictionary member named __proto__ as data', () => {
    const parsed = dictionary(unknown)(JSON.parse('{"__proto__":{"admin":true}}'), 'x');
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect((parsed as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe('objects', () => {
  it('are read once: what a getter says first is checked and kept', () => {
    let reads = 0;
    const shape = object({ id: text({ max: 3 }) });
    const value = {
      get id() {
        reads += 1;
        return reads === 1 ? 'abc' : 'something longer';
      },
    };
    expect(shape(value, 'x')).toEqual({ id: 'abc' });
    expect(reads).toBe(1);
  });

  const shape = object({ id: text(), size: optional(integer()) });

  it('keep members they do not know', () => {
    expect(shape({ id: 'a', newer: { x: [1] } }, '$')).toEqual({ id: 'a', newer: { x: [1] } });
  });

  it('leave an absent optional member absent', () => {
    expect(Object.keys(shape({ id: 'a' }, '$'))).toEqual(['id']);
    expect(thrown(() => shape({ id: 'a', size: null }, '$'))?.params['at']).toBe('$.size');
    expect(thrown(() => shape({ size: 1 }, '$'))?.params['at']).toBe('$.id');
  });

  it('return a copy, so that later changes of the input are not seen', () => {
    const input = { id: 'a' };
    const parsed = shape(input, '$');
    input.id = 'b';
    expect(parsed.id).toBe('a');
  });

  it('are plain: no list, no class instance', () => {
    for (const value of [null, [], new Date(0), new Map(), /x/, 'x', undefined]) {
      expect(isPlainObject(value)).toBe(false);
      expect(thrown(() => shape(value, '$'))).toMatchObject({ code: 'SCHEMA_INVALID' });
    }
    expect(isPlainObject(Object.create(null))).toBe(true);
  });

  it('do not take a required member from a foreign __proto__', () => {
    const value: unknown = JSON.parse('{"__proto__":{"id":"smuggled"}}');
    expect(thrown(() => shape(value, '$'))?.params['at']).toBe('$.id');
  });
});

describe('parseJson', () => {
  it('parses, then checks', () => {
    expect(parseJson('{"id":"a"}', object({ id: text() }), '$')).toEqual({ id: 'a' });
    expect(thrown(() => parseJson('{', unknown, '$'))).toMatchObject({ code: 'SCHEMA_INVALID' });
    expect(thrown(() => parseJson('[0]', object({}), 'doc'))?.params['at']).toBe('doc');
  });

  it('refuses longer text before it looks at it', () => {
    expect(parseJson('"abc"', unknown, '$', 5)).toBe('abc');
    expect(thrown(() => parseJson('"abcd"', unknown, '$', 5))?.message).toMatch(/got 6$/);
  });

  it('never throws anything but SCHEMA_INVALID, whatever the text', () => {
    const shape = object({
      a: optional(list(integer())),
      b: optional(dictionary(oneOf('x', 'y'))),
      c: optional(object({ d: boolean })),
    });
    const json = fc.oneof(
      fc.string(),
      fc.json({ maxDepth: 4 }),
      fc
        .record({ a: fc.jsonValue(), b: fc.jsonValue(), c: fc.jsonValue() }, { requiredKeys: [] })
        .map((value) => JSON.stringify(value)),
      fc.constant('['.repeat(20_000) + ']'.repeat(20_000)),
    );
    fc.assert(
      fc.property(json, (body) => {
        const error = thrown(() => parseJson(body, shape, '$'));
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 300 },
    );
  });
});
