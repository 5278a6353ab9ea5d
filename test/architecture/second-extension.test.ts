// A whole system from outside: a night shift that schedules work, meters it, leads with a standby and outlives restarts. It knows the package by
// its front door and changes nothing in it.

import {
  type Candidate,
  type Extension,
  type Host,
  MemoryHub,
  MeshClient,
  type MeshClientOptions,
  MeshError,
  memoryStore,
  memoryTransport,
  policyTemplates,
  type Store,
} from '@mesh/sdk';
import { describe, expect, it } from 'vitest';

interface NightShift {
  /** Seats on the rota, best first. */
  prefer(order: readonly string[]): void;
  /** Tasks let through, and how they ended. */
  readonly ledger: string[];
  lead(): Promise<{ readonly epoch: number; readonly lost: AbortSignal }>;
  accept(epoch: number): Promise<void>;
  announce(text: string): Promise<void>;
  readonly heard: string[];
  /** Lets everything go on that waits for the morning. */
  morning(): Promise<number>;
  note(text: string): Promise<number>;
  notesSince(revision: number, count: number): Promise<string[]>;
}

const nightShift: Extension<NightShift> = {
  name: 'night-shift',
  start(host) {
    let rota: readonly string[] = [];
    const ledger: string[] = [];
    const heard: string[] = [];
    const rank = ({ name = '' }: Candidate): number => rota.indexOf(name) + 1 || 99;
    host.placement({
      choose: (_, candidates) => candidates.toSorted((a, b) => rank(a) - rank(b)),
    });
    host.gate('budget', {
      before: ({ direction, task, explaining }) => {
        if (direction === 'send' || explaining === true) return;
        if (task.labels?.includes('daytime') === true) {
          throw new MeshError('BUDGET_EXCEEDED', { budget: 'night', cost: 'day' });
        }
        ledger.push(`open ${task.type}`);
      },
      after: ({ direction, task }, { receipt, suspended }) => {
        if (direction === 'send') return;
        ledger.push(
          suspended === true ? `rest ${task.type}` : `close ${receipt?.outcome ?? 'failed'}`,
        );
      },
    });
    host.receipt(({ agent }) => ({ 'night-shift/seat': { agent, rota: rota.length } }));
    void listen(host, heard);
    return {
      prefer: (order) => {
        rota = order;
      },
      ledger,
      heard,
      lead: () => host.roles.hold('lead', { ttl: '1s', standby: true }),
      accept: (epoch) => host.roles.check('lead', epoch),
      announce: (text) =>
        host.broadcast('news', new TextEncoder().encode(text), { priority: 'high' }),
      morning: async () => {
        const waiting = await host.tasks.list({ state: 'suspended' });
        for (const { id } of waiting) await host.tasks.resume(id, 'morning');
        return waiting.length;
      },
      note: async (text) => {
        const commit = await host.store.write([{ put: text, value: new Uint8Array(0) }]);
        return commit.ok ? commit.revision : 0;
      },
      notesSince: async (revision, count) => {
        const notes: string[] = [];
        for await (const { key } of host.store.watch('', revision)) {
          notes.push(key);
          if (notes.length === count) break;
        }
        return notes;
      },
    };
  },
};

async function listen(host: Host, heard: string[]): Promise<void> {
  for await (const { bytes } of host.subscribe('news')) heard.push(new TextDecoder().decode(bytes));
}

interface Fixture {
  readonly mesh: MeshClient;
  readonly shift: NightShift;
}

async function open(
  hub: MemoryHub,
  name: string,
  options: MeshClientOptions = {},
): Promise<Fixture> {
  const mesh = new MeshClient({
    did: `did:mesh:enterprise:${name}`,
    transport: memoryTransport({ hub }),
    policies: policyTemplates.openTo({}),
    ...options,
  });
  const shift = mesh.use(nightShift);
  // Counts to its goal, a step a night.
  mesh.createAgent({
    name: 'counter',
    capabilities: ['count'],
    durable: true,
    handler: async ({ input, resumed, checkpoint, suspend }) => {
      const goal = input as number;
      const reached = (resumed?.bytes[0] ?? 0) + 1;
      if (reached >= goal) return reached;
      await checkpoint(Uint8Array.of(reached));
      return suspend();
    },
  });
  for (const agent of ['early', 'late']) {
    mesh.createAgent({ name: agent, capabilities: ['who'], handler: () => agent });
  }
  await mesh.start();
  return { mesh, shift };
}

const until = async (holds: () => unknown): Promise<void> => {
  const ends = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > ends) throw new Error(`waited in vain for ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

/** A store as a process sees it that may die: then nothing it asks for happens, and nothing is answered. */
function mortal(store: Store): { readonly store: Store; kill(): void } {
  let dead = false;
  const never = new Promise<never>(() => undefined);
  const view = (real: Store): Store => ({
    features: real.features,
    get: (key, options) => (dead ? never : real.get(key, options)),
    getMany: (keys, options) => (dead ? never : real.getMany(keys, options)),
    write: (ops, options) => (dead ? never : real.write(ops, options)),
    scan: (range, options) => real.scan(range, options),
    watch: (prefix, from, options) => real.watch(prefix, from, options),
    sub: (prefix) => view(real.sub(prefix)),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  return {
    store: view(store),
    kill: () => {
      dead = true;
    },
  };
}

describe('a system from outside', () => {
  it('places tasks by its own rota', async () => {
    const { mesh, shift } = await open(new MemoryHub(), 'acme');
    await using _ = mesh;
    for (const order of [
      ['late', 'early'],
      ['early', 'late'],
    ]) {
      shift.prefer(order);
      expect((await mesh.executeTask({ type: 'who', data: null })).output).toBe(order[0]);
    }
  });

  it('meters tasks at a gate that explains itself and reserves nothing for an explanation', async () => {
    const { mesh, shift } = await open(new MemoryHub(), 'acme');
    await using _ = mesh;
    const { receipt } = await mesh.executeTask({ type: 'who', data: null });
    await expect(
      mesh.executeTask({ type: 'who', data: null, labels: ['daytime'] }),
    ).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
    await mesh.explain(receipt.task);
    expect(shift.ledger).toEqual(['open who', 'close ok']);
  });

  it('leads from one node, and its standby takes over when that node crashes', async () => {
    const hub = new MemoryHub();
    const store = memoryStore();
    const process = mortal(store);
    const one = await open(hub, 'acme', { store: process.store, node: 'one' });
    const { mesh, shift } = await open(hub, 'acme', { store, node: 'two' });
    await using _ = mesh;
    const held = await one.shift.lead();
    await one.shift.accept(held.epoch);
    const standby = shift.lead();
    process.kill();
    const next = await standby;
    expect(next.epoch).toBeGreaterThan(held.epoch);
    expect(held.lost.aborted).toBe(true);
    await expect(shift.accept(held.epoch)).rejects.toMatchObject({ code: 'ROLE_EPOCH_STALE' });
  });

  it('tells everybody, also those it is not connected to', async () => {
    const hub = new MemoryHub();
    const all = [];
    for (const name of ['a', 'b', 'c']) all.push(await open(hub, name, { introductions: false }));
    const [a, b, c] = all as [Fixture, Fixture, Fixture];
    await a.mesh.federate(b.mesh.did);
    await b.mesh.federate(c.mesh.did);
    await a.shift.announce('lights out');
    await until(() => c.shift.heard.length === 1);
    expect(c.shift.heard).toEqual(['lights out']);
    await Promise.all(all.map(({ mesh }) => mesh.close()));
  });

  it('writes into receipts what the other organisation does not know, and neither can alter', async () => {
    const hub = new MemoryHub();
    const { mesh: globex } = await open(hub, 'globex');
    const plain = new MeshClient({
      did: 'did:mesh:enterprise:plain',
      transport: memoryTransport({ hub }),
    });
    await using _globex = globex;
    await using _plain = plain;
    await plain.start();
    await plain.federate(globex.did);
    const { receipt } = await plain.executeTask({ type: 'who', data: null });
    const seat = { agent: receipt.agent, rota: 0 };
    expect(receipt).toMatchObject({ by: globex.did, 'night-shift/seat': seat });
    const [kept] = await Array.fromAsync(plain.audit.entries({ kind: 'task' }));
    await plain.audit.verifyReceipt(kept!.body);
    const forged = { ...receipt, 'night-shift/seat': { ...seat, rota: 7 } };
    await expect(plain.audit.verifyReceipt(forged)).rejects.toMatchObject({
      code: 'RECEIPT_INVALID',
    });
  });

  it('suspends a task over a restart and lets it go on from its checkpoint', async () => {
    const hub = new MemoryHub();
    const store = memoryStore();
    const key = { idempotencyKey: 'count-to-3' };
    const evening = await open(hub, 'acme', { store });
    evening.mesh.executeTask({ type: 'count', data: 3 }, key).catch(() => undefined);
    await until(async () => (await evening.mesh.tasks.list({ state: 'suspended' })).length === 1);
    expect(evening.shift.ledger).toEqual(['open count', 'rest count']);
    await evening.mesh.close();

    const { mesh, shift } = await open(hub, 'acme', { store });
    await using _ = mesh;
    const counting = mesh.executeTask({ type: 'count', data: 3 }, key);
    expect(await shift.morning()).toBe(1);
    await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
    expect(await shift.morning()).toBe(1);
    expect((await counting).output).toBe(3);
  });

  it('follows its notes from a revision, over a restart', async () => {
    const hub = new MemoryHub();
    const store = memoryStore();
    const first = await open(hub, 'acme', { store });
    await first.shift.note('monday');
    const read = await first.shift.note('tuesday');
    await first.shift.note('wednesday');
    await first.mesh.close();
    const { mesh, shift } = await open(hub, 'acme', { store });
    await using _ = mesh;
    await shift.note('thursday');
    expect(await shift.notesSince(read, 2)).toEqual(['wednesday', 'thursday']);
  });
});
