import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cedar,
  type Host,
  MeshClient,
  type MeshClientOptions,
  memoryStore,
  policyTemplates,
  type Store,
  type Telemetry,
} from '../../src/index.ts';
import { echo, failure, Town } from './rig.ts';

const task = { type: 'echo', data: 'hi' };
const corner = { name: 'corner', start: (host: Host) => host };

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.scan({})) keys.push(key);
  return keys;
}

describe('two tenants of one organisation', () => {
  const open = (town: Town, store: Store, tenant: string, options: MeshClientOptions = {}) =>
    town.open('acme', [], { store, tenant, ...options });

  it('have one identity and one store, and see nothing of each other', async () => {
    await using town = new Town();
    const store = memoryStore();
    const blue = await open(town, store, 'blue');
    const green = await open(town, store, 'green');
    expect(blue.did).toBe(green.did);
    blue.createAgent(echo);
    const { receipt } = await blue.executeTask(task);
    await blue.policy.publish(cedar`@id("blue-only") forbid (principal, action, resource);`);
    await blue.use(corner).store.write([{ put: 'secret', value: Uint8Array.of(1) }]);

    expect(green.discovery.records().map(({ name }) => name)).toEqual([]);
    expect((await failure(green.executeTask(task))).code).toBe('AGENT_NOT_FOUND');
    expect(await Array.fromAsync(green.audit.entries({ kind: 'task' }))).toEqual([]);
    const asked = { action: 'task.send', resource: `agent:${green.did}#green/x` };
    expect(green.policy.decideSync(asked).determining).not.toContain('blue-only');
    expect(await green.use(corner).store.get('secret')).toBeUndefined();
    expect(receipt).toMatchObject({ tenant: 'blue', byTenant: 'blue' });
    expect(receipt.agent).toBe(`${blue.did}#blue/echo`);
  });

  it('keep every key but the identity behind their own name, whatever the name', async () => {
    const names = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 24 })
      .filter(
        (name) => /^[^\s\p{C}/](?:[^\p{C}/]*[^\s\p{C}/])?$/u.test(name) && name.isWellFormed(),
      );
    await fc.assert(
      fc.asyncProperty(names, names, async (one, two) => {
        fc.pre(one !== two);
        await using town = new Town();
        const store = memoryStore();
        const first = await open(town, store, one);
        first.createAgent(echo);
        await first.executeTask(task);
        const before = await keysOf(store);
        const mine = `tenant/${encodeURIComponent(one)}/`;
        expect(before.filter((key) => !key.startsWith(mine))).toEqual(['identity/self']);
        const second = await open(town, store, two);
        second.createAgent(echo);
        await second.executeTask(task);
        const theirs = `tenant/${encodeURIComponent(two)}/`;
        const strays = (await keysOf(store)).filter(
          (key) =>
            ![mine, theirs].some((folder) => key.startsWith(folder)) && key !== 'identity/self',
        );
        expect(strays).toEqual([]);
        expect(before.every((key) => !key.startsWith(theirs))).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  it('each have a log of their own, which cannot pass for that of another', async () => {
    await using town = new Town();
    const store = memoryStore();
    const blue = await open(town, store, 'blue');
    const green = await open(town, store, 'green');
    await blue.audit.append('note', 'of blue');
    await green.audit.append('note', 'of green');
    await Promise.all([blue.close(), green.close()]);
    const again = await open(town, store, 'blue');
    expect(await again.audit.verify()).toMatchObject({ intact: true, signed: 1 });
    await again.close();
    // Somebody who can write to the store swaps the two logs.
    const folder = (tenant: string) => store.sub(`tenant/${tenant}/audit`);
    const swapped = await Array.fromAsync(folder('green').scan({}));
    for (const { key } of await Array.fromAsync(folder('blue').scan({}))) {
      await folder('blue').write([{ del: key }]);
    }
    await folder('blue').write(swapped.map(({ key, value }) => ({ put: key, value })));
    const fooled = await open(town, store, 'blue');
    expect(await fooled.audit.verify()).toMatchObject({
      intact: false,
      because: 'its signed head is of another log',
    });
  });

  it('are told apart by policies on both sides', async () => {
    await using town = new Town();
    const store = memoryStore();
    const globex = await town.open('globex', [echo], {
      policies: [
        policyTemplates.openTo({}),
        cedar`@id("no-green") forbid (principal, action == Action::"task.receive", resource)
          when { context has tenant && context.tenant == "green" };`,
      ],
    });
    const blue = await open(town, store, 'blue');
    const green = await open(town, store, 'green', {
      policies: cedar`@id("inside") forbid (principal, action == Action::"task.send", resource in Tenant::"green");`,
    });
    for (const mesh of [blue, green]) await mesh.federate(globex.did);
    expect(
      globex.federation
        .sessions()
        .map(({ tenant }) => tenant)
        .sort(),
    ).toEqual(['blue', 'green']);
    expect((await blue.executeTask(task)).receipt).toMatchObject({ tenant: 'blue', for: blue.did });
    expect((await failure(green.executeTask(task))).code).toBe('POLICY_DENIED');
    green.createAgent({ ...echo, name: 'inner', capabilities: ['inner'] });
    const inner = await failure(green.executeTask({ type: 'inner', data: 1 }));
    expect(inner.params['determining']).toBe('inside');
  });

  it('are named in telemetry and in events', async () => {
    await using town = new Town();
    const seen: unknown[] = [];
    const telemetry: Telemetry = {
      count: (...all) => seen.push(all),
      record: (...all) => seen.push(all),
      span: (...all) => {
        seen.push(all);
        return { set: () => undefined, end: () => undefined };
      },
    };
    const blue = await open(town, memoryStore(), 'blue', { telemetry });
    const host = blue.use(corner);
    expect(host.tenant).toBe('blue');
    host.telemetry.count('a');
    host.telemetry.record('b', 1, { region: 'eu' });
    host.telemetry.span('c');
    expect(seen).toEqual([
      ['a', undefined, { tenant: 'blue' }],
      ['b', 1, { region: 'eu', tenant: 'blue' }],
      ['c', { tenant: 'blue' }],
    ]);
    const registered = new Promise((resolve) => blue.on('agent.registered', resolve));
    blue.createAgent(echo);
    expect(await registered).toMatchObject({ tenant: 'blue' });
  });

  it.each(['', 'a/b', ' a', 7])('must have a name, not %o', async (tenant) => {
    expect(await failure(() => new MeshClient({ tenant: tenant as never }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'tenant' },
    });
  });
});
