import fc from 'fast-check';
import { base32 } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { describe, expect, it } from 'vitest';
import { fromBase58, toBase32, toBase58 } from '../../src/base/base-x.ts';
import { utf8 } from '../../src/base/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 64 });
/** Numbers that begin with zeros, which base58 keeps. */
const padded = fc
  .tuple(fc.nat({ max: 4 }), bytes)
  .map(([zeros, rest]) => Uint8Array.from([...new Array<number>(zeros).fill(0), ...rest]));

/** What `decode` gives; undefined when it throws. */
function tried(decode: () => Uint8Array): Uint8Array | undefined {
  try {
    return Uint8Array.from(decode());
  } catch {
    return undefined;
  }
}

describe('base58btc', () => {
  it('is written as the multiformats library writes it, and read back', () => {
    fc.assert(
      fc.property(padded, (given) => {
        const text = toBase58(given);
        expect(`z${text}`).toBe(base58btc.encode(given));
        expect(fromBase58(text)).toEqual(Uint8Array.from(given));
      }),
    );
  });

  it('is read where the multiformats library reads it, and nowhere else', () => {
    const unit = fc.constantFrom(...Array.from('112289AZazO0Il- é'));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        expect(fromBase58(text)).toEqual(tried(() => base58btc.decode(`z${text}`)));
      }),
    );
  });
});

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('writes %j as RFC 4648 does, in lower case without padding', (text, expected) => {
    expect(toBase32(utf8(text))).toBe(expected);
  });

  it('is written as the multiformats library writes it', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        expect(`b${toBase32(given)}`).toBe(base32.encode(given));
      }),
    );
  });
});
