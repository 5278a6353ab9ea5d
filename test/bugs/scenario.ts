/**
 * One mesh in bad weather, from a seed: the run in which every bug of the table must show.
 * @module
 */
import { createTestMesh, seededRandom } from '../../src/testing/index.ts';
import { laws } from './laws.ts';
import { Work } from './work.ts';

/** How long the weather lasts, and how often the laws are asked meanwhile. */
const lengthMs = 90_000;
const stepMs = 5_000;

/** Rejections that nobody has taken: no law of the trace sees them, since they belong to no node. */
const unheard: unknown[] = [];
process.on('unhandledRejection', (error) => {
  unheard.push(error);
});

/** Runs the scenario; throws `INVARIANT_BROKEN` with the first law that was broken. */
export async function scenario(seed: number): Promise<void> {
  const lots = seededRandom(seed).child('scenario');
  const work = new Work(lots);
  // A slow disk leaves more to a power loss.
  const syncMs = [1, 50, 400][Math.floor(lots.next() * 3)]!;
  const mesh = await createTestMesh({
    orgs: ['a', 'b', 'c'],
    seed,
    chaos: 'default',
    disk: { syncMs },
    invariants: laws,
    client: { extensions: [work.corner] },
  });
  try {
    work.begin(mesh);
    for (let t = 0; t < lengthMs; t += stepMs) {
      await mesh.clock.advance(stepMs);
      mesh.assertInvariants();
      if (unheard.length > 0) throw unheard.shift();
    }
  } catch (error) {
    await mesh.close().catch(() => undefined);
    // The law that was broken first says more than the failure it led to.
    mesh.assertInvariants();
    throw error;
  }
  work.end();
  await mesh.close();
  mesh.assertInvariants();
}
