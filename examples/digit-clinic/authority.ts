// The health authority: licenses clinics, and can take a licence back.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshClient } from '@mesh/sdk';
import { webSocketTransport } from '@mesh/sdk/transports/websocket';
import { authorityPolicies, licence } from './policies.ts';
import { obey, settings, tell } from './role.ts';
import { statsOf } from './stats.ts';

interface Licence {
  readonly clinic: string;
  readonly did: string;
  readonly id: string;
  revoked: boolean;
}

const { name, store } = settings() as { name: string; store: string };
const register = join(store, 'licences.json');

const mesh = new MeshClient({
  did: 'did:mesh:agency:health-authority',
  store,
  transport: webSocketTransport({ listen: { port: 0 } }),
  policies: authorityPolicies,
});

mesh.createAgent({
  name: 'licence office',
  description: 'Issues clinic licences',
  capabilities: ['licence.apply'],
  handler: async ({ input, caller }) => {
    const { clinic } = input as { clinic: string };
    const claims = { name: clinic, activity: 'reading handwritten digits' };
    const { id, jwt } = await mesh.trust.issue({ subject: caller.did, type: licence, claims });
    await change((licences) => [...licences, { clinic, did: caller.did, id, revoked: false }]);
    tell(name, 'credential', `licenses ${clinic}`);
    return { jwt };
  },
});

obey(
  {
    async start() {
      await mkdir(store, { recursive: true });
      await mesh.start();
      const address = mesh.federation.endpoints[0];
      tell(name, 'note', `listens at ${String(address)}`);
      const revoked = (await read()).filter((entry) => entry.revoked).map(({ clinic }) => clinic);
      return { did: mesh.did, address, revoked };
    },

    async revoke({ did }: { did: string }) {
      const entry = (await read()).find((one) => one.did === did && !one.revoked);
      if (entry === undefined) throw new Error(`${did} holds no licence`);
      tell(name, 'revocation', `revokes the licence of ${entry.clinic}`);
      const { reached, ms } = await mesh.trust.revoke(entry.id, 'inspection failed');
      await change((licences) =>
        licences.map((one) => (one.id === entry.id ? { ...one, revoked: true } : one)),
      );
      return { ms, reached: reached.length, who: entry.clinic };
    },

    stats: () => statsOf(name, 'authority', mesh),
  },
  () => mesh.close(),
);

let changing: Promise<void> = Promise.resolve();

function change(edit: (licences: readonly Licence[]) => readonly Licence[]): Promise<void> {
  changing = changing.then(async () => {
    await writeFile(register, JSON.stringify(edit(await read()), null, 2));
  });
  return changing;
}

async function read(): Promise<readonly Licence[]> {
  const text = await readFile(register, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Licence[];
}
