import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '../../src/base/bytes.ts';
import { canonicalBytes, canonicalJson } from '../../src/base/canonical.ts';
import { thrown } from './thrown.ts';

const numberOf = (hex: string) => new DataView(fromHex(hex).buffer).getFloat64(0);

describe('canonicalJson against RFC 8785', () => {
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (bits, text) => {
    expect(canonicalJson(numberOf(bits))).toBe(text);
  });

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
    'refuses the number %s of appendix B, as JSON has no NaN and no infinity',
    (bits) => {
      expect(thrown(() => canonicalJson(numberOf(bits)))).toMatchObject({ code: 'SCHEMA_INVALID' });
    },
  );

  it('writes the example of section 3.2.2 byte for byte', () => {
    const value = JSON.parse(
      String.raw`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]}`,
    ) as unknown;
    expect(canonicalBytes(value)).toEqual(
      utf8(
        String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
      ),
    );
  });

  it('sorts the names of section 3.2.3 by their UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = Object.values(JSON.parse(canonicalJson({ a: value })) as object)[0] as object;
    expect(canonicalJson(value).match(/(?<=:")[^"]+/g)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(order).toEqual(value);
  });
});

describe('canonicalJson', () => {
  it('reads back as the value it was made from', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', noUnicodeString: false }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), (members) => {
        const reversed = Object.fromEntries(Object.entries(members).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson({ ...members }));
      }),
    );
  });

  it('leaves out undefined members and has no undefined items', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(thrown(() => canonicalJson([undefined]))).toMatchObject({ params: { at: '$[0]' } });
  });

  it('keeps a member named __proto__', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}');
  });

  it('takes 64 levels and refuses the next, cycles too', () => {
    const nested = (levels: number) =>
      JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as object;
    expect(canonicalJson(nested(65))).toHaveLength(130);
    expect(thrown(() => canonicalJson(nested(66)))).toMatchObject({ code: 'SCHEMA_INVALID' });
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    expect(thrown(() => canonicalJson(cyclic))).toMatchObject({ code: 'SCHEMA_INVALID' });
  });

  // eslint-disable-next-line no-sparse-arrays -- a hole is what is tested
  const holed = { list: [, 1] };
  it.each([
    ['NaN', { n: Number.NaN }, '$.n'],
    ['infinity', { n: -Infinity }, '$.n'],
    ['a lone surrogate in a text', ['ok', '\ud800'], '$[1]'],
    ['a lone surrogate in a name', { a: { '\udc00': 1 } }, '$.a'],
    ['a bigint', { n: 1n }, '$.n'],
    ['a function', { f: () => 1 }, '$.f'],
    ['a symbol', { s: Symbol('s') }, '$.s'],
    ['a Date, though it has toJSON', { d: new Date(0) }, '$.d'],
    ['a Map', new Map(), '$'],
    ['bytes', { a: [new Uint8Array(1)] }, '$.a[0]'],
    ['a hole in a list', holed, '$.list[0]'],
    ['nothing', undefined, '$'],
  ])('refuses %s and says where', (_, value, at) => {
    expect(thrown(() => canonicalJson(value))).toMatchObject({
      code: 'SCHEMA_INVALID',
      params: { at },
    });
  });
});
