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
