// Whom real clients ask: who comes back under new names gets little work, and who is new and honest earns its part.
import { describe, expect, it } from 'vitest';
import { createTestMesh, seededRandom, type TestMesh } from '../../src/testing/index.ts';

const consumers = ['u0', 'u1', 'u2'];
const providers = ['p0', 'p1', 'p2', 'p3'];
const policies = [{ id: 'open', text: 'permit (principal, action, resource);' }];

/** How often honest providers fail, as in `npm run bench -- trust-threats`. */
const slip = 0.05;

function serve(mesh: TestMesh, org: string, fails: () => boolean): void {
  mesh.org(org).createAgent({
    name: 'adder',
    capabilities: ['add'],
    handler: ({ input }: { input: number }) => (fails() ? -1 : input + 1),
  });
}

/** Has `count` tasks done for each consumer, and gives feedback on each; who did them, and how many were done badly. */
async function work(mesh: TestMesh, count: number) {
  const done: {
    readonly from: string;
    readonly by: string;
    readonly bad: boolean;
    readonly task: string;
  }[] = [];
  await Promise.all(
    consumers.map(async (consumer) => {
      for (let i = 0; i < count; i += 1) {
        const result = await mesh.org(consumer).executeTask({ type: 'add', data: i });
        const bad = result.output !== i + 1;
        await result.feedback(bad ? 0 : 1);
        done.push({ from: consumer, by: result.agent.meshId, bad, task: result.receipt.task });
      }
    }),
  );
  return done;
}

const share = <T>(list: readonly T[], holds: (one: T) => boolean) =>
  list.filter(holds).length / list.length;

describe('the work of a mesh', () => {
  it.each([1, 2])(
    'goes badly in less than 9 % while half of those who offer it come back under new names, seed %i',
    async (seed) => {
      const lives = Array.from({ length: 3 }, (_, life) =>
        providers.map((_, i) => `m${String(i)}-${String(life)}`),
      );
      const orgs = [...consumers, ...providers, ...lives.flat()];
      await using mesh = await createTestMesh({ orgs, seed, client: { policies } });
      const random = seededRandom(seed).child('slips');
      for (const provider of providers) serve(mesh, provider, () => random.next() < slip);
      const counted: { readonly bad: boolean }[] = [];
      for (const [life, names] of lives.entries()) {
        for (const name of names) serve(mesh, name, () => true);
        await mesh.settle();
        const done = await work(mesh, 100);
        if (life > 0) counted.push(...done);
        for (const name of names) await mesh.org(name).discovery.withdraw('adder');
      }
      expect(share(counted, ({ bad }) => bad)).toBeLessThan(0.09);
      mesh.assertInvariants();
    },
    300_000,
  );

  it('comes to who is new and does well', async () => {
    const orgs = [...consumers, ...providers, 'late'];
    await using mesh = await createTestMesh({ orgs, seed: 3, client: { policies } });
    for (const provider of providers) serve(mesh, provider, () => false);
    await mesh.settle();
    await work(mesh, 120);
    serve(mesh, 'late', () => false);
    await mesh.settle();
    const late = mesh.did('late');
    const done = await work(mesh, 120);
    const part = share(done, ({ by }) => by === late);
    expect(part).toBeGreaterThan(0.02);
    expect(consumers.map((name) => mesh.org(name).trust.score(late).standing)).toContain('good');
    const { task } = done.findLast(({ from }) => from === 'u0')!;
    const { candidates } = await mesh.org('u0').explain(task);
    expect(candidates).toHaveLength(providers.length + 1);
    for (const { placed, trust } of candidates) {
      expect(placed?.because).toContain(`trust ${String(trust?.score)} of 100`);
    }
    mesh.assertInvariants();
  }, 300_000);
});
