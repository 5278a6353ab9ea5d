import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sqliteStore } from '../../src/adapters/stores/sqlite.ts';
import { webSocketTransport } from '../../src/adapters/transports/websocket.ts';
import { MemoryHub, MeshClient, MeshError, memoryTransport } from '../../src/index.ts';
import { Stage, until } from './orders.ts';

const failed = async (work: Promise<unknown>): Promise<MeshError> => {
  try {
    await work;
  } catch (error) {
    if (MeshError.is(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

/** A caller in this process, and a clinic in another that it has federated with. */
async function scene(stage: Stage) {
  const counter = stage.path('counter');
  const runs = (): string[] => {
    try {
      return readFileSync(counter, 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  const clinic = await stage.node('clinic', { counter });
  const caller = new MeshClient({
    did: 'did:mesh:enterprise:caller',
    transport: webSocketTransport({ listen: { port: 0 }, peers: [clinic.address] }),
  });
  await caller.start();
  await caller.federate(clinic.did);
  const work = (data: string, idempotencyKey?: string) =>
    caller.executeTask(
      { type: 'work', data },
      { timeout: '15s', to: clinic.did, ...(idempotencyKey !== undefined && { idempotencyKey }) },
    );
  const again = () => stage.node('clinic', { counter, port: Number(new URL(clinic.address).port) });
  return { clinic, caller, work, runs, again };
}

describe('a clinic killed in the middle of a task', () => {
  it('gives no false success, runs nothing twice, and has everything it had acknowledged', async () => {
    await using stage = new Stage();
    const { clinic, caller, work, runs, again } = await scene(stage);
    await using _ = caller;

    const done = await work('kept', 'order-1');
    const plain = [await work('one'), await work('two')];
    const { jwt } = await caller.trust.issue({ subject: clinic.did, type: 'Licence', claims: {} });
    await clinic.ask('hold', jwt);
    await clinic.ask(
      'publish',
      '@id("extra") permit (principal, action == Action::"tool.call", resource);',
    );
    caller.createAgent({ name: 'back', capabilities: ['back'], handler: () => 'back' });
    await caller.policy.publish({
      id: 'open',
      text: '@id("open") permit (principal, action == Action::"task.receive", resource);',
    });
    await clinic.ask('federate', caller.did);
    await clinic.ask('run', [{ type: 'back', data: null }, { to: caller.did }]);

    const plainLoss = failed(work('hang'));
    const keyed = failed(work('hang', 'order-2'));
    await until(() => runs().length === 5, 'both to have begun');
    await clinic.kill();
    const lost = await plainLoss;
    expect(lost).toMatchObject({ code: 'PEER_UNREACHABLE', params: { sent: true } });

    const reborn = await again();
    expect(reborn.did).toBe(clinic.did);
    expect(await keyed).toMatchObject({ code: 'TASK_UNCERTAIN' });
    expect(await failed(work('hang', 'order-2'))).toMatchObject({ code: 'TASK_UNCERTAIN' });
    const repeated = await work('kept', 'order-1');
    expect([repeated.output, repeated.receipt]).toEqual([done.output, done.receipt]);
    expect(runs()).toHaveLength(5);

    await reborn.kill();
    await using kept = new MeshClient({
      store: sqliteStore(stage.path('clinic')),
      transport: memoryTransport({ hub: new MemoryHub() }),
      anchors: [{ issuer: caller.did, types: ['Licence'] }],
    });
    await kept.start();
    expect(kept.did).toBe(clinic.did);
    const entries = await Array.fromAsync(kept.audit.entries({ kind: 'task' }));
    const receipts = entries.map(({ body }) => (body as { id: string }).id);
    for (const { receipt } of [done, ...plain]) expect(receipts).toContain(receipt.id);
    expect(await kept.audit.verify()).toMatchObject({ intact: true });
    expect(kept.trust.status()).toMatchObject({ held: 1, peers: 1 });
    expect(kept.trust.score(caller.did).score).toBeGreaterThan(0);
    expect([kept.policy.revision, kept.policy.policies.map(({ id }) => id)]).toEqual([
      1,
      ['extra'],
    ]);
  }, 30_000);
});

describe('a clinic killed in the middle of a round', () => {
  // With a base the leader takes contributions from the beginning.
  const base = new Float32Array(1_000);
  const round = {
    task: 'digits',
    strategy: 'fedavg',
    minParticipants: 3,
    deadline: '3s',
    base,
  } as const;

  it.each(['before it contributed', 'after its contribution was taken'])(
    '%s: the others end with one and the same model',
    async (when) => {
      await using stage = new Stage();
      const first = await stage.node('n0');
      const rest = await Promise.all(
        ['n1', 'n2', 'n3'].map((name) => stage.node(name, { peers: [first.address] })),
      );
      const nodes = [first, ...rest];
      await until(
        async () =>
          (await Promise.all(nodes.map((node) => node.ask<string[]>('peers')))).every(
            (peers) => peers.length === 3,
          ),
        'everybody to have met',
      );
      await Promise.all(nodes.map((node) => node.ask('round', round)));
      let leaders: readonly string[] = [];
      await until(async () => {
        leaders = await Promise.all(nodes.map((node) => node.ask<string>('leader')));
        return leaders[0] !== undefined && new Set(leaders).size === 1;
      }, 'everybody to know the leader');
      // Who leads is lost, which is the worst case.
      const victim = nodes.find(({ did }) => did === leaders[0])!;
      const others = nodes.filter((node) => node !== victim);
      if (when.startsWith('after')) await victim.ask('contribute', 100);
      await others[0]!.ask('contribute', 1);
      await victim.kill();
      await Promise.all(others.slice(1).map((node, i) => node.ask('contribute', i + 2)));
      const results = await Promise.all(
        others.map((node) => node.ask<{ weights: Float32Array; participants: number }>('result')),
      );
      const [one] = results;
      for (const result of results) expect(result).toEqual(one);
      expect(one!.participants).toBeGreaterThanOrEqual(3);
      const mean = one!.participants === 3 ? 2 : (1 + 2 + 3 + 100) / 4;
      expect(one!.weights.every((weight) => Math.abs(weight - mean) < 1e-3)).toBe(true);
    },
    40_000,
  );

  it('without a quorum fails loudly at every other', async () => {
    await using stage = new Stage();
    const first = await stage.node('n0');
    const second = await stage.node('n1', { peers: [first.address] });
    await until(async () => (await first.ask<string[]>('peers')).length === 1);
    const options = { ...round, minParticipants: 2 };
    await Promise.all([first, second].map((node) => node.ask('round', options)));
    const contributing = first.ask('contribute', 1).catch(() => undefined);
    await second.kill();
    await contributing;
    await expect(first.ask('result')).rejects.toMatchObject({ code: 'ROUND_FAILED' });
  }, 30_000);
});
