import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/base/bytes.ts';
import { packPacket, unpackPacket } from '../../src/base/packet.ts';
import { thrown } from './thrown.ts';

const name = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom('$', '$$', '$u8', '$f32', '$$u8', '__proto__', 'constructor', '0', '10', '9'),
);
const { tree: packable } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, 0.5, '', 'text', '$u8', '😀'),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
    fc.float32Array({ maxLength: 6 }).map((floats) => Float32Array.from(floats)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('tree')), { maxLength: 4 }).map(own),
  ),
}));

/** An object with exactly these own members, `__proto__` too. */
function own(members: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(members);
}

/** The same value with members in the other order. */
function mirrored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mirrored);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return own(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, mirrored(member)]),
  );
}

/** A packet of `json` and `parts`, written by hand. */
function packet(json: string, parts: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = utf8(json);
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, text.length);
  const padding = new Uint8Array((8 - ((4 + text.length) % 8)) % 8);
  return concat(head, text, padding, parts);
}

describe('packets', () => {
  it('unpack to the value that was packed', () => {
    fc.assert(
      fc.property(packable, (value) => {
        // Unlike toStrictEqual this is not misled by a member named constructor.
        expect(isDeepStrictEqual(unpackPacket(packPacket(value)), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('of equal values are equal bytes, whatever the order of members', () => {
    fc.assert(
      fc.property(packable, (value) => {
        expect(packPacket(mirrored(value))).toEqual(packPacket(value));
      }),
    );
  });

  it('have the layout that is written down', () => {
    const bytes = packPacket({ a: Uint8Array.of(7, 8), $x: Float32Array.of(1) });
    const json = '{"$$x":{"$f32":[0,1]},"a":{"$u8":[8,2]}}';
    const parts = Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0, 7, 8);
    expect(bytes).toEqual(packet(json, parts));
  });

  it('are laid out the same for bytes alone, whatever class they are of', () => {
    const bytes = Uint8Array.of(7, 8, 9);
    const expected = packet('{"$u8":[0,3]}', bytes);
    expect(packPacket(bytes)).toEqual(expected);
    expect(packPacket(Buffer.from(bytes))).toEqual(expected);
  });

  it('carry NaN, infinity and negative zero in vectors, which JSON cannot', () => {
    const vector = Float32Array.of(Number.NaN, Infinity, -0, 1e-45);
    expect(unpackPacket(packPacket([vector]))).toStrictEqual([vector]);
  });

  it('do not touch the prototype for a member named __proto__', () => {
    const value = unpackPacket(packet('{"__proto__":{"admin":true}}')) as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('hand out copies: neither side sees the other write', () => {
    const bytes = packPacket(Uint8Array.of(1, 2, 3));
    const part = unpackPacket(bytes) as Uint8Array;
    bytes.fill(9);
    expect(part).toEqual(Uint8Array.of(1, 2, 3));
    expect(part.buffer.byteLength).toBe(3);
  });

  it('may arrive as a Buffer anywhere in a pool, as sockets deliver them', () => {
    const value = { vector: Float32Array.of(1, 2, 3), raw: Uint8Array.of(4, 5) };
    const bytes = packPacket(value);
    for (let shift = 0; shift < 9; shift += 1) {
      const pool = Buffer.alloc(bytes.length + 32, 0xee);
      pool.set(bytes, shift);
      const read = unpackPacket(pool.subarray(shift, shift + bytes.length));
      pool.fill(0);
      expect(read).toStrictEqual(value);
    }
  });

  it('take vectors that are windows of larger buffers', () => {
    const window = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect(unpackPacket(packPacket(window))).toEqual(Float32Array.of(2, 3));
  });

  it('refuse to be made of what they cannot carry', () => {
    const refused = [new Float64Array(1), new Date(0), new Map(), Number.NaN, undefined, 1n];
    for (const value of refused) {
      expect(thrown(() => packPacket({ value }))?.code ?? 'kept').toBe(
        value === undefined ? 'kept' : 'SCHEMA_INVALID',
      );
    }
    expect(thrown(() => packPacket(undefined))).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});

describe('unpacking foreign bytes', () => {
  const parts = new Uint8Array(16);
  it.each([
    ['nothing', new Uint8Array(0)],
    ['a cut length', Uint8Array.of(0, 0, 0)],
    ['JSON longer than the packet', Uint8Array.of(0, 0, 0, 9, 0x31)],
    ['a length of 4 GB', Uint8Array.of(255, 255, 255, 255, 0x31)],
    ['text that is not JSON', packet('{')],
    ['no JSON at all', packet('')],
    ['a part beyond the end', packet('{"$u8":[0,17]}', parts)],
    ['a vector beyond the end', packet('{"$f32":[0,5]}', parts)],
    ['a part before the beginning', packet('{"$u8":[-1,1]}', parts)],
    ['a fraction of a byte', packet('{"$u8":[0.5,1]}', parts)],
    ['a place that overflows', packet('{"$u8":[9007199254740991,9007199254740991]}', parts)],
    ['a place without length', packet('{"$u8":[0]}', parts)],
    ['a place that is text', packet('{"$f32":"01"}', parts)],
    ['a part named twice', packet('[{"$u8":[0,16]},{"$u8":[0,1]}]', parts)],
    [
      'a thousand views of one part',
      packet(`[${Array(1e3).fill('{"$u8":[0,16]}').join()}]`, parts),
    ],
    ['nesting of 66', packet('['.repeat(66) + ']'.repeat(66))],
    ['nesting of 100,000', packet('['.repeat(1e5) + ']'.repeat(1e5))],
  ])('refuses %s', (_, bytes) => {
    expect(thrown(() => unpackPacket(bytes, 'body'))).toMatchObject({ code: 'SCHEMA_INVALID' });
  });

  it('throws nothing but SCHEMA_INVALID for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(thrown(() => unpackPacket(bytes))?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
    );
  });

  it('throws nothing but SCHEMA_INVALID for a packet with bytes changed or cut', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(packable, changes, fc.nat(), (value, edits, cut) => {
        const bytes = packPacket(value);
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        const mutated = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
        const error = thrown(() => unpackPacket(mutated));
        expect(error?.code ?? 'SCHEMA_INVALID').toBe('SCHEMA_INVALID');
      }),
      { numRuns: 1_000 },
    );
  });
});
