/**
 * One small simulation with what could differ from runtime to runtime. It runs bundled: where modules still have to be loaded
 * while time passes, the disk would have a say in what happens when.
 * @module
 */

import { toHex, utf8 } from '../../../src/base/bytes.ts';
import { canonicalJson } from '../../../src/base/canonical.ts';
import {
  MemoryHub,
  MeshClient,
  MeshError,
  memoryTransport,
  policyTemplates,
} from '../../../src/index.ts';
import { nobleCrypto } from '../../../src/platform/noble-crypto.ts';
import { seededRandom, type VirtualClock, virtualClock } from '../../../src/testing/index.ts';

/** Virtual time that is more than enough. */
const boundMs = 60_000;

/** Plays the simulation from `seed`: what happened, as a hash. */
export async function replay(seed: number): Promise<string> {
  const [clock, random, hub] = [virtualClock(), seededRandom(seed), new MemoryHub()];
  const happened: unknown[] = [];
  const open = (name: string): MeshClient => {
    const mesh = new MeshClient({
      did: `did:mesh:enterprise:${name}`,
      transport: memoryTransport({ hub }),
      policies: policyTemplates.openTo({}),
      random: random.child(name),
      crypto: nobleCrypto,
      clock,
    });
    void listen(mesh, (event) => happened.push([name, event]));
    return mesh;
  };
  const play = async (): Promise<void> => {
    await using a = open('a');
    await using b = open('b');
    b.createAgent({
      name: 'dice',
      capabilities: ['dice'],
      handler: async ({ input, signal }) => {
        await clock.sleep(100 * random.next(), signal);
        return [input, random.next()];
      },
    });
    await b.start();
    await a.federate(b.did);
    for (let i = 0; i < 5; i += 1) {
      const { output } = await a.executeTask({ type: 'dice', data: i });
      happened.push(output);
    }
  };
  await passing(clock, play());
  const bytes = nobleCrypto.hash('sha256', utf8(canonicalJson([happened, clock.now()])));
  return toHex(bytes);
}

/** Lets time pass until `work` is done; rejects when that takes more than a minute of it. */
async function passing(clock: VirtualClock, work: Promise<void>): Promise<void> {
  const done = work.then(() => true);
  while (clock.monotonic() < boundMs) {
    const passed = clock.advance(10).then(() => false);
    if (await Promise.race([done, passed])) return;
  }
  throw new MeshError('TIMEOUT', { what: 'the simulation', ms: boundMs });
}

async function listen(mesh: MeshClient, hear: (event: unknown) => void): Promise<void> {
  for await (const event of mesh.events()) hear(JSON.parse(JSON.stringify(event)));
}
