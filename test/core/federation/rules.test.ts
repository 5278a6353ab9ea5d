import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import { AddressMemory } from '../../../src/core/federation/address-memory.ts';
import { backoff, reconnectRange } from '../../../src/core/federation/backoff.ts';
import { mayRepeat } from '../../../src/core/federation/caller.ts';
import { judgeDuplicate, type SessionFacts } from '../../../src/core/federation/duplicates.ts';
import {
  introductionsFor,
  introductionsShape,
} from '../../../src/core/federation/introductions.ts';
import { packError, readError, toWireError } from '../../../src/core/federation/wire-error.ts';
import { identityOf } from './rig.ts';

describe('backoff', () => {
  it('is never longer than the bound of its attempt, nor than 30 s', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, chance) => {
          const ms = backoff(failures, chance);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(
            Math.min(reconnectRange.maxMs, 100 * 2 ** Math.min(failures, 30)),
          );
        },
      ),
    );
  });
});

describe('two sessions with one node', () => {
  it('both sides keep the same one when both have dialled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (i, j, heldByA) => {
          const a = { did: identityOf(i).did, node: 'a', instance: 'x' };
          const b = { did: identityOf(j).did, node: 'b', instance: 'y' };
          const seen = (local: typeof a, peer: typeof a, byA: boolean): SessionFacts => ({
            local,
            peer,
            initiator: byA === (local === a),
          });
          // Whatever each side holds already, the session both end up with was dialled by the same side.
          const judge = (local: typeof a, peer: typeof a) =>
            judgeDuplicate(seen(local, peer, heldByA), seen(local, peer, !heldByA));
          expect(judge(a, b)).toBe(judge(b, a));
          const other = judgeDuplicate(seen(a, b, !heldByA), seen(a, b, heldByA));
          expect(new Set([judge(a, b), other])).toEqual(new Set(['replace', 'probe-twin']));
        },
      ),
    );
  });

  it('another run under the same name is suspected', () => {
    const local = { did: identityOf(1).did, node: 'a' };
    const peer = { did: identityOf(2).did, node: 'b', instance: 'one' };
    const held = { local, peer, initiator: true };
    const fresh = { ...held, peer: { ...peer, instance: 'two' } };
    expect(judgeDuplicate(held, fresh)).toBe('probe-impostor');
    expect(judgeDuplicate(held, held)).toBe('replace');
  });
});

describe('repeating a call', () => {
  const error = new MeshError('CLOSED', { what: 'x' });
  it.each([
    ['peer', true, true, false],
    ['here', false, true, false],
    ['session', false, false, true],
    ['session', true, false, false],
    ['session', true, true, true],
  ] as const)(
    'ended by %s, delivered %s, idempotent %s: %s',
    (by, delivered, idempotent, expected) => {
      expect(mayRepeat({ error, by, delivered }, idempotent)).toBe(expected);
    },
  );
});

describe('introductions', () => {
  it('leave out the asker and those who listen nowhere, and are bounded', () => {
    const asker = identityOf(1).did;
    const peers = Array.from({ length: 300 }, (_, i) => ({
      did: identityOf((i % 200) + 1).did,
      node: `n${String(i)}`,
      endpoints: i % 3 === 0 ? [] : ['fake:x'],
    }));
    const found = introductionsFor(asker, peers);
    expect(found).toHaveLength(64);
    expect(found.some(({ did, endpoints }) => did === asker || endpoints.length === 0)).toBe(false);
    expect(introductionsShape(found, 'answer')).toEqual(found);
  });

  it('whatever a peer answers is checked', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          introductionsShape(value, 'answer');
        } catch (error) {
          expect(MeshError.is(error)).toBe(true);
        }
      }),
    );
  });
});

describe('addresses', () => {
  it('a peer has given itself are not crowded out by what others say of it', () => {
    const memory = new AddressMemory();
    const { did } = identityOf(1);
    memory.learn(did, ['fake:own']);
    for (let i = 0; i < 100; i += 1) memory.hear(did, [`fake:rumour${String(i)}`]);
    for (let i = 0; i < 2_000; i += 1) memory.hear(`did:test:${String(i)}`, ['fake:x']);
    expect(memory.endpoints(did)[0]).toBe('fake:own');
    expect(memory.endpoints(did).length).toBeLessThanOrEqual(32);
    expect(memory.endpoints('did:test:0')).toEqual([]);
  });
});

describe('errors on the wire', () => {
  it('keep code, parameters and whether to try again; lose the cause', () => {
    const error = new MeshError(
      'OVERLOADED',
      { what: 'b', limit: 3 },
      { cause: new Error('secret') },
    );
    const bytes = packError(toWireError(error, 'x'));
    expect(Buffer.from(bytes).toString()).not.toContain('secret');
    expect(readError(bytes)).toMatchObject({
      code: 'OVERLOADED',
      params: { what: 'b', limit: 3 },
      retryable: true,
    });
  });

  it('of what is no MeshError tell nothing', () => {
    expect(toWireError(new Error('password is 123'), 'method')).toEqual({
      code: 'INTERNAL',
      params: { what: 'method' },
      retryable: false,
    });
  });

  it('lose parameters which JSON cannot carry, or which are too long', () => {
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    for (const params of [loop, { n: 1n }, { text: 'x'.repeat(10_000) }]) {
      expect(readError(packError(new MeshError('TASK_FAILED', params).toWire())).code).toBe(
        'TASK_FAILED',
      );
    }
  });

  it('a code of a newer release becomes INTERNAL and stays readable', () => {
    const bytes = Buffer.from(JSON.stringify({ code: 'NEW_CODE', params: {}, retryable: true }));
    expect(readError(bytes)).toMatchObject({
      code: 'INTERNAL',
      retryable: true,
      params: { what: 'the peer (NEW_CODE)' },
    });
  });

  it('any bytes give an error or SCHEMA_INVALID', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            expect(MeshError.is(readError(bytes))).toBe(true);
          } catch (error) {
            expect(MeshError.is(error, 'SCHEMA_INVALID')).toBe(true);
          }
        },
      ),
    );
  });
});
