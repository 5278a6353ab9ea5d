// Story C7: many nodes in one process.
import { expect, test } from 'vitest';
import { createTestMesh } from '../../../src/testing/index.ts';

/** `npm run test:sim` has time for all of them. */
const nodes = Number(process.env['PROPERTY_RUNS'] ?? 100) >= 1_000 ? 1_000 : 60;

test('a word gets to everybody', async () => {
  await using mesh = await createTestMesh({ nodes, topology: 'random-8', seed: 9 });
  await mesh.gossip('hello');
  await mesh.clock.advance('10s');
  const { messages, bytesPerNode } = mesh.stats();
  expect(mesh.coverage('hello')).toBe(1);
  expect(mesh.coverage('good night')).toBe(0);
  expect(messages).toBeGreaterThan(nodes);
  expect(bytesPerNode).toBeGreaterThan(1_000);
}, 300_000);
