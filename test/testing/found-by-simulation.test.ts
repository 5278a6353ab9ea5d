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

describe('an agent that retires at once on a disk that fails', () => {
  it('leaves no rejection that nobody takes', async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', hear);
    try {
      await using mesh = await createTestMesh({ orgs: ['a'], seed: 1 });
      const agent = mesh.org('a').createAgent({
        name: 'guest',
        capabilities: ['visit'],
        handler: () => 'hello',
      });
      await mesh.clock.advance('1s');
      await agent.suspend();
      mesh.node('a').failFlush();
      const brief = mesh.org('a').createAgent({
        name: 'brief',
        capabilities: ['visit'],
        handler: () => 'hello',
      });
      const retiring = brief.retire().catch(() => undefined);
      await mesh.clock.advance('1s');
      await retiring;
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(unheard).toEqual([]);
  });
});

describe('closing a client while a receipt is being judged', () => {
  it('waits until the evidence is on the disk', async () => {
    const mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 1, disk: { syncMs: 400 } });
    mesh.org('b').createAgent({ name: 'till', capabilities: ['pay'], handler: () => 'paid' });
    await mesh.settle();
    const paying = mesh.org('a').executeTask({ type: 'pay', data: 1 });
    const written = Promise.withResolvers<undefined>();
    const off = mesh.when('task.executed', {}, () => {
      // Its answer is kept in the log first, then as evidence.
      let writes = 0;
      mesh.trace().on(({ type, node }) => {
        if (type === 'store.written' && node === 'a/0') writes += 1;
        if (writes === 2) written.resolve(undefined);
      });
    });
    await Promise.race([written.promise, mesh.clock.advance('10s')]);
    off();
    await mesh.close();
    await paying.catch(() => undefined);
    expect(mesh.openHandles()).toEqual([]);
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
