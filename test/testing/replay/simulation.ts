/**
 * One stormy simulation with what could differ from runtime to runtime. It runs bundled, as a browser would load it.
 * @module
 */
import { createTestMesh } from '../../../src/testing/index.ts';

/** Plays the simulation from `seed`: what happened, as a hash. */
export async function replay(seed: number): Promise<string> {
  await using mesh = await createTestMesh({
    orgs: ['a', 'b', 'c'],
    seed,
    network: { latency: [5, 40], drop: 0.02, duplicate: 0.01 },
    chaos: 'default',
  });
  mesh.org('b').createAgent({ name: 'till', capabilities: ['pay'], handler: ({ input }) => input });
  await mesh.settle();
  await mesh.clock.advance('60s');
  await mesh.settle();
  return mesh.trace().hash;
}
