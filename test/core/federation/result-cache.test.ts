import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { type CallIdentity, ResultCache } from '../../../src/core/federation/result-cache.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { Store } from '../../../src/ports/store.ts';
import { FakeClock, fakeStore, identityOf, settle } from './rig.ts';

const call = (key: string, body = 'body'): CallIdentity => ({
  from: identityOf(1).did,
  method: 'pay',
  key,
  body: utf8(body),
});

describe('ResultCache', () => {
  let clock: FakeClock;
  let store: Store;
  let cache: ResultCache;
  let executions: string[];
  const work = (name: string) => async () => {
    executions.push(name);
    await settle();
    return utf8(`result of ${name}`);
  };
  beforeEach(() => {
    clock = new FakeClock();
    store = fakeStore(clock);
    cache = new ResultCache({ store, crypto: nodeCrypto, ttlMs: 1_000 });
    executions = [];
  });

  it('gives the result of the first execution to all who ask, during it and after', async () => {
    const both = await Promise.all([
      cache.run(call('k'), work('1')),
      cache.run(call('k'), work('2')),
    ]);
    const later = await cache.run(call('k'), work('3'));
    for (const result of [...both, later]) expect(result).toEqual(utf8('result of 1'));
    expect(executions).toEqual(['1']);
    expect(cache.running).toBe(0);
  });

  it('outlives the process that executed', async () => {
    await cache.run(call('k'), work('1'));
    const next = new ResultCache({ store, crypto: nodeCrypto });
    expect(await next.run(call('k'), work('2'))).toEqual(utf8('result of 1'));
  });

  it('says TASK_UNCERTAIN when the process ended in the middle', async () => {
    void cache.run(call('k'), () => new Promise(() => undefined));
    await settle();
    const next = new ResultCache({ store, crypto: nodeCrypto });
    await expect(next.run(call('k'), work('2'))).rejects.toMatchObject({
      code: 'TASK_UNCERTAIN',
      params: { task: 'k' },
    });
    expect(executions).toEqual([]);
  });

  it('says TASK_UNCERTAIN after the node closed in the middle, not that it is closed for ever', async () => {
    const cut = (): Promise<Uint8Array> =>
      Promise.reject(new MeshError('CLOSED', { what: 'the node' }));
    await expect(cache.run(call('k'), cut)).rejects.toMatchObject({ code: 'CLOSED' });
    const next = new ResultCache({ store, crypto: nodeCrypto });
    await expect(next.run(call('k'), work('2'))).rejects.toMatchObject({ code: 'TASK_UNCERTAIN' });
    expect(executions).toEqual([]);
  });

  it.each(['OVERLOADED', 'LICENCE_MISSING', 'POLICY_DENIED'] as const)(
    'leaves the key free when %s turned the work away',
    async (code) => {
      const refuse = (): Promise<Uint8Array> => Promise.reject(new MeshError(code));
      await expect(cache.run(call('k'), refuse)).rejects.toMatchObject({ code });
      expect(await cache.run(call('k'), work('2'))).toEqual(utf8('result of 2'));
    },
  );

  it('remembers a failure like a result, and nothing of it but what may leave', async () => {
    const fail = () => {
      executions.push('1');
      return Promise.reject(
        new MeshError('TASK_FAILED', { task: 't' }, { cause: new Error('secret') }),
      );
    };
    for (let i = 0; i < 2; i += 1) {
      await expect(cache.run(call('k'), fail)).rejects.toMatchObject({ code: 'TASK_FAILED' });
    }
    await expect(
      cache.run(call('j'), () => Promise.reject(new Error('secret'))),
    ).rejects.toMatchObject({
      code: 'INTERNAL',
      params: { what: 'pay' },
    });
    expect(executions).toEqual(['1']);
  });

  it('keeps callers, methods and keys apart', async () => {
    const { did } = identityOf(2);
    const calls = [
      call('a'),
      call('b'),
      { ...call('a'), from: did },
      { ...call('a'), method: 'other' },
    ];
    for (const [i, one] of calls.entries()) await cache.run(one, work(String(i)));
    expect(executions).toHaveLength(4);
  });

  it('refuses a key that was used for another body', async () => {
    const first = cache.run(call('k', 'one'), work('1'));
    const expected = { code: 'INVALID_ARGUMENT', params: { argument: 'idempotencyKey' } };
    await expect(cache.run(call('k', 'two'), work('2'))).rejects.toMatchObject(expected);
    await first;
    await expect(cache.run(call('k', 'two'), work('3'))).rejects.toMatchObject(expected);
    expect(executions).toEqual(['1']);
  });

  it('forgets when the time is over', async () => {
    await cache.run(call('k'), work('1'));
    clock.jump(1_001);
    await cache.run(call('k'), work('2'));
    expect(executions).toEqual(['1', '2']);
  });

  it('does not answer what it could not write, and does not run it again', async () => {
    const full = new MeshError('STORE_FULL', { store: 'fake' });
    let writes = 0;
    const failing: Store = {
      ...store,
      write: (ops, options) => (++writes === 2 ? Promise.reject(full) : store.write(ops, options)),
    };
    const fragile = new ResultCache({ store: failing, crypto: nodeCrypto });
    await expect(fragile.run(call('k'), work('1'))).rejects.toMatchObject({ code: 'STORE_FULL' });
    await expect(fragile.run(call('k'), work('2'))).rejects.toMatchObject({
      code: 'TASK_UNCERTAIN',
    });
    expect(executions).toEqual(['1']);
  });

  it('needs a store that can write on a condition', async () => {
    const plain: Store = { ...store, features: { ...store.features, conditional: false } };
    const impossible = new ResultCache({ store: plain, crypto: nodeCrypto });
    await expect(impossible.run(call('k'), work('1'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });

  it('executes each key at most once, however calls are repeated, overlap or meet a restart', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      wait: fc.boolean(),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const counts = new Map<string, number>();
        const shelf = fakeStore(clock);
        let current = new ResultCache({ store: shelf, crypto: nodeCrypto });
        const all: Promise<unknown>[] = [];
        for (const { key, wait, restart } of steps) {
          if (restart) current = new ResultCache({ store: shelf, crypto: nodeCrypto });
          const run = current.run(call(key), async () => {
            counts.set(key, (counts.get(key) ?? 0) + 1);
            await settle();
            return utf8(key);
          });
          all.push(
            run.then(
              (result) => {
                expect(result).toEqual(utf8(key));
              },
              (error: unknown) => {
                expect(MeshError.is(error, 'TASK_UNCERTAIN')).toBe(true);
              },
            ),
          );
          if (wait) await settle();
        }
        await Promise.all(all);
        for (const count of counts.values()) expect(count).toBe(1);
      }),
      { numRuns: 60 },
    );
  });
});
