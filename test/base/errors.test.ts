import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical.ts';
import {
  MeshError,
  type MeshErrorCode,
  printable,
  sentence,
  sentences,
  toMeshError,
} from '../../src/base/errors.ts';
import { thrown } from './thrown.ts';

const codes = Object.keys(sentences) as MeshErrorCode[];
const holes = (code: MeshErrorCode) =>
  [...sentences[code].matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

describe('the sentence table', () => {
  it.each(codes)('%s renders every parameter it names', (code) => {
    const params = Object.fromEntries(holes(code).map((name) => [name, `<${name}>`]));
    const { message } = new MeshError(code, params);
    expect(message).not.toMatch(/[{}]/);
    for (const name of holes(code)) expect(message).toContain(`<${name}>`);
  });

  it('has codes in UPPER_SNAKE and sentences without a final stop', () => {
    for (const code of codes) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(sentences[code]).not.toMatch(/\.$|^$/);
    }
  });

  it('leaves a missing parameter visible as its placeholder', () => {
    expect(new MeshError('CLOSED').message).toBe('{what} is closed');
  });

  it('does not render a placeholder inside a parameter', () => {
    const { message } = new MeshError('NOT_FOUND', { what: '{id}', id: 'secret' });
    expect(message).toBe("{id} 'secret' does not exist");
  });

  it('is told in another language by another table, and in English where that has no sentence', () => {
    const german = { CLOSED: '{what} ist geschlossen' };
    expect(sentence('CLOSED', { what: 'Tür' }, german)).toBe('Tür ist geschlossen');
    expect(sentence('ABORTED', { what: 'it' }, german)).toBe('it was aborted');
  });
});

describe('MeshError', () => {
  it('keeps code, params and cause', () => {
    const cause = new TypeError('low level');
    const error = new MeshError('CLOSED', { what: 'the session' }, { cause });
    expect(error).toMatchObject({ name: 'MeshError', code: 'CLOSED', cause });
    expect(error.message).toBe('the session is closed');
    expect('cause' in new MeshError('CLOSED')).toBe(false);
  });

  it('knows which failures may pass by themselves, unless told otherwise', () => {
    expect(new MeshError('TIMEOUT').retryable).toBe(true);
    expect(new MeshError('POLICY_DENIED').retryable).toBe(false);
    expect(new MeshError('POLICY_DENIED', {}, { retryable: true }).retryable).toBe(true);
  });

  it('is recognised across two copies of the package', async () => {
    // A query makes the loader evaluate the module a second time.
    const copy = (await import(['../../src/base/errors.ts', 'copy'].join('?'))) as {
      MeshError: typeof MeshError;
    };
    const foreign = new copy.MeshError('CLOSED', { what: 'x' });
    expect(copy.MeshError).not.toBe(MeshError);
    expect(foreign).not.toBeInstanceOf(MeshError);
    expect(MeshError.is(foreign)).toBe(true);
    expect(MeshError.is(foreign, 'ABORTED', 'CLOSED')).toBe(true);
    expect(MeshError.is(foreign, 'ABORTED')).toBe(false);
  });

  it('is not confused with other values', () => {
    const others = [undefined, null, 'CLOSED', new Error('x'), { code: 'CLOSED', params: {} }];
    for (const other of others) expect(MeshError.is(other)).toBe(false);
  });

  it('wraps a foreign error as INTERNAL and leaves its own as they are', () => {
    const cause = new RangeError('boom');
    expect(toMeshError(cause, 'the reader')).toMatchObject({ code: 'INTERNAL', cause });
    const own = new MeshError('CLOSED');
    expect(toMeshError(own, 'the reader')).toBe(own);
  });
});

describe('toWire', () => {
  it('carries code, params and retryable, and neither stack, message nor cause', () => {
    const error = new MeshError('TASK_FAILED', { task: 't-1' }, { cause: new Error('secret') });
    expect(error.toWire()).toStrictEqual({
      code: 'TASK_FAILED',
      params: { task: 't-1' },
      retryable: false,
    });
  });

  it('shows of an error or of bytes among the params only what they are', () => {
    const params = { detail: new TypeError('secret'), got: new Uint8Array([1, 2, 3]) };
    expect(new MeshError('SCHEMA_INVALID', params).toWire().params).toEqual({
      detail: 'a TypeError',
      got: '3 bytes',
    });
  });

  it('is small plain JSON data whatever the params are', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withTypedArray: true, maxDepth: 6 }), (got) => {
        const wire = new MeshError('SCHEMA_INVALID', { got }).toWire();
        expect(thrown(() => canonicalJson(wire))).toBeUndefined();
      }),
    );
  });

  it('bounds long text, long lists and depth, and cuts no character in half', () => {
    const deep: unknown = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000));
    const params = { deep, text: '😀'.repeat(9_999).slice(1), list: Array(9_999).fill('x') };
    expect(canonicalJson(new MeshError('INTERNAL', params).toWire()).length).toBeLessThan(5_000);
  });
});

describe('printable', () => {
  it('names values briefly', () => {
    expect(printable(new Uint8Array(70_000))).toBe('70000 bytes');
    expect(printable(['a', 1, ['b']])).toBe('a, 1, a list');
    expect(printable({ password: 'x' })).toBe('an object');
    expect(printable(Object.create(null))).toBe('an object');
    expect(printable(new Map())).toBe('a Map');
    expect(printable(null)).toBe('null');
    expect(printable(12n)).toBe('12');
  });

  it('is one line of at most 120 characters for any value', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.string({ maxLength: 500, unit: 'binary' })),
        (value) => {
          const shown = printable(value);
          expect(shown.length).toBeLessThanOrEqual(120);
          expect(shown).not.toMatch(/\p{Cc}/u);
          expect(shown.isWellFormed()).toBe(true);
        },
      ),
    );
  });

  it('survives what a peer can send: deep lists, cycles and members named constructor', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const hostile: unknown[] = [
      cyclic,
      JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)),
      JSON.parse('{"constructor":{"name":{"toString":1,"valueOf":1}}}'),
      JSON.parse('{"constructor":null}'),
    ];
    for (const value of hostile) expect(printable(value)).toMatch(/^an? (object|list)$/);
  });
});
