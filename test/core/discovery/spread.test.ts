import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { quotas } from '../../../src/core/discovery/quota.ts';
import { createIdentity, KeyRing } from '../../../src/core/identity/index.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';
import type { SignedAgentRecord } from '../../../src/schema/agent-record.ts';
import { seededRandom } from '../../../src/testing/seeded-random.ts';
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import {
  FakeNet,
  idsOf,
  keys,
  type Node,
  nodeOf,
  party,
  settle,
  signed,
  start,
  virtualClock,
} from './rig.ts';

let net: FakeNet;
let clock: VirtualClock;
let nodes: Node[];

const link = (a: number, b: number): void => {
  net.connect(nodes[a]!.did, nodes[b]!.did);
};
const cut = (a: number, b: number): void => {
  net.cut(nodes[a]!.did, nodes[b]!.did);
};
const agree = (): void => {
  for (const node of nodes) expect(idsOf(node)).toEqual(idsOf(nodes[0]!));
};

describe('records on a line of four nodes', () => {
  beforeEach(async () => {
    net = new FakeNet();
    clock = virtualClock();
    nodes = [0, 1, 2, 3].map((number) => nodeOf(number, net, clock));
    await Promise.all(nodes.map(({ discovery }) => discovery.start()));
  });

  const line = async (): Promise<void> => {
    for (const i of [0, 1, 2]) link(i, i + 1);
    await settle(clock);
  };

  it('reach everybody, whether announced before or after the nodes met', async () => {
    await nodes[0]!.discovery.announce({ name: 'early', capabilities: ['a'] });
    await nodes[3]!.discovery.announce({ name: 'early', capabilities: ['a'] });
    await line();
    await nodes[1]!.discovery.announce({ name: 'late', capabilities: ['b'] });
    await settle(clock);
    agree();
    expect(idsOf(nodes[2]!)).toHaveLength(3);
    expect(nodes[3]!.discovery.records({ capability: 'b' })).toHaveLength(1);
  });

  it('are told of once, by the agent and its organisation', async () => {
    await line();
    const { id } = await nodes[0]!.discovery.announce({ name: 'adder', capabilities: ['a'] });
    await settle(clock);
    expect(nodes[3]!.events).toEqual([
      { type: 'record.learned', data: { name: 'adder', capabilities: ['a'] }, agent: id },
    ]);
    expect(nodes[0]!.events).toEqual([]);
  });

  it('go when they are withdrawn, everywhere, and an old copy does not bring them back', async () => {
    await line();
    const old = await nodes[0]!.discovery.announce({ name: 'adder', capabilities: ['a'] });
    await settle(clock);
    await nodes[0]!.discovery.withdraw('adder');
    await settle(clock);
    for (const node of nodes) expect(idsOf(node)).toEqual([]);
    expect(nodes[3]!.events.map(({ type }) => type)).toEqual([
      'record.learned',
      'record.withdrawn',
    ]);
    await net.call(nodes[1]!.did, nodes[2]!.did, 'discovery.push', { records: [old], logs: [] });
    await settle(clock);
    expect(idsOf(nodes[2]!)).toEqual([]);
  });

  it('come together again after a partition, whatever happened on both sides', async () => {
    await line();
    await nodes[0]!.discovery.announce({ name: 'gone', capabilities: ['a'] });
    await nodes[3]!.discovery.announce({ name: 'changed', capabilities: ['a'] });
    await settle(clock);
    cut(1, 2);
    await nodes[0]!.discovery.withdraw('gone');
    await nodes[3]!.discovery.announce({ name: 'changed', capabilities: ['b'] });
    await nodes[1]!.discovery.announce({ name: 'left', capabilities: ['c'] });
    await nodes[2]!.discovery.announce({ name: 'right', capabilities: ['c'] });
    await settle(clock);
    expect(idsOf(nodes[0]!)).not.toEqual(idsOf(nodes[3]!));
    link(1, 2);
    await settle(clock);
    agree();
    expect(
      nodes[0]!.discovery
        .records()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['changed', 'left', 'right']);
    expect(nodes[0]!.discovery.records({ capability: 'b' })).toHaveLength(1);
  });

  it('arrive within two minutes even when a push was lost', async () => {
    await line();
    const before = nodes[2]!.discovery;
    const { did } = nodes[3]!;
    cut(2, 3);
    await before.announce({ name: 'unheard', capabilities: ['a'] });
    await settle(clock);
    net.relink(nodes[2]!.did, did);
    await settle(clock);
    expect(idsOf(nodes[3]!)).toEqual([]);
    await clock.advance('2m');
    expect(idsOf(nodes[3]!)).toHaveLength(1);
  });

  it.each(['lesser', 'greater'])(
    'are exchanged in batches when there are many, also with the %s DID',
    async (which) => {
      const order = [1, 2].sort((a, b) => (nodes[a]!.did < nodes[b]!.did ? -1 : 1));
      const [late, early] = which === 'lesser' ? order : order.reverse();
      const padding = 'x'.repeat(20_000);
      const many = await Promise.all(
        Array.from({ length: 600 }, (_, i) =>
          signed(party(50 + (i % 7)), `agent-${String(i)}`, (i < 60 ? { padding } : {}) as object),
        ),
      );
      link(0, early!);
      for (let i = 0; i < many.length; i += 25) {
        const records = many.slice(i, i + 25);
        await net.call(nodes[0]!.did, nodes[early!]!.did, 'discovery.push', { records, logs: [] });
      }
      net.calls = [];
      link(early!, late!);
      await settle(clock);
      expect(idsOf(nodes[late!]!)).toHaveLength(600);
      for (const { bytes } of net.calls) expect(bytes).toBeLessThan(530_000);
    },
  );

  it('cost next to nothing while nothing changes', async () => {
    await line();
    await nodes[0]!.discovery.announce({ name: 'adder', capabilities: ['a'] });
    await settle(clock);
    net.calls = [];
    await clock.advance('5m');
    expect(net.calls.every(({ method }) => method === 'discovery.summary')).toBe(true);
    expect(Math.max(...net.calls.map(({ bytes }) => bytes))).toBeLessThan(4_300);
  });

  it('of contradicting versions leave the same one everywhere, with the evidence', async () => {
    const evidence: SignedAgentRecord[][] = [];
    const reportEquivocation = (one: SignedAgentRecord, other: SignedAgentRecord): void => {
      evidence.push([one, other]);
    };
    nodes = [10, 11].map((number) => nodeOf(number, net, clock, { reportEquivocation }));
    await Promise.all(nodes.map(({ discovery }) => discovery.start()));
    const liar = party(77);
    net.street(liar.did);
    for (const [i, description] of ['one', 'other'].entries()) {
      net.connect(liar.did, nodes[i]!.did);
      const records = [await signed(liar, 'adder', { description })];
      await net.call(liar.did, nodes[i]!.did, 'discovery.push', { records, logs: [] });
    }
    link(0, 1);
    await settle(clock);
    const [here, there] = nodes.map(({ discovery }) => discovery.records());
    expect(here).toEqual(there);
    expect(evidence.length).toBeGreaterThan(0);
    for (const pair of evidence) {
      expect(pair.map(({ description }) => description).sort()).toEqual(['one', 'other']);
    }
    net.calls = [];
    await clock.advance('3m');
    expect(net.calls.every(({ method }) => method === 'discovery.summary')).toBe(true);
  });
});

describe('a record from a third party', () => {
  it('is verified with the history that travels with it', async () => {
    net = new FakeNet();
    clock = virtualClock();
    const ground = { clock, random: seededRandom(5), crypto: nodeCrypto };
    const publisher = await createIdentity(ground, { did: 'did:mesh:enterprise:acme' });
    const ring = () => new KeyRing({ clock, crypto: nodeCrypto, store: memoryStore({ clock }) });
    const rings = [ring(), ring(), ring()];
    await rings[0]!.learn(publisher.log);
    nodes = [
      nodeOf(0, net, clock, { did: publisher.did, signer: publisher.signer, keys: rings[0]! }),
      nodeOf(1, net, clock, { keys: rings[1]! }),
      nodeOf(2, net, clock, { keys: rings[2]! }),
    ];
    await Promise.all(nodes.map(({ discovery }) => discovery.start()));
    link(0, 1);
    link(1, 2);
    await nodes[0]!.discovery.announce({ name: 'adder', capabilities: ['a'] });
    await settle(clock);
    expect(idsOf(nodes[2]!)).toEqual([`${publisher.did}#n1/adder`]);
    expect(await rings[2]!.logOf(publisher.did)).toEqual(publisher.log);
  });
});

describe('a peer that misbehaves', () => {
  const rogue = party(66);
  let victim: Node;
  const call = (method: string, body: unknown) => net.call(rogue.did, victim.did, method, body);
  const push = (records: readonly unknown[]) => call('discovery.push', { records, logs: [] });

  beforeEach(async () => {
    net = new FakeNet();
    clock = virtualClock();
    victim = nodeOf(1, net, clock);
    await victim.discovery.start();
    net.street(rogue.did);
    net.connect(rogue.did, victim.did);
  });

  it('does not keep good records out by mixing them with bad ones', async () => {
    await push([null, await signed(party(5)), { nonsense: true }]);
    expect(idsOf(victim)).toHaveLength(1);
  });

  it('is refused batches that are no batches, too many or too large', async () => {
    const big = { padding: 'x'.repeat(600_000) };
    for (const body of [null, {}, [], { records: 'x', logs: [] }, { records: [big], logs: [] }]) {
      await expect(call('discovery.push', body)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
    }
    await expect(push(new Array(257).fill(null))).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
  });

  it('is refused for the rest of the minute after too much rubbish, and only then', async () => {
    await push(new Array(quotas.faults + 1).fill(null));
    const good = [await signed(party(5))];
    await expect(push(good)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(idsOf(victim)).toEqual([]);
    await clock.advance('1m');
    await push(good);
    expect(idsOf(victim)).toHaveLength(1);
  });

  it('is refused when it floods with records, new or known', async () => {
    const known = new Array(200).fill(await signed(party(5)));
    const pushes = Math.floor(quotas.records / 200);
    for (let i = 0; i < pushes; i += 1) await push(known);
    await expect(push(known)).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('is refused when it asks for ever', async () => {
    const ask = () => call('discovery.summary', { digests: new Uint8Array(4_096) });
    for (let i = 0; i < quotas.requests; i += 1) await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('is not followed when it answers a comparison with nonsense', async () => {
    net.street(rogue.did).handle('discovery.summary', () => Promise.resolve({ entries: 'x' }));
    await clock.advance('3m');
    expect(idsOf(victim)).toEqual([]);
  });

  it('does not make nodes carry for ever what one of them refuses', async () => {
    const { did, signer } = party(5);
    const forged = await signed({ did, signer: { ...rogue.signer, keyId: signer.keyId } });
    const verify = () => Promise.resolve(true);
    const liar = nodeOf(66, net, clock, { keys: { ...keys, verify } });
    await liar.discovery.start();
    await net.call(victim.did, liar.did, 'discovery.push', { records: [forged], logs: [] });
    expect(idsOf(liar)).toHaveLength(1);
    net.calls = [];
    await clock.advance('9m');
    const carried = net.calls.filter(({ method }) => method !== 'discovery.summary');
    expect(carried.length).toBeLessThanOrEqual(2);
    expect(idsOf(victim)).toEqual([]);
    await clock.advance('5m');
    expect(net.calls.filter(({ method }) => method !== 'discovery.summary').length).toBeGreaterThan(
      carried.length,
    );
  });

  it('gets an error with a code for any body, and leaves the node as it was', async () => {
    const good = await signed(party(5));
    await push([good]);
    const methods = fc.constantFrom('discovery.summary', 'discovery.pull', 'discovery.push');
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({ records: fc.array(fc.jsonValue()), logs: fc.array(fc.jsonValue()) }),
      fc.record({ digests: fc.uint8Array() }),
      fc.record({ keys: fc.uint8Array({ maxLength: 64 }) }),
      fc.record({ records: fc.constant([{ ...good, sequence: 9 }]), logs: fc.constant([]) }),
    );
    await fc.assert(
      fc.asyncProperty(methods, anything, async (method, body) => {
        // A fresh quota, so that every body is read.
        await clock.advance('1m');
        await call(method, body).catch((error: unknown) => {
          expect(MeshError.is(error, 'SCHEMA_INVALID', 'OVERLOADED')).toBe(true);
        });
        expect(victim.discovery.records()).toEqual([good]);
      }),
    );
  });
});

describe('pushes in any order', () => {
  it('with repeats, from several peers, give every node the same records', async () => {
    const owners = [party(20), party(21)];
    const versions = await Promise.all(
      owners.flatMap((owner) =>
        [1, 2, 3].map((sequence) =>
          signed(owner, 'a', {
            sequence,
            issuedAt: new Date(start + sequence).toISOString(),
            ...(sequence === 2 && { withdrawn: true }),
          }),
        ),
      ),
    );
    const deliveries = fc.array(
      fc.tuple(fc.nat(2), fc.array(fc.nat(versions.length - 1), { maxLength: 5 })),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async (list) => {
        net = new FakeNet();
        clock = virtualClock();
        nodes = [0, 1, 2].map((number) => nodeOf(number, net, clock));
        await Promise.all(nodes.map(({ discovery }) => discovery.start()));
        for (const [a, b] of [
          [0, 1],
          [1, 2],
        ] as const)
          link(a, b);
        const courier = party(90);
        net.street(courier.did);
        for (const node of nodes) net.connect(courier.did, node.did);
        for (const [to, picks] of list) {
          const records = picks.map((i) => versions[i]);
          await net.call(courier.did, nodes[to]!.did, 'discovery.push', { records, logs: [] });
        }
        await clock.advance('3m');
        agree();
        const seen = new Set(list.flatMap(([, picks]) => picks));
        const expected = owners.flatMap((_, owner) => {
          const newest = [2, 1, 0].find((i) => seen.has(owner * 3 + i));
          return newest === undefined || newest === 1 ? [] : [versions[owner * 3 + newest]!];
        });
        expect(nodes[0]!.discovery.records()).toEqual(
          expected.sort((a, b) => (a.id < b.id ? -1 : 1)),
        );
        await Promise.all(nodes.map(({ discovery }) => discovery.close()));
      }),
      { numRuns: 25 },
    );
  });
});
