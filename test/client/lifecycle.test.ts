import { describe, expect, it } from 'vitest';
import {
  type Did,
  MemoryHub,
  MeshClient,
  type MeshClientOptions,
  memoryStore,
  memoryTransport,
  type Store,
  type Transport,
} from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { echo, failure, Town, until } from './rig.ts';

const stranger = 'did:mesh:enterprise:nobody:zQmNobodyNobodyNobodyNobodyNobodyNobodyNobody' as Did;

/** A store and a transport that count what is asked of them. */
function counted(): { options: MeshClientOptions; calls: () => number } {
  let calls = 0;
  const counting = <T extends object>(thing: T): T =>
    new Proxy(thing, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          calls += 1;
          return (member as (...all: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  const store: Store = counting(memoryStore());
  const transport: Transport = counting(memoryTransport({ hub: new MemoryHub() }));
  return { options: { store, transport }, calls: () => calls };
}

describe('a client that was constructed', () => {
  it('has touched neither store nor network nor clock', async () => {
    const { options, calls } = counted();
    const clock = virtualClock();
    const mesh = new MeshClient({ ...options, clock });
    mesh.createAgent(echo);
    expect([calls(), clock.timers]).toEqual([0, 0]);
    await mesh.start();
    expect(calls()).toBeGreaterThan(0);
    await mesh.close();
  });

  it.each([
    ['its DID', (mesh: MeshClient) => mesh.did],
    ['the id of an agent', (mesh: MeshClient) => mesh.createAgent(echo).id],
    ['peers', (mesh: MeshClient) => mesh.federation.peers()],
    ['a score', (mesh: MeshClient) => mesh.trust.score(stranger)],
    [
      'a decision at once',
      (mesh: MeshClient) => mesh.policy.decideSync({ action: 'a', resource: 'mesh' }),
    ],
  ])('says NOT_STARTED when asked for %s', async (_, ask) => {
    const mesh = new MeshClient();
    expect(await failure(() => ask(mesh))).toMatchObject({ code: 'NOT_STARTED' });
    await mesh.close();
  });

  it('starts with the first call that can wait, whichever door it comes through', async () => {
    await using town = new Town();
    for (const [name, call] of Object.entries({
      task: (mesh: MeshClient) => mesh.executeTask({ type: 'echo', data: 1 }),
      search: (mesh: MeshClient) => mesh.discovery.search('echo'),
      decide: (mesh: MeshClient) => mesh.policy.decide({ action: 'federate', resource: 'mesh' }),
      issue: (mesh: MeshClient) => mesh.trust.issue({ subject: stranger, type: 'T', claims: {} }),
      audit: (mesh: MeshClient) => mesh.audit.append('note', 'hi'),
      latest: (mesh: MeshClient) => mesh.aggregator.latest('t'),
    })) {
      const mesh = town.org(name);
      mesh.createAgent(echo);
      await call(mesh);
      expect(mesh.did).toMatch(`did:mesh:enterprise:${name}:`);
    }
  });

  it('can be inspected and printed', () => {
    const mesh = new MeshClient();
    expect(Object.prototype.toString.call(mesh.trust)).toBe('[object Object]');
  });

  it.each([{ node: 'a/b' }, { node: '' }])('refuses the node name in %o', async (options) => {
    expect(await failure(() => new MeshClient(options))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'node' },
    });
  });
});

describe('starting', () => {
  it('happens once, however often and from wherever it is asked for', async () => {
    await using town = new Town();
    let listened = 0;
    const inner = memoryTransport({ hub: town.hub, name: 'one' });
    const listen: Transport['listen'] = (...args) => {
      listened += 1;
      return inner.listen(...args);
    };
    const mesh = town.org('acme', { transport: { ...inner, listen } });
    await Promise.all([mesh.start(), mesh.start(), mesh.discovery.search('x')]);
    expect(await mesh.start()).toBe(mesh);
    expect(listened).toBe(1);
  });

  it('that failed leaves nothing behind, and may succeed the next time', async () => {
    await using town = new Town();
    const holder = town.org('holder', { transport: memoryTransport({ hub: town.hub, name: 'x' }) });
    await holder.start();
    const clock = virtualClock();
    const late = town.org('late', {
      clock,
      transport: memoryTransport({ hub: town.hub, name: 'x' }),
    });
    const extension = late.use({
      name: 'e',
      start: (host) => {
        host.handle('hi', async () => await Promise.resolve('hi'));
        return host;
      },
    });
    expect((await failure(late.start())).code).not.toBe('CLOSED');
    expect(clock.timers).toBe(0);
    expect(await failure(() => late.did)).toMatchObject({ code: 'NOT_STARTED' });
    await holder.close();
    await late.start();
    expect(await extension.send(late.did, 'hi', null)).toBe('hi');
  });

  it('with the same store gives the same DID again', async () => {
    await using town = new Town();
    const store = memoryStore();
    const first = town.org('acme', { store });
    const did = (await first.start()).did;
    await first.close();
    expect((await town.org('acme', { store }).start()).did).toBe(did);
  });

  it('with the store of another organisation fails with IDENTITY_MISMATCH', async () => {
    await using town = new Town();
    const store = memoryStore();
    await (await town.org('acme', { store }).start()).close();
    expect(await failure(town.org('globex', { store }).start())).toMatchObject({
      code: 'IDENTITY_MISMATCH',
    });
  });
});

describe('a closed client', () => {
  it('leaves no timer, ends every event stream, and frees its name', async () => {
    const clock = virtualClock();
    await using town = new Town();
    const other = await town.open('globex', [echo], { clock });
    const mesh = await town.open('acme', [echo], { clock });
    const all: string[] = [];
    const reading = (async () => {
      for await (const { type } of mesh.events()) all.push(type);
    })();
    await mesh.federate(other.did);
    await mesh.executeTask({ type: 'echo', data: 1 }, { to: other.did });
    const closing = Promise.all([mesh.close(), mesh.close(), mesh[Symbol.asyncDispose]()]);
    await clock.advance('3s');
    await closing;
    await reading;
    expect(all).toContain('task.completed');
    await other.close();
    expect(clock.timers).toBe(0);
    for (const client of [mesh, other]) {
      expect(client.federation.open()).toEqual({
        sessions: 0,
        streams: 0,
        handlers: 0,
        executions: 0,
        handshakes: 0,
      });
    }
  });

  const calls: readonly (readonly [string, (mesh: MeshClient) => unknown])[] = [
    ['start', (mesh) => mesh.start()],
    ['createAgent', (mesh) => mesh.createAgent({ ...echo, name: 'late' })],
    ['executeTask', (mesh) => mesh.executeTask({ type: 'echo', data: 1 })],
    ['call', (mesh) => mesh.call({ id: 'x', name: 'echo', meshId: stranger } as never, 1)],
    ['stream', (mesh) => mesh.stream({ type: 'echo', data: 1 }).result],
    [
      'reading a stream',
      async (mesh) => {
        for await (const part of mesh.stream({ type: 'echo', data: 1 }))
          expect.unreachable(part.kind);
      },
    ],
    ['federate', (mesh) => mesh.federate(stranger)],
    ['use', (mesh) => mesh.use({ name: 'late', start: () => 1 })],
    ['federation.call', (mesh) => mesh.federation.call(stranger, 'x', null)],
    ['federation.connect', (mesh) => mesh.federation.connect(stranger)],
    ['trust.score', (mesh) => mesh.trust.score(stranger)],
    ['trust.issue', (mesh) => mesh.trust.issue({ subject: stranger, type: 'T', claims: {} })],
    ['trust.verify', (mesh) => mesh.trust.verify('x')],
    ['policy.decideSync', (mesh) => mesh.policy.decideSync({ action: 'a', resource: 'mesh' })],
    ['policy.decide', (mesh) => mesh.policy.decide({ action: 'a', resource: 'mesh' })],
    ['policy.publish', (mesh) => mesh.policy.publish([])],
    ['discovery.search', (mesh) => mesh.discovery.search('x')],
    ['discovery.records', (mesh) => mesh.discovery.records()],
    [
      'aggregator.createRound',
      (mesh) => mesh.aggregator.createRound({ task: 't', strategy: 'fedavg', minParticipants: 1 }),
    ],
    ['audit.append', (mesh) => mesh.audit.append('note', 'x')],
  ];

  it.each(calls)('refuses %s with CLOSED after it had started', async (_, call) => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    await mesh.close();
    expect(await failure(async () => await call(mesh))).toMatchObject({ code: 'CLOSED' });
  });

  it.each(
    calls.filter(
      ([name]) => !['trust.score', 'policy.decideSync', 'discovery.records'].includes(name),
    ),
  )('refuses %s with CLOSED when it never started', async (_, call) => {
    const mesh = new MeshClient({ transport: memoryTransport({ hub: new MemoryHub() }) });
    mesh.createAgent(echo);
    await mesh.close();
    expect(await failure(async () => await call(mesh))).toMatchObject({ code: 'CLOSED' });
  });

  it('ends event streams that are asked for afterwards', async () => {
    const mesh = new MeshClient();
    await mesh.close();
    for await (const event of mesh.events()) expect.unreachable(event.type);
  });

  it('lets running tasks finish while it drains, and refuses new ones as closing', async () => {
    await using town = new Town();
    const hold = Promise.withResolvers<string>();
    let begun = 0;
    const slow = {
      name: 'slow',
      capabilities: ['slow'],
      handler: () => {
        begun += 1;
        return hold.promise;
      },
    };
    const globex = await town.open('globex', [slow]);
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    const running = acme.executeTask({ type: 'slow', data: 1 });
    await until(() => begun === 1);
    const closing = globex.close({ drain: '5s' });
    expect(await failure(acme.executeTask({ type: 'slow', data: 2 }))).toMatchObject({
      code: 'PEER_REJECTED',
    });
    hold.resolve('done');
    expect((await running).output).toBe('done');
    await closing;
    expect(begun).toBe(1);
  });

  it('tells handlers that outlive the drain through their signal', async () => {
    await using town = new Town();
    const told = Promise.withResolvers<unknown>();
    const mesh = await town.open('acme', [
      {
        name: 'slow',
        capabilities: ['slow'],
        handler: ({ signal }) =>
          new Promise(() => {
            signal.addEventListener('abort', () => {
              told.resolve(signal.reason);
            });
          }),
      },
    ]);
    const running = failure(mesh.executeTask({ type: 'slow', data: 1 }));
    await until(() => mesh.federation.open().handlers === 1);
    await mesh.close({ drain: 0 });
    expect(await told.promise).toMatchObject({ code: 'CLOSED' });
    expect((await running).code).toBe('CLOSED');
  });

  it('has its bonds with others at the next start, and closing an old link does not end them', async () => {
    await using town = new Town();
    const store = memoryStore();
    const globex = await town.open('globex', [echo]);
    const first = await town.open('acme', [], { store });
    const link = await first.federate(globex.did);
    await first.close();
    await link.close();
    expect(link.state).toBe('gone');
    const second = await town.open('acme', [], { store });
    expect((await second.executeTask({ type: 'echo', data: 'again' })).output).toBe('again');
  });
});
