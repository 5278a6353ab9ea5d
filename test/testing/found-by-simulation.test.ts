// What simulations have found in the library, each told without chance.
import { describe, expect, it } from 'vitest';
import { createTestMesh } from '../../src/testing/index.ts';

describe('closing a client', () => {
  it('ends the calls that wait for a lost peer to come back', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1 });
    mesh.org('b').createAgent({ name: 'till', capabilities: ['pay'], handler: () => 'paid' });
    await mesh.settle();
    mesh.network.isolate('b');
    const options = { idempotencyKey: 'k', timeout: '10m' } as const;
    const paying = mesh.org('a').executeTask({ type: 'pay', data: 1 }, options);
    await mesh.clock.advance('2m');
    const closing = mesh.clock.now();
    await mesh.org('a').close();
    await expect(paying).rejects.toMatchObject({ code: 'CLOSED' });
    expect(mesh.clock.now() - closing).toBeLessThan(1_000);
  });
});

describe('an agent that retires at once, while the record of the last of its name could not be withdrawn', () => {
  it('leaves no rejection that nobody takes', async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', hear);
    try {
      await using mesh = await createTestMesh({ orgs: ['a'], seed: 1 });
      const guest = { name: 'guest', capabilities: ['visit'], handler: () => 'hello' };
      const first = mesh.org('a').createAgent(guest);
      await mesh.clock.advance('1s');
      mesh.node('a').failFlush();
      await expect(first.retire()).rejects.toMatchObject({ code: 'STORE_FAILED' });
      const second = mesh.org('a').createAgent(guest);
      await expect(second.retire()).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await mesh.clock.advance('1s');
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(unheard).toEqual([]);
  });
});

describe('closing a client at any moment after it has sent tasks', () => {
  it.each([700, 900, 1_100, 1_500, 2_000])('leaves nothing behind after %i ms', async (ms) => {
    const mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1, disk: { syncMs: 400 } });
    mesh.org('b').createAgent({ name: 'till', capabilities: ['pay'], handler: () => 'paid' });
    await mesh.settle();
    for (let data = 0; data < 4; data += 1) {
      mesh
        .org('a')
        .executeTask({ type: 'pay', data })
        .catch(() => undefined);
    }
    await mesh.clock.advance(ms);
    await expect(mesh.close()).resolves.toBeUndefined();
  });
});

describe('an organisation of several nodes', () => {
  it('has a task done by the node whose agent was chosen', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1, replicas: 2 });
    for (const node of mesh.nodes()) {
      if (!node.name.startsWith('b/')) continue;
      node.client.createAgent({ name: 'echo', capabilities: ['echo'], handler: () => node.name });
    }
    await mesh.settle();
    for (let i = 0; i < 20; i += 1) {
      const { output, agent } = await mesh.org('a').executeTask({ type: 'echo', data: i });
      expect(agent.id).toBe(`${mesh.did('b')}#${String(output).slice(2)}/echo`);
    }
  });

  it('has it done by another node when that one is gone', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 2, replicas: 2 });
    for (const node of mesh.nodes()) {
      node.client.createAgent({ name: 'echo', capabilities: ['echo'], handler: () => node.name });
    }
    await mesh.settle();
    await mesh.node('b', 0).crash();
    const options = { to: mesh.did('b') };
    const { output } = await mesh.org('a').executeTask({ type: 'echo', data: 1 }, options);
    expect(output).toBe('b/1');
  });
});
