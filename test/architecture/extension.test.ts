// An extension written here, outside the house: what it takes over, it takes over through Host alone.

import {
  type Extension,
  type Host,
  MemoryHub,
  MeshClient,
  type MeshClientOptions,
  MeshError,
  memoryStore,
  memoryTransport,
  policyTemplates,
} from '@mesh/sdk';
import { describe, expect, it } from 'vitest';

const stranger: Extension<Host> = { name: 'stranger', start: (host) => host };

function open(hub: MemoryHub, name: string, options: MeshClientOptions = {}): MeshClient {
  const transport = memoryTransport({ hub });
  return new MeshClient({ did: `did:mesh:enterprise:${name}`, transport, ...options });
}

describe('an extension from outside', () => {
  it('takes over placement, and gives it back', async () => {
    await using mesh = open(new MemoryHub(), 'acme');
    for (const name of ['first', 'second']) {
      mesh.createAgent({ name, capabilities: ['who'], handler: () => name });
    }
    const host = mesh.use(stranger);
    const seen: number[] = [];
    const giveBack = host.placement({
      choose: (task, candidates) => {
        seen.push(candidates.length);
        return task.type === 'who' ? [] : candidates;
      },
    });
    const asking = mesh.executeTask({ type: 'who', data: null });
    await expect(asking).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' });
    giveBack();
    expect((await mesh.executeTask({ type: 'who', data: null })).output).toMatch(/first|second/);
    expect(seen).toHaveLength(1);
  });

  it('adds a gate that refuses, and hears how tasks end', async () => {
    await using mesh = open(new MemoryHub(), 'acme');
    mesh.createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
    const outcomes: string[] = [];
    const host = mesh.use(stranger);
    const remove = host.gate('licence', {
      before: ({ task }) => {
        if (task.data === 'unlicensed') throw new MeshError('LICENCE_MISSING', { feature: 'echo' });
      },
      after: ({ direction }, { receipt }) =>
        outcomes.push(`${direction} ${receipt?.outcome ?? '?'}`),
    });
    await expect(mesh.executeTask({ type: 'echo', data: 'unlicensed' })).rejects.toMatchObject({
      code: 'LICENCE_MISSING',
      params: { gate: 'licence' },
    });
    await mesh.executeTask({ type: 'echo', data: 'fine' });
    expect(outcomes).toEqual(['receive ok', 'send ok']);
    remove();
    expect((await mesh.executeTask({ type: 'echo', data: 'unlicensed' })).output).toBe(
      'unlicensed',
    );
  });

  it('broadcasts to another organisation over one that only passes it on', async () => {
    const hub = new MemoryHub();
    const options = { introductions: false, policies: policyTemplates.openTo({}) };
    await using a = await open(hub, 'a', options).start();
    await using b = await open(hub, 'b', options).start();
    await using c = await open(hub, 'c', options).start();
    const heard = Array.fromAsync(first(c.use(stranger).subscribe('news')));
    await a.federate(b.did);
    await b.federate(c.did);
    expect(a.federation.peers()).toEqual([b.did]);
    await a.use(stranger).broadcast('news', Uint8Array.of(1, 2, 3));
    const [message] = await heard;
    expect(message).toMatchObject({ from: a.did, topic: 'news' });
    expect([...message!.bytes]).toEqual([1, 2, 3]);
  });

  it('holds a role whose standby takes over with a higher epoch, and the old epoch is refused', async () => {
    const store = memoryStore();
    const hub = new MemoryHub();
    await using one = await open(hub, 'acme', { store, node: 'one' }).start();
    await using two = await open(hub, 'acme', { store, node: 'two' }).start();
    const held = await one.use(stranger).roles.hold('leader', { ttl: '1s' });
    const taken = two.use(stranger).roles.hold('leader', { ttl: '1s', standby: true });
    await one.close();
    expect(held.lost.aborted).toBe(true);
    const next = await taken;
    expect(next.epoch).toBeGreaterThan(held.epoch);
    await expect(two.use(stranger).roles.check('leader', held.epoch)).rejects.toMatchObject({
      code: 'ROLE_EPOCH_STALE',
    });
  });

  it('follows its own part of the store from a revision, deletes too', async () => {
    await using mesh = await open(new MemoryHub(), 'acme').start();
    const { store } = mesh.use(stranger);
    const from = await store.write([{ put: 'a', value: Uint8Array.of(1) }]);
    await store.write([{ put: 'b', value: Uint8Array.of(2) }]);
    await store.write([{ del: 'a' }]);
    const changes = [];
    for await (const change of store.watch('', from.ok ? from.revision : 0)) {
      changes.push(`${change.deleted ? 'del' : 'put'} ${change.key}`);
      if (changes.length === 2) break;
    }
    expect(changes).toEqual(['put b', 'del a']);
  });
});

async function* first<T>(items: AsyncIterable<T>): AsyncIterable<T> {
  for await (const item of items) {
    yield item;
    return;
  }
}
