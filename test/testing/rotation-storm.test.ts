// A storm of rotation, revocation and expiry under load: zero stale accepts.
import { expect, test } from 'vitest';
import { forSeeds } from '../../src/testing/index.ts';
import { storm } from './rotation-storm.ts';
import { seeds } from './seeds.ts';

/** 2 in `npm test`, 100 in `npm run test:sim`. */
const storms = seeds / 10;

test(
  `nobody accepts by a key he knows to be replaced, in ${String(storms)} storms`,
  () =>
    forSeeds(
      storms,
      async (seed) => {
        const report = await storm(seed);
        expect(report.stale).toEqual([]);
        expect(report.rotations).toBeGreaterThan(4);
        expect(report.accepted).toBeGreaterThan(20);
        expect(report.refused).toBeGreaterThan(20);
        expect(report.tasks).toBeGreaterThan(200);
      },
      { report: console.error },
    ),
  3_600_000,
);
