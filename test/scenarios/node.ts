/** A node that does what its parent says. */
import { appendFileSync } from 'node:fs';
import { webSocketTransport } from '../../src/adapters/transports/websocket.ts';
import {
  type CallOptions,
  cedar,
  type Did,
  MeshClient,
  MeshError,
  policyTemplates,
  type RoundOptions,
  type Task,
} from '../../src/index.ts';
import type { NodeSettings } from './orders.ts';

const {
  name,
  store,
  port = 0,
  peers = [],
  authority,
  counter,
  idle,
} = JSON.parse(process.argv[2]!) as NodeSettings;
const licence = 'Licence';
const anchored = authority === undefined ? [] : [{ issuer: authority as Did, types: [licence] }];

const mesh = new MeshClient({
  did: `did:mesh:enterprise:${name}`,
  store,
  transport: webSocketTransport({ listen: { port }, peers }),
  anchors: anchored,
  policies: [
    policyTemplates.openTo({}),
    policyTemplates.mayAsk({ credential: licence }),
    cedar`@id("learn") permit (principal, action == Action::"round.join", resource);`,
  ],
});
if (idle !== true) {
  mesh.createAgent({ name: 'name', capabilities: ['name'], handler: () => name });
  mesh.createAgent({
    name: 'worker',
    capabilities: ['work'],
    handler({ input }) {
      appendFileSync(counter!, `${JSON.stringify(input)}\n`);
      return input === 'hang' ? new Promise(() => undefined) : { done: input };
    },
  });
}
let leaving = false;
let round: Awaited<ReturnType<typeof mesh.aggregator.createRound>> | undefined;

const orders: Record<string, (body: never) => unknown> = {
  async start() {
    await mesh.start();
    return { did: mesh.did, address: mesh.federation.endpoints[0] };
  },
  peers: () => mesh.federation.peers(),
  federate: async (did: Did) => (await mesh.federate(did)).state,
  run: async ([task, options]: [Task, CallOptions]) => {
    const { output, receipt } = await mesh.executeTask(task, options);
    return { output, receipt };
  },
  issue: (subject: Did) => mesh.trust.issue({ subject, type: licence, claims: {} }),
  hold: async (jwt: string) => (await mesh.trust.hold(jwt)).id,
  revoke: async (id: string) => mesh.trust.revoke(id, 'it was time'),
  licensed: () =>
    mesh.federation.peers().filter((peer) => mesh.trust.credentialsOf(peer).has(licence)),
  publish: (text: string) => mesh.policy.publish(cedar(text)),
  open: () => mesh.federation.open(),
  async round(options: RoundOptions) {
    round = await mesh.aggregator.createRound(options);
  },
  leader: () => round?.leader,
  contribute: (value: number) =>
    round!.contribute({ weights: new Float32Array(1_000).fill(value), samples: 1 }),
  async result() {
    const { weights, participants } = await round!.result();
    return { weights, participants };
  },
};

// Nobody is left behind by a test that ends badly.
process.on('disconnect', () => {
  if (!leaving) process.exit(1);
});
process.on('message', ({ id, order, body }: { id: number; order: string; body: never }) => {
  if (order === 'leave') {
    leaving = true;
    void mesh.close().then(() => {
      process.disconnect();
    });
  } else void carryOut(id, order, body);
});

async function carryOut(id: number, order: string, body: never): Promise<void> {
  try {
    process.send?.({ id, value: await orders[order]!(body) });
  } catch (error) {
    const { message, code, params } = MeshError.is(error)
      ? error
      : { message: String(error), code: 'INTERNAL', params: {} };
    process.send?.({
      id,
      error: { message, code, params: JSON.parse(JSON.stringify(params)) as object },
    });
  }
}
