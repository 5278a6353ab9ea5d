import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asciiOfBase64url,
  concat,
  equalBytes,
  fromBase64url,
  fromHex,
  fromUtf8,
  toBase64url,
  toHex,
  utf8,
} from '../../src/base/bytes.ts';
import { thrown } from './thrown.ts';

const anyBytes = fc.uint8Array({ maxLength: 200 });

describe('base64url', () => {
  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('writes and reads the vector of RFC 4648, section 10: %j', (plain, encoded) => {
    expect(toBase64url(utf8(plain))).toBe(encoded);
    expect(fromBase64url(encoded)).toEqual(utf8(plain));
  });

  it('uses - and _ for 62 and 63', () => {
    expect(toBase64url(Uint8Array.of(0xfb, 0xff, 0xbf))).toBe('-_-_');
  });

  it.each([
    ['padding', 'Zg=='],
    ['white space', 'Zm9v '],
    ['a line end', 'Zm9v\n'],
    ['the plain alphabet', '+/+/'],
    ['an impossible length', 'Zm9vY'],
    ['unused bits after one byte', 'Zh'],
    ['unused bits after two bytes', 'Zm9'],
    ['a character above ASCII', 'Zmé0'],
    ['a character whose low byte is a digit', 'Zm9\u0176'],
  ])('refuses %s', (_, encoded) => {
    expect(thrown(() => fromBase64url(encoded, 'field'))).toMatchObject({
      code: 'SCHEMA_INVALID',
      params: { at: 'field' },
    });
    expect(asciiOfBase64url(encoded)).toBeUndefined();
  });

  it('is read as text at once where that is ASCII, and only there', () => {
    const any = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json());
    fc.assert(
      fc.property(any, (text) => {
        const encoded = Buffer.from(text.toWellFormed()).toString('base64url');
        const isAscii = Array.from(text).every((one) => one.codePointAt(0)! < 0x80);
        expect(asciiOfBase64url(encoded)).toBe(isAscii ? text : undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(fromBase64url(toBase64url(bytes))).toEqual(Uint8Array.from(bytes));
        expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      }),
    );
  });

  it('has one spelling for each value: whatever it reads, it writes the same way', () => {
    const digit = fc.constantFrom(...Array.from('AQgwBCDxyz0189-_=+/ \n'));
    fc.assert(
      fc.property(fc.string({ unit: digit, maxLength: 12 }), (text) => {
        const error = thrown(() => {
          expect(toBase64url(fromBase64url(text))).toBe(text);
        });
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
        const ascii = asciiOfBase64url(text);
        if (ascii !== undefined) expect(toBase64url(utf8(ascii))).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('hexadecimal', () => {
  it('is written in lower case and read in either', () => {
    expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe('000aff');
    expect(fromHex('000AfF')).toEqual(Uint8Array.of(0, 0x0a, 0xff));
  });

  it.each(['0', 'abc', 'zz', '0x', ' 0', '-1', '0\n'])('refuses %j', (text) => {
    expect(thrown(() => fromHex(text))).toMatchObject({ code: 'SCHEMA_INVALID' });
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });
});

describe('UTF-8', () => {
  it('reads back every well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
  });

  it('is what TextEncoder writes, for short texts and longer ones', () => {
    const lengths = { minLength: 40, maxLength: 80 };
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary-ascii', ...lengths }),
      fc.string({ unit: fc.constantFrom('\x7f', '\x80', 'a'), ...lengths }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(utf8(text)).toEqual(new TextEncoder().encode(text));
      }),
    );
  });

  it('keeps a byte order mark, since it is part of what was signed', () => {
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it('writes a lone surrogate as U+FFFD, as TextEncoder does', () => {
    expect(utf8('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd));
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a truncated character', [0xe2, 0x82]],
    ['a value above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuses %s without keeping the bytes', (_, bytes) => {
    const error = thrown(() => fromUtf8(Uint8Array.from(bytes), 'body'));
    expect(error).toMatchObject({ code: 'SCHEMA_INVALID', params: { at: 'body' } });
    expect(error?.params['got']).toBe(`${String(bytes.length)} other bytes`);
  });
});

describe('concat', () => {
  it('joins in order into a new array', () => {
    const part = Uint8Array.of(1, 2);
    const whole = concat(part, new Uint8Array(0), Uint8Array.of(3));
    part[0] = 9;
    expect(whole).toEqual(Uint8Array.of(1, 2, 3));
    expect(concat()).toEqual(new Uint8Array(0));
  });

  it('forgets where its parts met', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(200), (bytes, at) => {
        expect(concat(bytes.subarray(0, at), bytes.subarray(at))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });
});

describe('equalBytes', () => {
  it('is true for copies and false after any one bit has changed', () => {
    const some = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(some, fc.nat(), fc.nat(7), (bytes, at, bit) => {
        const other = Uint8Array.from(bytes);
        expect(equalBytes(bytes, other)).toBe(true);
        other[at % bytes.length]! ^= 1 << bit;
        expect(equalBytes(bytes, other)).toBe(false);
      }),
    );
  });

  it('is false for another length, a prefix too', () => {
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});
