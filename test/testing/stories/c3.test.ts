// Story C3: break the network and heal it.
import { expect, test } from 'vitest';
import { createTestMesh } from '../../../src/testing/index.ts';

test('a cut does not lose or double a task', async () => {
  await using mesh = await createTestMesh({
    orgs: ['a', 'b', 'c'],
    seed: 7,
    network: { latency: [5, 40], drop: 0.02, duplicate: 0.01 },
  });
  // The story leaves open who is paid, and how patient the payer is: longer than the cut.
  mesh.org('b').createAgent({ name: 'till', capabilities: ['pay'], handler: ({ input }) => input });
  await mesh.settle();
  const cut = mesh.network.partition(['a'], ['b', 'c']);
  const pending = mesh
    .org('a')
    .executeTask({ type: 'pay', data: 1 }, { idempotencyKey: 'k1', timeout: '5m' });
  await mesh.clock.advance('90s');
  cut.heal();
  await mesh.settle();
  await pending;
  expect(mesh.trace().count('task.executed', { key: 'k1' })).toBe(1);
});
