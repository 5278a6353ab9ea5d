import { describe, expect, it } from 'vitest';
import { sharedTransport } from '../../src/adapters/transports/shared.ts';
import { webSocketTransport } from '../../src/adapters/transports/websocket.ts';
import {
  MemoryHub,
  MeshClient,
  memoryTransport,
  policyTemplates,
  type Transport,
} from '../../src/index.ts';
import { echo } from './rig.ts';

const hub = new MemoryHub();
const kinds: readonly (readonly [string, () => Transport, () => Transport])[] = [
  ['memory', () => memoryTransport({ hub, name: 'street' }), () => memoryTransport({ hub })],
  ['WebSocket', () => webSocketTransport({ listen: { port: 0 } }), () => webSocketTransport()],
];

describe.each(kinds)('one listener over %s', (_, listening, dialling) => {
  const open = async (name: string, transport: Transport): Promise<MeshClient> => {
    const did = `did:mesh:enterprise:${name}`;
    const mesh = new MeshClient({ did, transport, policies: policyTemplates.openTo({}) });
    mesh.createAgent(echo);
    return mesh.start();
  };

  it('serves several identities, each asked for by a hint that names nobody', async () => {
    const shared = sharedTransport(listening());
    await using acme = await open('acme', shared);
    await using globex = await open('globex', shared);
    await using caller = await open('caller', dialling());
    const [at] = acme.federation.endpoints as [string];
    expect(globex.federation.endpoints).toEqual([at]);
    for (const { did } of [globex, acme]) {
      expect((await caller.federation.dial(at, { expect: did })).did).toBe(did);
    }
    expect(globex.federation.peers()).toEqual([caller.did]);
    expect(acme.federation.peers()).toEqual([caller.did]);
  });

  it('gives whoever asks for nobody to the first, and stays open until the last has closed', async () => {
    const shared = sharedTransport(listening());
    const acme = await open('acme', shared);
    await using globex = await open('globex', shared);
    const [at] = acme.federation.endpoints as [string];
    await using caller = await open('caller', dialling());
    expect((await caller.federation.dial(at)).did).toBe(acme.did);
    await acme.close({ drain: 0 });
    await using late = await open('late', dialling());
    expect((await late.federation.dial(at)).did).toBe(globex.did);
    await globex.close({ drain: 0 });
    await using nobody = await open('nobody', dialling());
    await expect(nobody.federation.dial(at)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });
});
