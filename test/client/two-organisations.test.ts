import { describe, expect, it } from 'vitest';
import { MeshClient, policyTemplates } from '../../src/index.ts';

describe('two organisations in one process', () => {
  it('federate, and one has a task done by the other', async () => {
    await using acme = new MeshClient({ did: 'did:mesh:enterprise:acme' });
    await using globex = new MeshClient({
      did: 'did:mesh:enterprise:globex',
      policies: policyTemplates.openTo({ capabilities: ['math.add'] }),
    });
    globex.createAgent({
      name: 'adder',
      capabilities: ['math.add'],
      handler: ({ input }) => (input as number[]).reduce((a, b) => a + b, 0),
    });
    await globex.start();
    await acme.federate(globex.did);
    const { output, receipt } = await acme.executeTask({ type: 'math.add', data: [1, 2, 39] });
    expect(output).toBe(42);
    expect(receipt.by).toBe(globex.did);
  });
});
