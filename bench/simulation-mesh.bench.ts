import { createTestMesh } from '@mesh/sdk/testing';
import type { Bench } from './harness.ts';

const realTime = 'real time';

/** Milliseconds of wall time for 60 s of a mesh's life. */
async function minute(nodes: number): Promise<number> {
  await using mesh = await createTestMesh({ nodes, topology: 'random-8', seed: 9, traceLimit: 0 });
  const begin = performance.now();
  await mesh.gossip('hello');
  await mesh.clock.advance('60s');
  if (mesh.coverage('hello') < 1) throw new Error('the gossip did not reach everybody');
  return performance.now() - begin;
}

const bench: Bench = {
  what: 'A minute in the life of a mesh of whole clients, each in session with eight others: heartbeats, reconciliation and one broadcast to all.',
  unit: 'ms',
  better: 'less',
  peer: realTime,
  rounds: 3,
  cases: [
    { name: '1,000 clients', role: 'ours', run: (share) => minute(Math.max(50, 1_000 * share)) },
    { name: '100 clients', role: 'ours', run: () => minute(100) },
    { name: realTime, role: 'peer', run: () => Promise.resolve(60_000) },
  ],
};
export default bench;
