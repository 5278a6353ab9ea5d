/**
 * Verdicts in bad weather: organisations that shut each other out and let each other back, while tasks wait at a slow gate.
 * @module
 */
import { MeshError } from '../../src/base/errors.ts';
import type { Extension } from '../../src/ports/extension.ts';
import type { Random } from '../../src/ports/random.ts';
import { createTestMesh, seededRandom, type TestMesh } from '../../src/testing/index.ts';

const lengthMs = 60_000;
const stepMs = 5_000;
/** When the last task begins. */
const busyMs = 50_000;

/** Runs the scenario; throws `INVARIANT_BROKEN` with the first law that was broken. */
export async function quarantineScenario(seed: number): Promise<void> {
  const lots = seededRandom(seed).child('quarantine scenario');
  const mesh = await createTestMesh({
    orgs: ['a', 'b', 'c'],
    seed,
    chaos: 'default',
    client: { extensions: [slowGate(lots.child('gate'))] },
  });
  try {
    for (const { client } of mesh.nodes()) {
      client.createAgent({
        name: 'worker',
        capabilities: ['work'],
        handler: () => mesh.clock.sleep(500),
      });
    }
    every(mesh, 400, lots.child('tasks'), work);
    every(mesh, 4_000, lots.child('verdicts'), judge);
    for (let t = 0; t < lengthMs; t += stepMs) {
      await mesh.clock.advance(stepMs);
      mesh.assertInvariants();
    }
  } catch (error) {
    await mesh.close().catch(() => undefined);
    mesh.assertInvariants();
    throw error;
  }
  await mesh.close();
  mesh.assertInvariants();
}

/** Somebody who has to be asked, and takes a while. */
function slowGate(lots: Random): Extension<object> {
  return {
    name: 'slow gate',
    start: (host) => {
      const before = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
        host.clock.sleep(Math.floor(lots.next() * 2_000), signal);
      host.gate('approval', { before });
      return {};
    },
  };
}

async function work(mesh: TestMesh, lots: Random): Promise<void> {
  const [from, to] = two(mesh, lots);
  await mesh.org(from).executeTask({ type: 'work', data: null }, { to: mesh.did(to) });
}

async function judge(mesh: TestMesh, lots: Random): Promise<void> {
  const [from, to] = two(mesh, lots);
  const { trust } = mesh.org(from);
  const drain = lots.next() < 0.3 ? 3_000 : 0;
  const period = 3_000 + Math.floor(lots.next() * 15_000);
  const request = { reason: 'by lot', evidence: {}, drain, period };
  const { id } = await trust.quarantine(mesh.did(to), request);
  if (lots.next() < 0.5) return;
  await mesh.clock.sleep(2_000);
  await mesh.org(from).trust.release(id);
}

function every(
  mesh: TestMesh,
  ms: number,
  lots: Random,
  act: (mesh: TestMesh, lots: Random) => Promise<void>,
): void {
  const beat = async (n: number): Promise<void> => {
    await mesh.clock.sleep(ms);
    // Whoever waits at a gate when its node closes waits on for a moment.
    if (mesh.clock.now() > busyMs) return;
    void beat(n + 1);
    try {
      await act(mesh, lots.child(String(n)));
    } catch (error) {
      if (!MeshError.is(error)) throw error;
    }
  };
  void beat(0);
}

function two(mesh: TestMesh, lots: Random): readonly [from: string, to: string] {
  const { orgs } = mesh;
  const from = Math.floor(lots.next() * orgs.length);
  const to = (from + 1 + Math.floor(lots.next() * (orgs.length - 1))) % orgs.length;
  return [orgs[from]!, orgs[to]!];
}
