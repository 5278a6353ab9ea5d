import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import type { OutgoingStream } from '../../../src/core/federation/index.ts';
import { settle, type TestNode, World } from './rig.ts';

describe('calls', () => {
  let world: World;
  let a: TestNode;
  let b: TestNode;
  const obedient = ({ signal }: { signal: AbortSignal }) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  const never = () => new Promise<never>(() => undefined);

  beforeEach(async () => {
    world = new World();
    [a, b] = [world.node('a'), world.node('b')];
    await world.start();
    await a.federation.dial('fake:b');
    await settle();
  });
  afterEach(async () => {
    await world.close();
    for (const { federation } of world.nodes) {
      expect(federation.open()).toMatchObject({ sessions: 0, streams: 0, handshakes: 0 });
    }
    expect(world.clock.timers).toBe(0);
  });

  it('carry anything a packet can: nothing, text, numbers, bytes', async () => {
    b.federation.handle('echo', ({ body }) => Promise.resolve(body));
    for (const body of [
      undefined,
      null,
      'é',
      0,
      [1, { a: Uint8Array.of(1, 2, 3) }],
      'x'.repeat(1_000_000),
    ]) {
      expect(await a.federation.call(b.did, 'echo', body)).toEqual(body);
    }
  });

  it('go both ways over one session', async () => {
    a.federation.handle('name', () => Promise.resolve('a'));
    expect(await b.federation.call(a.did, 'name', null)).toBe('a');
    expect(a.federation.stats().handshakes).toBe(1);
  });

  it('to a method nobody answers fail with NOT_FOUND', async () => {
    await expect(a.federation.call(b.did, 'none', null)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      params: { id: 'none' },
    });
  });

  it('bring back the code of an error, and nothing of what was not meant to leave', async () => {
    b.federation.handle('deny', () =>
      Promise.reject(
        new MeshError('POLICY_DENIED', { action: 'x', resource: 'y', determining: 'p1' }),
      ),
    );
    b.federation.handle('crash', () => Promise.reject(new Error('password is 123')));
    await expect(a.federation.call(b.did, 'deny', null)).rejects.toMatchObject({
      code: 'POLICY_DENIED',
      params: { determining: 'p1' },
    });
    const error: unknown = await a.federation
      .call(b.did, 'crash', null)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(error)).not.toContain('123');
  });

  it('a handler that returns what no packet can carry fails its own call only', async () => {
    b.federation.handle('odd', () => Promise.resolve({ f: () => 1 }));
    b.federation.handle('echo', ({ body }) => Promise.resolve(body));
    await expect(a.federation.call(b.did, 'odd', null)).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
    });
    expect(await a.federation.call(b.did, 'echo', 1)).toBe(1);
  });

  it('end at their deadline on both sides', async () => {
    let reason: unknown;
    b.federation.handle('slow', ({ signal }) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason;
      });
      return never();
    });
    const call = a.federation
      .call(b.did, 'slow', null, { timeoutMs: 500 })
      .catch((error: unknown) => error);
    await world.clock.advance(499);
    expect(reason).toBeUndefined();
    await world.clock.advance(1);
    expect(await call).toMatchObject({ code: 'TIMEOUT', params: { ms: 500 } });
    expect(reason).toMatchObject({ code: 'TIMEOUT' });
    expect(a.federation.open().streams + b.federation.open().streams).toBe(0);
  });

  it('a deadline travels over two hops as what is left of it', async () => {
    const c = world.node('c');
    await c.federation.start();
    await b.federation.dial('fake:c');
    await settle();
    let ended: number | undefined;
    const started = world.clock.monotonic();
    c.federation.handle('last', ({ signal }) => {
      signal.addEventListener('abort', () => (ended = world.clock.monotonic() - started));
      // From here on nobody hears anybody: the last node must know by itself how long it is wanted.
      for (const link of world.network.links) link.wire = () => undefined;
      return never();
    });
    b.federation.handle('middle', async ({ signal }) => {
      await world.clock.sleep(300);
      return b.federation.call(c.did, 'last', null, { signal, timeoutMs: 60_000 });
    });
    const call = a.federation
      .call(b.did, 'middle', null, { timeoutMs: 1_000 })
      .catch((error: unknown) => error);
    await world.clock.advance(5_000);
    expect(await call).toMatchObject({ code: 'TIMEOUT' });
    expect(ended).toBe(1_000);
  });

  it('that are cancelled tell the handler, and the handler after it', async () => {
    const c = world.node('c');
    await c.federation.start();
    await b.federation.dial('fake:c');
    const told: string[] = [];
    c.federation.handle('last', ({ signal }) => {
      signal.addEventListener('abort', () => told.push('c'));
      return never();
    });
    b.federation.handle('middle', ({ signal }) => {
      signal.addEventListener('abort', () => told.push('b'));
      return b.federation.call(c.did, 'last', null, { signal });
    });
    const controller = new AbortController();
    const call = a.federation
      .call(b.did, 'middle', null, { signal: controller.signal })
      .catch((error: unknown) => error);
    await settle();
    controller.abort();
    expect(await call).toMatchObject({ code: 'ABORTED' });
    await settle();
    expect(told).toEqual(['b', 'c']);
  });

  it('cancelled ten thousand times leave no entry and no timer', async () => {
    b.federation.handle('obedient', obedient);
    const before = world.clock.timers;
    for (let round = 0; round < 100; round += 1) {
      const controller = new AbortController();
      const calls = Array.from({ length: 100 }, () =>
        a.federation
          .call(b.did, 'obedient', null, { signal: controller.signal })
          .catch(() => undefined),
      );
      if (round % 2 === 0) await settle();
      controller.abort();
      await Promise.all(calls);
    }
    await settle();
    expect(a.federation.open()).toMatchObject({ streams: 0, handlers: 0 });
    expect(b.federation.open()).toMatchObject({ streams: 0, handlers: 0 });
    expect(world.clock.timers).toBe(before);
  });

  it('of one peer beyond the limit of streams are refused, and only those', async () => {
    b.federation.handle('slow', obedient);
    b.federation.handle('echo', ({ body }) => Promise.resolve(body));
    const errors: unknown[] = [];
    const controller = new AbortController();
    for (let i = 0; i < 1_030; i += 1) {
      a.federation
        .call(b.did, 'slow', null, { signal: controller.signal })
        .catch((error: unknown) => errors.push(error));
    }
    await settle();
    expect(errors).toHaveLength(6);
    for (const error of errors)
      expect(error).toMatchObject({ code: 'OVERLOADED', retryable: true });
    controller.abort();
    await settle();
    expect(await a.federation.call(b.did, 'echo', 1)).toBe(1);
  });

  it('of handlers that never end hold back their own caller, not other peers', async () => {
    const c = world.node('c');
    await c.federation.start();
    await c.federation.dial('fake:b');
    b.federation.handle('stuck', never);
    b.federation.handle('echo', ({ body }) => Promise.resolve(body));
    const stuck = Array.from({ length: 256 }, () =>
      a.federation.call(b.did, 'stuck', null, { timeoutMs: 100 }).catch((error: unknown) => error),
    );
    await settle();
    const waiting = a.federation
      .call(b.did, 'echo', 1, { timeoutMs: 50 })
      .catch((error: unknown) => error);
    expect(await c.federation.call(b.did, 'echo', 2)).toBe(2);
    await world.clock.advance(100);
    expect(await waiting).toMatchObject({ code: 'TIMEOUT' });
    for (const error of await Promise.all(stuck)) expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(b.federation.open()).toMatchObject({ streams: 0, handlers: 256 });
  });

  it('to oneself run at once, without a session, and see copies as others would', async () => {
    const body = { list: [1] };
    a.federation.handle('mine', (call) => {
      expect(call.from).toBe(a.did);
      (call.body as { list: number[] }).list.push(2);
      return Promise.resolve(call.body);
    });
    expect(await a.federation.call(a.did, 'mine', body)).toEqual({ list: [1, 2] });
    expect(body).toEqual({ list: [1] });
    const { handshakes } = a.federation.stats();
    expect(handshakes).toBe(1);
  });

  it('with an idempotency key run once, whoever repeats them', async () => {
    let runs = 0;
    b.federation.handle('pay', async () => {
      runs += 1;
      await world.clock.sleep(10);
      return runs;
    });
    const options = { idempotencyKey: 'k1' };
    const first = a.federation.call(b.did, 'pay', { amount: 5 }, options);
    const second = a.federation.call(b.did, 'pay', { amount: 5 }, options);
    await world.clock.advance(20);
    expect([await first, await second]).toEqual([1, 1]);
    expect(await a.federation.call(b.did, 'pay', { amount: 5 }, options)).toBe(1);
    await expect(a.federation.call(b.did, 'pay', { amount: 6 }, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(runs).toBe(1);
  });

  it('refuse to run under a signal that has fired, and after close()', async () => {
    await expect(
      a.federation.call(b.did, 'x', null, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    await a.federation.close();
    expect(() => a.federation.call(b.did, 'x', null)).toThrow(
      expect.objectContaining({ code: 'CLOSED' }),
    );
  });

  describe('streams', () => {
    const collect = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
      const items: unknown[] = [];
      for await (const item of stream) items.push(item);
      return items;
    };

    it('carry items from the handler, then its result', async () => {
      b.federation.handleStream('count', async (stream) => {
        for (let i = 0; i < (stream.body as number); i += 1) await stream.send(i);
        return 'done';
      });
      const stream = await a.federation.openStream(b.did, 'count', 5);
      expect(await collect(stream)).toEqual([0, 1, 2, 3, 4]);
      expect(await stream.result).toBe('done');
    });

    it('carry what an async iterable yields', async () => {
      b.federation.handle('count', () =>
        Promise.resolve(
          (async function* () {
            for (let i = 0; i < 3; i += 1) {
              await settle();
              yield i;
            }
          })(),
        ),
      );
      const stream = await a.federation.openStream(b.did, 'count', null);
      expect(await collect(stream)).toEqual([0, 1, 2]);
      expect(await stream.result).toBeUndefined();
      await expect(a.federation.call(b.did, 'count', null)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      });
    });

    it('carry items to the handler', async () => {
      b.federation.handleStream('sum', async (stream) => {
        let sum = 0;
        for await (const item of stream) sum += item as number;
        return sum;
      });
      const stream = await a.federation.openStream(b.did, 'sum', null);
      for (let i = 1; i <= 10; i += 1) await stream.send(i);
      stream.end();
      expect(await stream.result).toBe(55);
    });

    it('carry items both ways at the same time', async () => {
      b.federation.handleStream('double', async (stream) => {
        for await (const item of stream) await stream.send(2 * (item as number));
        return 'end';
      });
      const stream = await a.federation.openStream(b.did, 'double', null);
      const seen: unknown[] = [];
      let next = 1;
      await stream.send(next);
      for await (const item of stream) {
        seen.push(item);
        next += 1;
        if (next > 5) stream.end();
        else await stream.send(next);
      }
      expect(seen).toEqual([2, 4, 6, 8, 10]);
      expect(await stream.result).toBe('end');
    });

    it('also of a node with itself', async () => {
      a.federation.handleStream('double', async (stream) => {
        for await (const item of stream) await stream.send(2 * (item as number));
        return 'end';
      });
      const stream = await a.federation.openStream(a.did, 'double', null);
      await stream.send(4);
      stream.end();
      expect(await collect(stream)).toEqual([8]);
      expect(await stream.result).toBe('end');
    });

    it('hold back a sender whose reader is slow', async () => {
      let sent = 0;
      b.federation.handleStream('flood', async (stream) => {
        const kilobyte = 'x'.repeat(1_000);
        for (; sent < 2_000; sent += 1) await stream.send(kilobyte);
        return sent;
      });
      const stream = await a.federation.openStream(b.did, 'flood', null);
      await settle();
      const before = sent;
      // The window is 256 KiB; nothing beyond it is produced, however long it takes.
      expect(before).toBeLessThanOrEqual(262);
      await settle();
      expect(sent).toBe(before);
      expect((await collect(stream)).length).toBe(2_000);
      expect(await stream.result).toBe(2_000);
    });

    it('hold back a caller whose handler is slow', async () => {
      let go: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      b.federation.handleStream('slow', async (stream) => {
        await gate;
        return (await collect(stream)).length;
      });
      const stream = await a.federation.openStream(b.did, 'slow', null);
      let sent = 0;
      const sending = (async () => {
        for (; sent < 1_000; sent += 1) await stream.send('x'.repeat(1_000));
        stream.end();
      })();
      await settle();
      expect(sent).toBeLessThanOrEqual(262);
      go();
      await sending;
      expect(await stream.result).toBe(1_000);
    });

    it('carry messages larger than the window', async () => {
      b.federation.handleStream('big', async (stream) => {
        await stream.send(new Uint8Array(3_000_000).fill(7));
        return 'ok';
      });
      const stream = await a.federation.openStream(b.did, 'big', new Uint8Array(2_000_000));
      const [item] = (await collect(stream)) as [Uint8Array];
      expect(item.length).toBe(3_000_000);
      expect(item.every((byte) => byte === 7)).toBe(true);
    });

    it('fail on both sides when the caller leaves the loop early', async () => {
      let told = false;
      b.federation.handleStream('endless', async (stream) => {
        stream.signal.addEventListener('abort', () => (told = true));
        for (let i = 0; ; i += 1) await stream.send(i);
      });
      const stream: OutgoingStream = await a.federation.openStream(b.did, 'endless', null);
      for await (const item of stream) if (item === 3) break;
      await expect(stream.result).rejects.toMatchObject({ code: 'ABORTED' });
      await settle();
      expect(told).toBe(true);
      expect(b.federation.open()).toMatchObject({ streams: 0, handlers: 0 });
    });

    it('tell the reader of a handler that fails in the middle, after what came before', async () => {
      b.federation.handleStream('half', async (stream) => {
        await stream.send(1);
        throw new MeshError('TASK_FAILED', { task: 't' });
      });
      const stream = await a.federation.openStream(b.did, 'half', null);
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const item of stream) seen.push(item);
      })();
      await expect(reading).rejects.toMatchObject({ code: 'TASK_FAILED' });
      expect(seen).toEqual([1]);
      await expect(stream.result).rejects.toMatchObject({ code: 'TASK_FAILED' });
    });

    it('end at their deadline', async () => {
      b.federation.handleStream('wait', never);
      const stream = await a.federation.openStream(b.did, 'wait', null, { timeoutMs: 100 });
      const result = stream.result.catch((error: unknown) => error);
      await world.clock.advance(100);
      expect(await result).toMatchObject({ code: 'TIMEOUT' });
    });
  });
});
