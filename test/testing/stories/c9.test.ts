// Story C9: liars, and properties. Deciding in spite of liars comes with coordination; receipts are here.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SignedReceipt } from '../../../src/index.ts';
import {
  byzantine,
  contradictions,
  createTestMesh,
  type TestMesh,
} from '../../../src/testing/index.ts';
import { seeds } from '../seeds.ts';

const nodes = 7;

/** A mesh whose every node adds numbers up, unless it lies. */
async function meshWith(
  seed: number,
  liars: readonly number[],
  lie: 'forge' | 'equivocate',
): Promise<TestMesh> {
  const mesh = await createTestMesh({ nodes, seed });
  for (const node of mesh.nodes()) {
    node.client.createAgent({
      name: 'adder',
      capabilities: ['add'],
      handler: ({ input }: { input: number[] }) => input.reduce((a, b) => a + b, 0),
    });
  }
  for (const i of liars) mesh.replace(i, byzantine[lie]());
  await mesh.settle();
  return mesh;
}

/** What every honest node got from everybody else, for one task under one key. */
async function askAll(mesh: TestMesh, liars: readonly number[]) {
  const answers: { by: number; output: unknown; receipt: SignedReceipt }[] = [];
  const refused: { by: number; code: string }[] = [];
  const asks = mesh.orgs.flatMap((from, i) =>
    mesh.orgs.map(async (to, by) => {
      if (i === by || liars.includes(i)) return;
      const options = { to: mesh.did(to), idempotencyKey: `sum of ${to}` };
      try {
        const done = await mesh.org(from).executeTask({ type: 'add', data: [1, 2, 3] }, options);
        answers.push({ by, output: done.output, receipt: done.receipt });
      } catch (error) {
        refused.push({ by, code: (error as { code: string }).code });
      }
    }),
  );
  await Promise.all(asks);
  return { answers, refused };
}

const twoLiars = fc.subarray([0, 1, 2, 3, 4, 5, 6], { maxLength: 2 });
const options = { numRuns: seeds === 20 ? 4 : 50 };

test('nobody takes a forged receipt, and everybody takes an honest one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), twoLiars, async (seed, liars) => {
      await using mesh = await meshWith(seed, liars, 'forge');
      const { answers, refused } = await askAll(mesh, liars);
      const honest = nodes - liars.length;
      expect(answers.filter(({ by }) => liars.includes(by))).toEqual([]);
      expect(new Set(answers.map(({ output }) => output))).toEqual(new Set([6]));
      expect(answers).toHaveLength(honest * (honest - 1));
      expect(refused).toHaveLength(honest * liars.length);
      expect(new Set(refused.map(({ code }) => code)).size).toBeLessThanOrEqual(1);
      for (const { code } of refused) expect(code).toBe('RECEIPT_INVALID');
      mesh.assertInvariants();
    }),
    options,
  );
}, 600_000);

test('whoever tells each something else convicts itself, and nobody else is convicted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), twoLiars, async (seed, liars) => {
      await using mesh = await meshWith(seed, liars, 'equivocate');
      const { answers, refused } = await askAll(mesh, liars);
      expect(refused).toEqual([]);
      const convicted = contradictions(answers.map(({ receipt }) => receipt)).map(([{ by }]) => by);
      const guilty = liars.map((i) => mesh.did(`n${String(i)}`));
      expect(new Set(convicted)).toEqual(new Set(guilty));
      mesh.assertInvariants();
    }),
    options,
  );
}, 600_000);
