// Story C1: three organisations, one line, nothing left behind.
import { expect, test } from 'vitest';
import { createTestMesh } from '../../../src/testing/index.ts';

test('acme can ask globex', async () => {
  await using mesh = await createTestMesh({ orgs: ['acme', 'globex', 'initech'], seed: 42 });
  mesh
    .org('globex')
    .createAgent({ name: 'echo', capabilities: ['echo'], handler: async ({ input }) => input });
  const r = await mesh.org('acme').executeTask({ type: 'echo', data: 'hi' });
  expect(r.output).toBe('hi');
  expect(mesh.openHandles()).toEqual([]);
});
