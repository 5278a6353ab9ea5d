import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frozenJson } from '../../src/base/frozen-json.ts';
import { thrown } from './thrown.ts';

function isFrozenThrough(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThrough);
}

describe('frozen JSON', () => {
  it('equals what it was made of, and is frozen to its leaves', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const frozen = frozenJson(value, 'x');
        expect(frozen).toEqual(value);
        expect(isFrozenThrough(frozen)).toBe(true);
      }),
    );
  });

  it('does not change with what it was made of', () => {
    const inner = { a: 1 };
    const frozen = frozenJson({ inner }, 'x');
    inner.a = 2;
    expect(frozen.inner.a).toBe(1);
  });

  it('keeps a member called __proto__ a member', () => {
    const frozen = frozenJson(JSON.parse('{"__proto__":{"admin":true}}') as object, 'x');
    expect('admin' in frozen).toBe(false);
    expect(Object.keys(frozen)).toEqual(['__proto__']);
  });

  it('refuses a circle, depth and size with SCHEMA_INVALID', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    for (const bad of [circle, deep, Array(20_001).fill(0)]) {
      expect(thrown(() => frozenJson(bad, 'x'))?.code).toBe('SCHEMA_INVALID');
    }
    expect(thrown(() => frozenJson([[[]]], 'x', { maxDepth: 2 }))?.code).toBe('SCHEMA_INVALID');
    expect(frozenJson([[1]], 'x', { maxDepth: 2 })).toEqual([[1]]);
  });

  it('refuses what JSON cannot hold', () => {
    for (const bad of [new Map(), () => 1, Symbol('x'), 1n, NaN, Infinity, [undefined]]) {
      expect(thrown(() => frozenJson({ bad }, 'x'))?.code).toBe('SCHEMA_INVALID');
    }
    expect(frozenJson({ a: undefined, b: 1 }, 'x')).toEqual({ b: 1 });
  });
});
