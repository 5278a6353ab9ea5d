import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../src/base/errors.ts';
import { credentialStatus } from '../../src/schema/credential-status.ts';

const list = 'https://issuer.example/status/1';
const entry = {
  id: `${list}#7`,
  type: 'BitstringStatusListEntry',
  statusPurpose: 'revocation',
  statusListIndex: '7',
  statusListCredential: list,
};
const messagesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    status: `0x${i.toString(16)}`,
    message: `m${String(i)}`,
  }));

function placeOf(value: unknown): unknown {
  try {
    credentialStatus(value, '$');
    return undefined;
  } catch (error) {
    if (MeshError.is(error, 'SCHEMA_INVALID')) return error.params['at'];
    throw error;
  }
}

describe('an entry of credentialStatus', () => {
  it.each([
    ['nothing more', {}],
    ['no id', { id: undefined }],
    ['a purpose of its own', { statusPurpose: 'https://issuer.example/recall' }],
    ['an index of any size', { statusListIndex: '9'.repeat(100) }],
    ['two bits', { statusSize: 2, statusMessage: messagesOf(4) }],
    ['eight bits', { statusSize: 8, statusMessage: messagesOf(256) }],
    ['messages for one bit', { statusMessage: messagesOf(2) }],
    ['references', { statusReference: ['https://a.example/1', 'https://a.example/2'] }],
    ['a list kept by a mesh node', { statusListCredential: 'did:key:z6Mk?list=0' }],
    ['the form of 2021', { type: 'StatusList2021Entry' }],
  ])('may have %s', (_, change) => {
    expect(placeOf({ ...entry, ...change })).toBeUndefined();
  });

  it.each([
    ['another type', { type: 'Other' }, '$.type'],
    ['the list as its id', { id: list }, '$.id'],
    ['an id that is no URL', { id: 'seven' }, '$.id'],
    ['no purpose', { statusPurpose: '' }, '$.statusPurpose'],
    ['a number as its index', { statusListIndex: 7 }, '$.statusListIndex'],
    ['an index below zero', { statusListIndex: '-1' }, '$.statusListIndex'],
    ['a second spelling of its index', { statusListIndex: '07' }, '$.statusListIndex'],
    ['a list that is no URL', { statusListCredential: 'list' }, '$.statusListCredential'],
    ['no bits', { statusSize: 0 }, '$.statusSize'],
    ['nine bits', { statusSize: 9, statusMessage: messagesOf(512) }, '$.statusSize'],
    ['two bits without messages', { statusSize: 2 }, '$.statusMessage'],
    [
      'two bits and three messages',
      { statusSize: 2, statusMessage: messagesOf(3) },
      '$.statusMessage',
    ],
    [
      'two messages of one value',
      { statusMessage: [...messagesOf(1), ...messagesOf(1)] },
      '$.statusMessage',
    ],
    [
      'a message of a value it cannot have',
      { statusMessage: [...messagesOf(1), { status: '0x2', message: 'm' }] },
      '$.statusMessage',
    ],
    [
      'a value that is not hexadecimal',
      { statusMessage: [{ status: '1', message: 'm' }] },
      '$.statusMessage[0].status',
    ],
    ['a reference that is no URL', { statusReference: 'here' }, '$.statusReference'],
  ])('may not have %s', (_, change, place) => {
    expect(placeOf({ ...entry, ...change })).toBe(place);
  });

  it('is refused in no other way, whatever arrives', () => {
    const names = [...Object.keys(entry), 'statusSize', 'statusMessage', 'statusReference'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), (change) => {
        expect(['string', 'undefined']).toContain(typeof placeOf({ ...entry, ...change }));
      }),
    );
  });
});
