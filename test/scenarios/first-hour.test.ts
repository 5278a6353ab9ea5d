import { describe, expect, it } from 'vitest';
import { sqliteStore } from '../../src/adapters/stores/sqlite.ts';
import { webSocketTransport } from '../../src/adapters/transports/websocket.ts';
import { Identity, MeshClient } from '../../src/index.ts';
import { Stage } from './orders.ts';

describe('another process, another organisation', () => {
  it('is met with an identity of its own, a store on disk and one address', async () => {
    await using stage = new Stage();
    const globex = await stage.node('globex');
    const folder = stage.path('acme');
    const options = { did: 'did:mesh:enterprise:acme', create: true } as const;
    const open = async () =>
      new MeshClient({
        identity: await Identity.open(sqliteStore(folder), options),
        store: sqliteStore(folder),
        transport: webSocketTransport({ listen: { port: 0 }, peers: [globex.address] }),
      });
    let did: string;
    {
      await using acme = await open();
      await acme.start();
      did = acme.did;
      expect(did).toMatch(/^did:mesh:enterprise:acme:z/);
      expect(acme.federation.endpoints[0]).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
      const link = await acme.federate(globex.did, { minTrust: 0, purpose: 'fraud-signals' });
      expect(link).toMatchObject({ state: 'active', peer: { did: globex.did, node: 'main' } });
      expect(link.handshakeMs).toBeGreaterThan(0);
      expect(await link.executeTask({ type: 'name', data: null })).toMatchObject({
        output: 'globex',
        receipt: { by: globex.did, for: acme.did },
      });
      await expect(acme.federate(globex.did, { minTrust: 60 })).rejects.toMatchObject({
        code: 'TRUST_TOO_LOW',
      });
    }
    await using again = await open();
    await again.start();
    expect(again.did).toBe(did);
    expect(again.trust.score(globex.did).score).toBeGreaterThan(0);
    // The bond is kept, so the work goes on without a word.
    expect((await again.executeTask({ type: 'name', data: null })).output).toBe('globex');
  });
});
