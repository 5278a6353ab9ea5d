import { MemoryHub, MeshClient, memoryTransport, policyTemplates } from '@mesh/sdk';
import { createTestMesh, type TestMeshOptions } from '@mesh/sdk/testing';
import type { Bench, Case } from './harness.ts';

const tasks = 3;
const limit = 'two clients in memory, real time, no faults';

/** Scenarios per second, one after the other. */
function scenarios(name: string, role: Case['role'], play: (seed: number) => Promise<void>): Case {
  let seed = 0;
  return {
    name,
    role,
    async run(share) {
      const [begin, ms] = [performance.now(), 3_000 * share];
      let played = 0;
      while (performance.now() - begin < ms) {
        await play((seed += 1));
        played += 1;
      }
      return (played * 1_000) / (performance.now() - begin);
    },
  };
}

/** Two organisations meet, one has tasks done by the other, and every law is looked at. */
async function simulated(seed: number, options: TestMeshOptions): Promise<void> {
  await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed, ...options });
  mesh
    .org('b')
    .createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
  for (let data = 0; data < tasks; data += 1) {
    const idempotencyKey = `key-${String(data)}`;
    await mesh
      .org('a')
      .executeTask({ type: 'echo', data }, { idempotencyKey })
      .catch(() => undefined);
  }
  await mesh.settle();
  mesh.assertInvariants();
}

async function plain(): Promise<void> {
  const hub = new MemoryHub();
  const open = (name: string): MeshClient =>
    new MeshClient({
      did: `did:mesh:enterprise:${name}`,
      transport: memoryTransport({ hub }),
      policies: policyTemplates.openTo({}),
    });
  await using a = open('a');
  await using b = open('b');
  b.createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
  await b.start();
  await a.federate(b.did);
  for (let data = 0; data < tasks; data += 1) {
    await a.executeTask({ type: 'echo', data }, { idempotencyKey: `key-${String(data)}` });
  }
}

const rough = { latency: [5, 40], drop: 0.02, duplicate: 0.01, reorder: 0.02 } as const;

const bench: Bench = {
  what: 'Two organisations start, meet, have three keyed tasks done and end, all laws checked, one scenario after the other on one core.',
  unit: 'scenarios/s',
  better: 'more',
  peer: limit,
  rounds: 5,
  cases: [
    scenarios('a rough street', 'ours', (seed) => simulated(seed, { network: rough })),
    scenarios('a quiet street', 'ours', (seed) => simulated(seed, {})),
    scenarios(limit, 'limit', plain),
  ],
};
export default bench;
