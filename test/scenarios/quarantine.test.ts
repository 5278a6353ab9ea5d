// From a violation to no task reaching that peer anywhere: with loss, over a partition, with drain, notice and a way back.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../src/base/errors.ts';
import { createTestMesh, type TestMesh } from '../../src/testing/index.ts';

const rule = `@id("no-raw-data") @violation("quarantine for 2h")
forbid (principal, action == Action::"task.receive", resource)
when { context.capability == "raw" };`;
const open = '@id("open")\npermit (principal, action, resource);';
const client = {
  policies: [
    { id: 'open', text: open },
    { id: 'no-raw-data', text: rule },
  ],
};
const orgs = ['a', 'b', 'c', 'd'];

async function offer(mesh: TestMesh, ms = 100): Promise<void> {
  for (const { client: node } of mesh.nodes()) {
    for (const capability of ['work', 'raw']) {
      node.createAgent({
        name: capability,
        capabilities: [capability],
        handler: async ({ input, signal }) => {
          await mesh.clock.sleep(typeof input === 'number' ? input : ms);
          if (signal.aborted) throw signal.reason;
          return 'done';
        },
      });
    }
  }
  await mesh.settle();
}

const ask = (mesh: TestMesh, from: string, to: string, data: unknown = null, type = 'work') =>
  mesh.org(from).executeTask({ type, data }, { to: mesh.did(to), timeout: '60s' });

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (error) {
    return MeshError.is(error) ? error.code : String(error);
  }
};

const told = (mesh: TestMesh, type: string) =>
  mesh
    .trace()
    .all()
    .filter((event) => event.type === type);

/** When the last node told that it has shut `peer` out. */
function shutOutAt(mesh: TestMesh, peer: string): { readonly nodes: number; readonly at: number } {
  const events = told(mesh, 'trust.quarantined').filter((event) => event['peer'] === peer);
  return {
    nodes: new Set(events.map(({ node }) => node)).size,
    at: Math.max(...events.map(({ t }) => t)),
  };
}

describe('a violation', () => {
  it.each([1, 2, 3, 4, 5])('is known everywhere within 10 s, seed %i', async (seed) => {
    const network = { latency: [5, 60], drop: 0.05, duplicate: 0.02 } as const;
    await using mesh = await createTestMesh({ orgs, seed, client, network, replicas: 2 });
    await offer(mesh);
    const begun = mesh.clock.now();
    // b breaks the rule at a; c and d only hear of it.
    expect(await codeOf(ask(mesh, 'b', 'a', null, 'raw'))).toBe('POLICY_DENIED');
    await mesh.clock.advance('10s');
    const { nodes, at } = shutOutAt(mesh, 'b');
    expect(nodes).toBe(6);
    expect(at - begun).toBeLessThan(10_000);
    const before = told(mesh, 'handler.began').filter(({ node }) => node.startsWith('b/')).length;
    for (const org of ['a', 'c', 'd']) {
      expect(await codeOf(ask(mesh, org, 'b'))).toBe('PEER_QUARANTINED');
      expect(mesh.org(org).discovery.records({ meshId: mesh.did('b') })).toEqual([]);
      expect(mesh.org(org).federation.peers()).not.toContain(mesh.did('b'));
    }
    expect(await codeOf(ask(mesh, 'b', 'c'))).not.toBe('done');
    await mesh.settle();
    const after = told(mesh, 'handler.began').filter(({ node }) => node.startsWith('b/')).length;
    expect(after).toBe(before);
    // Everybody else goes on.
    expect(await codeOf(ask(mesh, 'c', 'd'))).toBe('done');
    mesh.assertInvariants();
  });

  it.each([11, 12, 13])('crosses a partition as soon as it heals, seed %i', async (seed) => {
    const network = { latency: [5, 40], drop: 0.02 } as const;
    await using mesh = await createTestMesh({ orgs, seed, client, network });
    await offer(mesh);
    let cut: { heal(): void } | undefined;
    // In the very moment in which a sees it, a is alone.
    mesh.when('trust.violation', {}, () => (cut = mesh.network.isolate('a')));
    const broken = codeOf(ask(mesh, 'b', 'a', null, 'raw'));
    await mesh.clock.advance('20s');
    expect(mesh.org('a').trust.score(mesh.did('b')).state).toBe('quarantined');
    expect(mesh.org('c').trust.score(mesh.did('b')).state).not.toBe('quarantined');
    cut!.heal();
    await mesh.clock.advance('10s');
    expect(await broken).not.toBe('done');
    for (const org of ['a', 'c', 'd']) {
      expect(mesh.org(org).trust.score(mesh.did('b')).state).toBe('quarantined');
      expect(await codeOf(ask(mesh, org, 'b'))).toBe('PEER_QUARANTINED');
    }
    mesh.assertInvariants();
  });

  it('ends what is running, both ways, and tells the peer why', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 21, client });
    await offer(mesh);
    const outgoing = codeOf(ask(mesh, 'a', 'b', 30_000));
    const incoming = codeOf(ask(mesh, 'b', 'a', 30_000));
    await mesh.clock.advance('1s');
    const begun = mesh.clock.now();
    const evidence = { seen: 'it' };
    await mesh.org('a').trust.quarantine(mesh.did('b'), { reason: 'a test', evidence });
    expect(await outgoing).toBe('PEER_QUARANTINED');
    expect(await incoming).not.toBe('done');
    expect(mesh.clock.now() - begun).toBeLessThan(2_000);
    await mesh.clock.advance('2s');
    expect(mesh.org('b').trust.notices()).toMatchObject([{ reason: 'a test' }]);
    const [notice] = told(mesh, 'trust.noticed');
    expect(notice).toMatchObject({ node: 'b/0', kind: 'quarantine', reason: 'a test' });
    expect(mesh.org('b').federation.peers()).not.toContain(mesh.did('a'));
    await mesh.settle();
    mesh.assertInvariants();
  });

  it('calls off durable tasks too', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b'], seed: 22, client });
    mesh.org('a').createAgent({
      name: 'saga',
      capabilities: ['saga'],
      durable: true,
      handler: ({ suspend }) => suspend(),
    });
    await mesh.settle();
    const saga = mesh
      .org('b')
      .executeTask({ type: 'saga', data: 1 }, { timeout: '60s', idempotencyKey: 'k' });
    const ended = codeOf(saga);
    await mesh.clock.advance('2s');
    await mesh.org('a').trust.quarantine(mesh.did('b'), { reason: 'a test', evidence: 1 });
    await mesh.clock.advance('2s');
    expect(await mesh.org('a').tasks.list()).toMatchObject([{ state: 'cancelled' }]);
    expect(await ended).not.toBe('done');
  });

  it('lets running tasks finish when it drains, and no new ones begin', async () => {
    await using mesh = await createTestMesh({ orgs: ['a', 'b', 'c'], seed: 23, client });
    await offer(mesh);
    const short = codeOf(ask(mesh, 'a', 'b', 4_000));
    const long = codeOf(ask(mesh, 'a', 'b', 30_000));
    const coming = codeOf(ask(mesh, 'b', 'c', 4_000));
    await mesh.clock.advance('1s');
    const request = { reason: 'a test', evidence: 1, drain: '8s' } as const;
    await mesh.org('a').trust.quarantine(mesh.did('b'), request);
    await mesh.clock.advance('1s');
    expect(await codeOf(ask(mesh, 'a', 'b'))).toBe('PEER_QUARANTINED');
    expect(await codeOf(ask(mesh, 'c', 'b'))).toBe('PEER_QUARANTINED');
    expect(await short).toBe('done');
    expect(await coming).toBe('done');
    expect(mesh.org('a').federation.peers()).toContain(mesh.did('b'));
    expect(await long).toBe('PEER_QUARANTINED');
    await mesh.clock.advance('2s');
    expect(mesh.org('a').federation.peers()).not.toContain(mesh.did('b'));
    mesh.assertInvariants();
  });

  it.each(['expiry', 'release', 'appeal'] as const)(
    'leads back by %s, with probation',
    async (way) => {
      // d goes by nobody's word, so it still talks to b and carries its appeal.
      const judges = ['a', 'c'];
      const all = ['a', 'b', 'c', { name: 'd', client: { ...client, anchors: [] } }];
      await using mesh = await createTestMesh({ orgs: all, seed: 31, client, judges });
      await offer(mesh);
      const period = way === 'expiry' ? '30s' : '5h';
      const a = mesh.org('a');
      const request = { reason: 'a test', evidence: 1, period } as const;
      const { id } = await a.trust.quarantine(mesh.did('b'), request);
      await mesh.clock.advance('5s');
      expect(await codeOf(ask(mesh, 'c', 'b'))).toBe('PEER_QUARANTINED');
      if (way === 'release') await a.trust.release(id, 'a mistake');
      if (way === 'appeal') {
        const filed = await mesh.org('b').trust.appeal(id, { grounds: 'it was not me' });
        expect(filed.delivered).toBe(true);
        expect(a.trust.appeals()).toMatchObject([{ appeal: { grounds: 'it was not me' } }]);
        await a.trust.answerAppeal(id, { grant: true });
      }
      await mesh.clock.advance('3m');
      for (const org of ['a', 'c']) {
        expect(mesh.org(org).trust.score(mesh.did('b')).state).toBe('probation');
        expect(await codeOf(ask(mesh, org, 'b'))).toBe('done');
      }
      expect(await codeOf(ask(mesh, 'b', 'a'))).toBe('done');
      mesh.assertInvariants();
    },
  );

  it('claimed by one that is no judge changes nothing', async () => {
    await using mesh = await createTestMesh({ orgs, seed: 41, client, judges: ['a'] });
    await offer(mesh);
    const request = { reason: 'spite', evidence: {} };
    await mesh.org('d').trust.quarantine(mesh.did('b'), request);
    await mesh.clock.advance('20s');
    for (const org of ['a', 'c']) {
      expect(mesh.org(org).trust.score(mesh.did('b')).state).not.toBe('quarantined');
      expect(await codeOf(ask(mesh, org, 'b'))).toBe('done');
    }
    // d itself goes by its own word.
    expect(await codeOf(ask(mesh, 'd', 'b'))).toBe('PEER_QUARANTINED');
    mesh.assertInvariants();
  });
});
