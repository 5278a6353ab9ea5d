import { describe, expect, it } from 'vitest';
import { MemoryHub, memoryTransport } from '../../../src/adapters/transports/memory.ts';
import { systemClock } from '../../../src/platform/system-clock.ts';
import type { Link, LinkEnd } from '../../../src/ports/transport.ts';
import { transportConformance, virtualClock } from '../../../src/testing/index.ts';

const context = { signal: new AbortController().signal, clock: systemClock };

describe('memory transport', () => {
  for (const { name, run } of transportConformance(() => memoryTransport())) it(name, run);
});

describe('memory transport on a hub of its own', () => {
  const hub = new MemoryHub();
  for (const { name, run } of transportConformance(() => memoryTransport({ hub }))) it(name, run);
});

describe('a memory hub', () => {
  it('gives its listeners the names they ask for, or the next number that is free', async () => {
    const hub = new MemoryHub();
    const named = memoryTransport({ hub, name: '2' });
    expect(named.listenAt).toBe('mem:2');
    const names = [];
    for (const transport of [named, memoryTransport({ hub }), memoryTransport({ hub })]) {
      const listener = await transport.listen(transport.listenAt!, () => undefined, context);
      names.push(listener.endpoints[0]);
    }
    expect(names).toEqual(['mem:2', 'mem:1', 'mem:3']);
  });

  it('refuses a name that is taken, until its listener closes', async () => {
    const hub = new MemoryHub();
    const acme = memoryTransport({ hub, name: 'acme' });
    const first = await acme.listen('mem:acme', () => undefined, context);
    const second = () => acme.listen('mem:acme', () => undefined, context);
    await expect(second()).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      params: { id: 'mem:acme' },
    });
    await first.close();
    const heir = await second();
    await first.close();
    await expect(second()).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await heir.close();
  });

  it('knows nothing of another hub', async () => {
    const acme = memoryTransport({ hub: new MemoryHub(), name: 'acme' });
    await acme.listen('mem:acme', () => undefined, context);
    const elsewhere = memoryTransport({ hub: new MemoryHub() }).dial('mem:acme', context);
    await expect(elsewhere).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it('tells the listener who calls, by the endpoint where the caller listens', async () => {
    const hub = new MemoryHub();
    const { near, far } = await pair(hub, 'globex');
    expect([near.remote, far.remote]).toEqual(['mem:acme', 'mem:globex']);
  });
});

describe('a memory link', () => {
  it('stops a sender that ignores backpressure with OVERLOADED, and loses nothing taken before', async () => {
    const { near, far } = await pair();
    const frame = new Uint8Array(1024 * 1024);
    const flood = (): void => {
      for (let i = 0; i < 100; i += 1) near.send(frame);
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    const taken = near.buffered / frame.length;
    let received = 0;
    far.receive({ frame: () => (received += 1), closed: () => undefined });
    await near.close();
    expect([taken, received]).toEqual([16, 16]);
  });

  it('gives up closing when the other end never takes the frames, and says how many', async () => {
    const clock = virtualClock();
    const { near } = await pair(new MemoryHub(), undefined, clock);
    near.send(new Uint8Array(1));
    near.send(new Uint8Array(1));
    const end = endOf(near);
    const closing = near.close();
    await clock.advance(5_000);
    await closing;
    expect(await end).toMatchObject({ clean: false, error: { code: 'TIMEOUT' }, unsent: 2 });
    expect(clock.timers).toBe(0);
  });

  it('leaves no timer behind when it closes', async () => {
    const clock = virtualClock();
    const { near, far } = await pair(new MemoryHub(), undefined, clock);
    const end = endOf(far);
    await near.close();
    expect([await end, clock.timers]).toEqual([{ clean: true, unsent: 0 }, 0]);
  });

  it('ends with INTERNAL when its frame handler throws, with the thrown error as cause', async () => {
    const { near, far } = await pair();
    const bug = new Error('a bug');
    const end = new Promise<LinkEnd>((resolve) => {
      far.receive({
        frame: () => {
          throw bug;
        },
        closed: resolve,
      });
    });
    near.send(new Uint8Array(1));
    expect(await end).toMatchObject({ clean: false, error: { code: 'INTERNAL', cause: bug } });
    expect(await endOf(near)).toMatchObject({ clean: false, error: { code: 'PEER_UNREACHABLE' } });
  });

  it('holds frames at once when its handler pauses in the midst of them', async () => {
    const { near, far } = await pair();
    let received = 0;
    far.receive({
      frame: () => {
        received += 1;
        far.pause();
      },
      closed: () => undefined,
    });
    for (let i = 0; i < 3; i += 1) near.send(new Uint8Array(1));
    await new Promise(setImmediate);
    expect([received, near.buffered]).toEqual([1, 2]);
    far.resume();
    await new Promise(setImmediate);
    expect([received, near.buffered]).toEqual([2, 1]);
  });

  it('takes one handler', async () => {
    const { near } = await pair();
    const handler = { frame: () => undefined, closed: () => undefined };
    near.receive(handler);
    expect(() => {
      near.receive(handler);
    }).toThrow(expect.objectContaining({ code: 'ALREADY_EXISTS' }));
  });
});

async function pair(
  hub = new MemoryHub(),
  caller?: string,
  clock = systemClock,
): Promise<{ near: Link; far: Link }> {
  const acme = memoryTransport({ hub, name: 'acme' });
  const accepted = new Promise<Link>((resolve) => {
    void acme.listen('mem:acme', resolve, { ...context, clock });
  });
  const globex = memoryTransport(caller === undefined ? { hub } : { hub, name: caller });
  return { near: await globex.dial('mem:acme', { ...context, clock }), far: await accepted };
}

function endOf(link: Link): Promise<LinkEnd> {
  return new Promise((resolve) => {
    link.receive({ frame: () => undefined, closed: resolve });
  });
}
