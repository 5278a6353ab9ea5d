/**
 * A mesh whose one organisation has its key elsewhere.
 * @module
 */
import { Identity, MeshClient, policyTemplates, type Signer } from '@mesh/sdk';
import { expect } from 'vitest';

/** Two organisations, of which one signs with `signer`, do a task for each other, before and after it has rotated to `next`. */
export async function worksTogether(signer: Signer, next: Signer): Promise<void> {
  const identity = await Identity.create({
    did: 'did:mesh:enterprise:acme',
    signer,
    nextSigner: () => Promise.resolve(next),
  });
  const policies = policyTemplates.openTo({ capabilities: ['math.add'] });
  await using acme = new MeshClient({ identity, policies });
  await using globex = new MeshClient({ did: 'did:mesh:enterprise:globex', policies });
  for (const mesh of [acme, globex]) {
    mesh.createAgent({
      name: 'adder',
      capabilities: ['math.add'],
      handler: ({ input }) => (input as number[]).reduce((a, b) => a + b, 0),
    });
    await mesh.start();
  }
  await acme.federate(globex.did);
  await globex.federate(acme.did);
  const task = { type: 'math.add', data: [1, 2, 39] };
  const theyDo = async () => {
    const asked = await acme.executeTask(task, { to: globex.did });
    const answered = await globex.executeTask(task, { to: acme.did });
    expect([asked.output, answered.output]).toEqual([42, 42]);
    expect([asked.receipt.by, answered.receipt.by]).toEqual([globex.did, acme.did]);
  };
  expect(identity.signer.publicKey).toEqual(signer.publicKey);
  await theyDo();
  await identity.rotate();
  expect(identity.signer.publicKey).toEqual(next.publicKey);
  await theyDo();
}
