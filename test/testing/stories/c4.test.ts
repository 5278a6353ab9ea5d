// Story C4: repeat a failure from its seed.
import { test } from 'vitest';
import { createTestMesh, forSeeds } from '../../../src/testing/index.ts';
import { seeds } from '../seeds.ts';

test(
  `${String(seeds)} random schedules`,
  () =>
    forSeeds(
      seeds,
      async (seed) => {
        await using mesh = await createTestMesh({
          orgs: ['a', 'b', 'c', 'd'],
          seed,
          chaos: 'default',
        });
        await mesh.clock.advance('10m');
        mesh.assertInvariants();
      },
      { report: console.error },
    ),
  3_600_000,
);
