import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asDid,
  compareText,
  didMethod,
  isDid,
  isDidUrl,
  newId,
  parseMeshDid,
  splitDidUrl,
} from '../../src/base/ids.ts';
import { thrown } from './thrown.ts';

const scid = `z${'Qm'.repeat(22)}`;

describe('DIDs', () => {
  it.each([
    'did:example:123456789abcdefghi',
    'did:web:example.com%3A3000:user:alice',
    'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
    'did:a::b',
    'did:3:A_b-c.d',
    `did:mesh:enterprise:acme:${scid}`,
  ])('accepts %s', (did) => {
    expect(isDid(did)).toBe(true);
    expect(asDid(did)).toBe(did);
    expect(didMethod(asDid(did))).toBe(did.split(':')[1]);
  });

  it.each([
    '',
    'did',
    'did:',
    'did:a',
    'did:a:',
    'did:a:b:',
    'DID:a:b',
    'did:A:b',
    'did::b',
    'did:a:b#c',
    'did:a:b/c',
    'did:a:b?c',
    'did:a:b c',
    'did:a:b\n',
    ' did:a:b',
    'did:a:ü',
    'did:a:b%',
    'did:a:b%zz',
    'did:a:b%4',
    `did:a:${'b'.repeat(507)}`,
    1,
    null,
    undefined,
    ['did:a:b'],
  ])('refuses %j', (value) => {
    expect(isDid(value)).toBe(false);
    expect(thrown(() => asDid(value))).toMatchObject({ code: 'DID_INVALID' });
  });

  it('are what the grammar of DID Core, section 3.1, makes', () => {
    const isOfGrammar = (text: string) => {
      const [scheme, method = '', ...id] = text.split(':');
      const isName = (part: string) => /^(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})*$/.test(part);
      const hasEnd = (id.at(-1) ?? '') !== '';
      return scheme === 'did' && /^[a-z0-9]+$/.test(method) && hasEnd && id.every(isName);
    };
    const piece = fc.constantFrom(':', ':', 'a', 'Z', '0', '.', '_', '-', '%', '%4', '%4f', '#');
    const anyText = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.constantFrom('did:', 'did:a', 'did:a:', ''), anyText, (begin, rest) => {
        expect(isDid(begin + rest)).toBe(isOfGrammar(begin + rest));
      }),
      { numRuns: 2_000 },
    );
  });

  it('have at most 512 characters, did:ion 4,096, and are judged in no time whatever they are', () => {
    expect(isDid(`did:a:${'b'.repeat(506)}`)).toBe(true);
    expect(isDid(`did:ion:${'b'.repeat(4_088)}`)).toBe(true);
    expect(isDid(`did:ion:${'b'.repeat(4_089)}`)).toBe(false);
    const began = performance.now();
    for (const unit of [':', 'a:', '%41', 'a', '%41:']) {
      isDid(`did:a:${unit.repeat(500).slice(0, 500)}!`);
      isDid(`did:ion:${unit.repeat(4_000).slice(0, 4_000)}!`);
    }
    expect(performance.now() - began).toBeLessThan(100);
  });
});

describe('DID URLs', () => {
  it('split at the first #', () => {
    expect(splitDidUrl('did:a:b#key-1')).toEqual({ did: 'did:a:b', fragment: 'key-1' });
    expect(splitDidUrl('did:a:b#c#d').fragment).toBe('c#d');
  });

  it.each(['did:a:b', '#x', 'x#y', '', 'did:a#b'])(
    'without a DID and a fragment are refused: %j',
    (url) => {
      expect(thrown(() => splitDidUrl(url))).toMatchObject({ code: 'DID_INVALID' });
      expect(isDidUrl(url)).toBe(false);
    },
  );

  it('have a fragment that is there and printable', () => {
    expect(isDidUrl('did:a:b#key-1')).toBe(true);
    for (const url of ['did:a:b#', 'did:a:b# x', 'did:a:b#x\n', 'did:a:b#é']) {
      expect(isDidUrl(url)).toBe(false);
    }
  });

  it('throw nothing but DID_INVALID, and what they split into makes them again', () => {
    const unit = fc.constantFrom('d', 'i', 'did:', 'a', ':', '#', '%41', '%', ' ', '\n', 'é');
    fc.assert(
      fc.property(fc.string({ unit }), (url) => {
        const error = thrown(() => {
          const { did, fragment } = splitDidUrl(url);
          expect(`${did}#${fragment}`).toBe(url);
          expect(isDid(did)).toBe(true);
        });
        expect(error?.code ?? 'DID_INVALID').toBe('DID_INVALID');
      }),
    );
  });
});

describe('did:mesh identifiers', () => {
  it('have type, label and, unless they are petnames, a last segment', () => {
    const parts = { type: 'enterprise', label: 'acme.eu' };
    expect(parseMeshDid(`did:mesh:enterprise:acme.eu:${scid}`)).toEqual({ ...parts, scid });
    expect(parseMeshDid('did:mesh:enterprise:acme.eu')).toEqual({ ...parts, scid: undefined });
  });

  it.each([
    'did:mesh:app',
    'did:mesh:App:x',
    'did:mesh:app:X',
    'did:mesh:1app:x',
    'did:mesh:app:-x',
    'did:mesh:app:x:',
    'did:mesh:app:x:y',
    `did:mesh:app:x:${scid}0`,
    `did:mesh:app:x:${scid}:`,
    `did:mesh:app:x:z${'1'.repeat(61)}`,
    `did:mesh:app:x:z${'1'.repeat(39)}`,
    'did:mesh:app:{SCID}',
    `did:mesh:${'a'.repeat(33)}:x`,
    `did:mesh:a:${'x'.repeat(64)}`,
    'did:mesh:app:x\n',
    'did:key:z6Mk',
  ])('refuse %j', (did) => {
    expect(thrown(() => parseMeshDid(did))).toMatchObject({ code: 'DID_INVALID' });
  });

  it('are DIDs whenever they parse', () => {
    const unit = fc.constantFrom('a', '-', '.', '9', ':', 'z', 'Q', '{', '%');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 90 }), (rest) => {
        const did = `did:mesh:a:b${rest}`;
        const error = thrown(() => parseMeshDid(did));
        expect(error?.code ?? 'DID_INVALID').toBe('DID_INVALID');
        if (error === undefined) expect(isDid(did)).toBe(true);
      }),
    );
  });
});

describe('newId', () => {
  it('is the prefix and all of the 128 bits it asked for', () => {
    const bytes = (length: number) => new Uint8Array(length).fill(0xff);
    expect(newId('task', { bytes })).toBe(`task-${'_'.repeat(21)}w`);
  });
});

describe('compareText', () => {
  it('orders as sort() does: a total order by UTF-16 code units', () => {
    expect(['b', 'ä', 'B', 'a', '', '\ufb33', '😀'].sort(compareText)).toEqual(
      ['b', 'ä', 'B', 'a', '', '\ufb33', '😀'].sort(),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(compareText(a, b) + compareText(b, a)).toBe(0);
        expect(compareText(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
