import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentId } from '../../src/schema/agent-record.ts';
import { eventMatches } from '../../src/schema/mesh-event.ts';
import { did, instant, name, toInstant } from '../../src/schema/words.ts';
import { thrown } from '../base/thrown.ts';

describe('instants', () => {
  it('have one spelling, which toInstant writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(253402300799999), noInvalidDate: true }),
        (date) => {
          const text = toInstant(date.getTime());
          expect(instant(text, 'at')).toBe(text);
          expect(Date.parse(text)).toBe(date.getTime());
        },
      ),
    );
  });

  it.each([
    '2026-01-31',
    '2026-01-31T23:59:59Z',
    '2026-01-31T23:59:59.00Z',
    '2026-01-31T23:59:59.000+00:00',
    '2026-01-31t23:59:59.000z',
    '2026-02-29T00:00:00.000Z',
    '2026-01-31T24:00:00.000Z',
    '2026-12-31T23:59:60.000Z',
    ' 2026-01-31T23:59:59.000Z',
    '+010000-01-01T00:00:00.000Z',
    '',
    0,
    null,
  ])('refuse %j', (value) => {
    expect(thrown(() => instant(value, 'doc.at'))).toMatchObject({
      code: 'SCHEMA_INVALID',
      params: { at: 'doc.at' },
    });
  });
});

describe('names', () => {
  it.each(['a', 'Übersetzer', 'data room 7', '翻訳', '😀', 'x'.repeat(128)])(
    'may be %j',
    (value) => {
      expect(name(value, 'x')).toBe(value);
    },
  );

  it.each([
    '',
    ' a',
    'a ',
    'a\tb',
    'a\u0000',
    'a\u200bb',
    'a\u202eb',
    '\ufeffa',
    'a\u00a0',
    'a\ud800',
    'x'.repeat(129),
    1,
  ])('may not be %j', (value) => {
    expect(thrown(() => name(value, 'x'))).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});

describe('did', () => {
  it('names the place of what is not a DID', () => {
    expect(did('did:a:b', 'x')).toBe('did:a:b');
    expect(thrown(() => did('acme', 'doc.by'))?.params['at']).toBe('doc.by');
  });
});

describe('agentId', () => {
  it('is mesh, node and name', () => {
    expect(agentId('did:a:b', 'n', 'x')).toBe('did:a:b#n/x');
  });
});

describe('eventMatches', () => {
  it.each([
    ['task.sent', [], true],
    ['task.sent', ['*'], true],
    ['task.sent', ['task.*'], true],
    ['task.sent', ['task.sent'], true],
    ['task.sent', ['trust.*', 'task.sent'], true],
    ['task.sent', ['task.s*'], true],
    ['task.sent', ['task'], false],
    ['task.sent', ['task.'], false],
    ['task.sent', ['trust.*'], false],
    ['task.sent', ['*.sent'], false],
    ['task.sent', ['task.sent.more'], false],
    ['task.sent', ['TASK.*'], false],
    ['task.sent', [''], false],
  ] as const)('%s by %j is %s', (type, patterns, matches) => {
    expect(eventMatches(type, patterns)).toBe(matches);
  });
});
