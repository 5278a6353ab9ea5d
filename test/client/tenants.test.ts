import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tenantStore, tenantTelemetry } from '../../src/client/tenant.ts';
import {
  MeshClient,
  memoryStore,
  memoryTransport,
  policyTemplates,
  type Store,
} from '../../src/index.ts';
import { echo, failure, Town, until } from './rig.ts';

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.scan({})) keys.push(key);
  return keys;
}

describe('two tenants of one organisation on one store', () => {
  it('have one DID, and every key of theirs is under their own name but the identity', async () => {
    await using town = new Town();
    const store = memoryStore();
    const [blue, green] = ['blue', 'green'].map((tenant) =>
      town.org('acme', { store, tenant }),
    ) as [MeshClient, MeshClient];
    await blue.start();
    const identity = (await keysOf(store)).filter((key) => !key.startsWith('tenant/blue/'));
    await green.start();
    expect(green.did).toBe(blue.did);
    const rest = (await keysOf(store)).filter((key) => !/^tenant\/(?:blue|green)\//.test(key));
    expect(rest).toEqual(identity);
    expect(identity.every((key) => key.startsWith('identity/'))).toBe(true);
  });

  it('see no records, receipts and policies of each other', async () => {
    await using town = new Town();
    const store = memoryStore();
    const blue = await town.open('acme', [echo], { store, tenant: 'blue' });
    const green = await town.open('acme', [], { store, tenant: 'green' });
    const { receipt } = await blue.executeTask({ type: 'echo', data: 1 });
    expect(receipt.tenant).toBe('blue');
    expect(blue.discovery.records({})).toHaveLength(1);
    expect(green.discovery.records({})).toHaveLength(0);
    const receiptsOf = async (mesh: MeshClient): Promise<unknown[]> => {
      const bodies: unknown[] = [];
      for await (const { body } of mesh.audit.entries({ kind: 'task' })) bodies.push(body);
      return bodies;
    };
    expect(await receiptsOf(blue)).toMatchObject([{ task: receipt.task, tenant: 'blue' }]);
    expect(await receiptsOf(green)).toEqual([]);
    const before = green.policy.version;
    await blue.policy.publish(policyTemplates.openTo({}));
    expect(green.policy.version).toBe(before);
  });

  it('are told apart in events', async () => {
    await using town = new Town();
    const mesh = town.org('acme', { tenant: 'blue' });
    const seen: unknown[] = [];
    mesh.on('agent.registered', ({ tenant }) => seen.push(tenant));
    mesh.createAgent(echo);
    expect(seen).toEqual(['blue']);
  });
});

describe('a tenant', () => {
  it('must be a name that fits into a key', () => {
    for (const tenant of ['', 'a/b', '..', 'A', 'x'.repeat(65), 7 as never]) {
      expect(() => new MeshClient({ tenant })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });

  it('is what policies of others can forbid', async () => {
    await using town = new Town();
    const notBlue =
      'forbid (principal, action == Action::"task.receive", resource) ' +
      'when { context has tenant && context.tenant == "blue" };';
    const policies = [policyTemplates.openTo({}), { id: 'not-blue', text: notBlue }];
    const globex = await town.open('globex', [echo], { policies: policies as never });
    const blue = await town.open('acme', [], { tenant: 'blue' });
    const green = await town.open('initech', [], { tenant: 'green' });
    for (const mesh of [blue, green]) await mesh.federate(globex.did);
    const task = { type: 'echo', data: 1 };
    expect(await failure(blue.executeTask(task, { to: globex.did }))).toMatchObject({
      code: 'POLICY_DENIED',
    });
    expect((await green.executeTask(task, { to: globex.did })).output).toBe(1);
  });

  it('of the agent is what policies of the sender can forbid, once the session has told it', async () => {
    await using town = new Town();
    const seen: unknown[] = [];
    const globex = await town.open('globex', [echo], { tenant: 'blue' });
    const notToBlue =
      'forbid (principal, action == Action::"task.send", resource) ' +
      'when { resource has tenant && resource.tenant == "blue" };';
    const policies = [policyTemplates.openTo({}), { id: 'not-to-blue', text: notToBlue }];
    const acme = await town.open('acme', [], {
      policies: policies as never,
      transport: memoryTransport({ hub: town.hub, peers: globex.federation.endpoints }),
    });
    acme.use({
      name: 'watcher',
      start: (host) =>
        host.placement({
          choose: (_, candidates) => {
            seen.push(...candidates);
            return candidates;
          },
        }),
    });
    await acme.federate(globex.did);
    await until(() => acme.federation.about(globex.did, 'blue')?.capacity !== undefined);
    const refusal = await failure(acme.executeTask({ type: 'echo', data: 1 }, { to: globex.did }));
    expect(JSON.stringify(refusal.toWire())).toContain('not-to-blue');
    expect(seen).toMatchObject([{ name: 'echo', version: '1.0.0', load: 0, capacity: 64 }]);
  });

  it('is seen by the peer, which also hears how busy the node is', async () => {
    await using town = new Town();
    const blue = await town.open('acme', [{ ...echo, concurrency: 3 }], { tenant: 'blue' });
    const globex = await town.open('globex');
    await blue.federate(globex.did);
    await until(() => globex.federation.about(blue.did, 'blue')?.capacity === 3);
    expect(globex.federation.about(blue.did, 'blue')).toMatchObject({ tenant: 'blue', load: 0 });
  });

  it('marks every measurement, whatever its attributes say', () => {
    const seen: unknown[] = [];
    const note = (name: string, _: unknown, attributes?: unknown): void =>
      void seen.push([name, attributes]);
    const telemetry = tenantTelemetry(
      {
        count: note,
        record: note,
        span: (name, attributes) => {
          note(name, 0, attributes);
          return {
            set: (later) => {
              note('set', 0, later);
            },
            end: () => undefined,
          };
        },
      },
      'blue',
    );
    telemetry.count('a', 1, { tenant: 'green', x: 1 });
    telemetry.record('b', 2);
    telemetry.span('c').set({ y: 2 });
    expect(seen).toEqual([
      ['a', { tenant: 'blue', x: 1 }],
      ['b', { tenant: 'blue' }],
      ['c', { tenant: 'blue' }],
      ['set', { tenant: 'blue', y: 2 }],
    ]);
  });

  it('reaches no key but its own, whatever the key', async () => {
    const key = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(
        key,
        fc.constantFrom('', '../', 'tenant/green/', '/'),
        async (tail, head) => {
          const store = memoryStore();
          const blue = tenantStore(store, 'blue');
          const written = await blue
            .write([{ put: head + tail, value: new Uint8Array(1) }])
            .catch(() => undefined);
          const keys = await keysOf(store);
          expect(keys.every((one) => one.startsWith('tenant/blue/'))).toBe(true);
          expect(keys).toHaveLength(written === undefined ? 0 : 1);
          expect(await keysOf(tenantStore(store, 'green'))).toEqual([]);
          await store.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
