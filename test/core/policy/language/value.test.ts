import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../../src/core/policy/language/decimal.ts';
import {
  canonical,
  equal,
  record,
  Uid,
  type Value,
} from '../../../../src/core/policy/language/value.ts';

const uid = fc.constantFrom(new Uid('A', 'x'), new Uid('A', 'y'), new Uid('B', 'x'));
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean(),
    fc.bigInt({ min: -2n, max: 12n }),
    fc.string({ unit: fc.constantFrom('"', ':', '1', '[', 'a'), maxLength: 4 }),
    uid,
    fc.constantFrom('0.1', '0.10', '1.0').map((text) => Decimal.parse(text)!),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'type', 'id'), tie('value')), {
        maxLength: 3,
      })
      .map(record),
  ),
}));

/** Equality as the language defines it, written out by cases. */
function same(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (a instanceof Uid || b instanceof Uid) {
    return a instanceof Uid && b instanceof Uid && a.type === b.type && a.id === b.id;
  }
  if (a instanceof Decimal || b instanceof Decimal) {
    return a instanceof Decimal && b instanceof Decimal && a.units === b.units;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return false;
    const [one, two] = [a as readonly Value[], b as readonly Value[]];
    const within = (x: readonly Value[], y: readonly Value[]): boolean =>
      x.every((item) => y.some((other) => same(item, other)));
    return within(one, two) && within(two, one);
  }
  const [one, two] = [a as Record<string, Value>, b as Record<string, Value>];
  const names = Object.keys(one);
  return (
    names.length === Object.keys(two).length &&
    names.every((name) => Object.hasOwn(two, name) && same(one[name]!, two[name]!))
  );
}

describe('values', () => {
  it('are equal exactly when their canonical texts are', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const wanted = same(a, b);
        expect(equal(a, b)).toBe(wanted);
        expect(canonical(a) === canonical(b)).toBe(wanted);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each<[Value, Value]>([
    [['a', 'b'], ['a"b']],
    [['a', 'b'], ['ab']],
    [1n, '1'],
    [[1n, 2n], [12n]],
    [record([['a', 'b']]), ['a', 'b']],
    [new Uid('A', 'x'), 'A::"x"'],
    [
      new Uid('A', 'x'),
      record([
        ['type', 'A'],
        ['id', 'x'],
      ]),
    ],
  ])('pair %# differs, however alike its texts look', (a, b) => {
    expect(equal(a, b)).toBe(false);
  });
});
