import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import {
  type AgentDefinition,
  MemoryHub,
  MeshClient,
  type MeshClientOptions,
  MeshError,
  memoryStore,
  memoryTransport,
  policyTemplates,
  type Store,
  type TaskPart,
} from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { mortal } from '../core/tasks/rig.ts';
import { failure, Town, until } from './rig.ts';

const task = { type: 'report', data: { pages: 3 } };

/** Does a page per run, and gives up after each but the last. */
const writer = (seen: string[] = []): AgentDefinition => ({
  name: 'writer',
  capabilities: ['report'],
  durable: true,
  handler: async ({ input, resumed, resumedWith, checkpoint, suspend }) => {
    const { pages } = input as { pages: number };
    const done = resumed === undefined ? 0 : Number(fromUtf8(resumed.bytes));
    seen.push(
      `from ${String(done)}${resumedWith === undefined ? '' : ` with ${resumedWith as string}`}`,
    );
    if (done === pages) return { pages };
    await checkpoint(utf8(String(done + 1)));
    return suspend();
  },
});

/** A client of acme on `store`; closed and opened again it is the same organisation after a restart. */
function acmeOn(store: Store, agents: readonly AgentDefinition[], options: MeshClientOptions = {}) {
  const mesh = new MeshClient({
    did: 'did:mesh:enterprise:acme',
    store,
    transport: memoryTransport({ hub: new MemoryHub() }),
    ...options,
  });
  for (const agent of agents) mesh.createAgent(agent);
  return mesh;
}

describe('a durable task', () => {
  it('is suspended, outlives its process, and goes on from its checkpoint with what it is resumed with', async () => {
    const store = memoryStore();
    const seen: string[] = [];
    let id = '';
    {
      await using mesh = acmeOn(store, [writer(seen)]);
      mesh.on('task.failed', ({ data: { code } }) => {
        if (code !== 'CLOSED') seen.push(`failed ${code}`);
      });
      mesh.executeTask(task, { idempotencyKey: 'r1' }).catch(() => undefined);
      await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
      const [suspended] = await mesh.tasks.list();
      expect(suspended).toMatchObject({ type: 'report', agent: 'writer', checkpoint: { size: 1 } });
      id = suspended!.id;
    }
    await using mesh = acmeOn(store, [writer(seen)]);
    mesh.on('task.failed', ({ data }) => seen.push(`failed ${data.code}`));
    for (const answer of ['one', 'two', 'three']) {
      await until(async () => (await mesh.tasks.state(id)) === 'suspended');
      await mesh.tasks.resume(id, answer);
    }
    const outcome = await mesh.tasks.wait(id);
    expect(outcome).toMatchObject({ state: 'done', result: { output: { pages: 3 } } });
    expect(seen).toEqual(['from 0', 'from 1 with one', 'from 2 with two', 'from 3 with three']);
    // Whoever asks again under the key gets what came of it, with its receipt, and nothing is done twice.
    const again = await mesh.executeTask(task, { idempotencyKey: 'r1' });
    expect(again).toMatchObject({ output: { pages: 3 }, receipt: { by: mesh.did, outcome: 'ok' } });
    expect(seen).toHaveLength(4);
  });

  it('is begun again when the process died in the midst of it', async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    let runs = 0;
    const slow: AgentDefinition = {
      name: 'slow',
      capabilities: ['report'],
      durable: true,
      handler: async ({ checkpoint, resumed }) => {
        runs += 1;
        if (resumed !== undefined) return `went on from ${fromUtf8(resumed.bytes)}`;
        await checkpoint(utf8('half'));
        return new Promise(() => undefined);
      },
    };
    const process = mortal(store);
    const dying = acmeOn(process.store, [slow], { clock });
    dying.executeTask(task, { idempotencyKey: 'k' }).catch(() => undefined);
    await until(async () => (await dying.tasks.list())[0]?.checkpoint !== undefined);
    process.kill();
    await using mesh = acmeOn(store, [slow], { clock, node: 'other' });
    await mesh.start();
    for (let turn = 0; turn < 20 && runs < 2; turn += 1) await clock.advance('2s');
    const [kept] = await mesh.tasks.list();
    expect(await mesh.tasks.wait(kept!.id)).toMatchObject({
      state: 'done',
      result: { output: 'went on from half' },
    });
    expect(runs).toBe(2);
  });

  it('goes on for a caller of another organisation that came back with its key', async () => {
    await using town = new Town();
    const seen: string[] = [];
    const globex = await town.open('globex', [writer(seen)]);
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    const key = { idempotencyKey: 'order-7', timeout: 300 } as const;
    const late = await failure(acme.executeTask(task, key));
    expect(late.code).toBe('TASK_TIMEOUT');
    const [kept] = await globex.tasks.list();
    expect(kept).toMatchObject({ state: 'suspended', from: acme.did });
    for (let page = 0; page < 3; page += 1) {
      await until(async () => (await globex.tasks.state(kept!.id)) === 'suspended');
      await globex.tasks.resume(kept!.id);
    }
    const { output, receipt } = await acme.executeTask(task, { idempotencyKey: 'order-7' });
    expect(output).toEqual({ pages: 3 });
    expect(receipt.for).toBe(acme.did);
    expect(seen).toHaveLength(4);
  });

  it('is called off by a caller without a key who gives up, and by the application', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [writer()]);
    const controller = new AbortController();
    const running = mesh.executeTask(task, { signal: controller.signal });
    running.catch(() => undefined);
    await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
    controller.abort();
    await until(async () => (await mesh.tasks.list({ state: 'cancelled' })).length === 1);

    const acme = await town.open('other');
    await acme.federate(mesh.did);
    const abroad = new AbortController();
    acme.executeTask(task, { to: mesh.did, signal: abroad.signal }).catch(() => undefined);
    await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
    abroad.abort();
    await until(async () => (await mesh.tasks.list({ state: 'cancelled' })).length === 2);

    // A deadline ends the wait only.
    const late = mesh.executeTask(task, { timeout: 50 });
    expect((await failure(late)).code).toBe('TASK_TIMEOUT');
    expect(await mesh.tasks.list({ state: 'suspended' })).toHaveLength(1);
    await mesh.tasks.cancel((await mesh.tasks.list({ state: 'suspended' }))[0]!.id);
    // Who has a key can come back for it.
    const left = new AbortController();
    mesh.executeTask(task, { idempotencyKey: 'k', signal: left.signal }).catch(() => undefined);
    await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
    left.abort();
    await failure(mesh.executeTask(task, { idempotencyKey: 'other', timeout: 20 }));
    expect(await mesh.tasks.list({ state: 'suspended' })).toHaveLength(2);
    const [second] = await mesh.tasks.list({ state: 'suspended' });
    const outcome = await mesh.tasks.cancel(second!.id, 'not needed');
    expect(outcome).toEqual({ state: 'cancelled', reason: 'not needed' });
    expect(await failure(mesh.executeTask(task, { idempotencyKey: 'k' }))).toMatchObject({
      code: 'TASK_CANCELLED',
      params: { reason: 'not needed' },
    });
  });

  it('waits for a place where another agent would refuse', async () => {
    await using town = new Town();
    let running = 0;
    let most = 0;
    const one: AgentDefinition = {
      name: 'one',
      capabilities: ['report'],
      durable: true,
      concurrency: 1,
      handler: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return 'done';
      },
    };
    const mesh = await town.open('acme', [one]);
    const all = await Promise.all([1, 2, 3].map(() => mesh.executeTask(task)));
    expect(all.map(({ output }) => output)).toEqual(['done', 'done', 'done']);
    expect(most).toBe(1);
  });

  it('that is in the queue waits while its agent is out of service, and gates hear that it did not begin', async () => {
    await using town = new Town();
    const first = Promise.withResolvers<string>();
    const begun: unknown[] = [];
    const mesh = await town.open('acme');
    const agent = mesh.createAgent({
      name: 'one',
      capabilities: ['report'],
      durable: true,
      concurrency: 1,
      handler: async ({ input }) => {
        begun.push(input);
        return begun.length === 1 ? first.promise : 'second';
      },
    });
    const heard: (true | undefined)[] = [];
    mesh.use({ name: 'meter', start: (host) => host }).gate('budget', {
      before: () => undefined,
      after: ({ direction }, { suspended }) => {
        if (direction === 'receive') heard.push(suspended);
      },
    });
    const running = mesh.executeTask({ type: 'report', data: 1 });
    await until(() => begun.length === 1);
    const waiting = { idempotencyKey: 'queued' } as const;
    const left = mesh.executeTask({ type: 'report', data: 2 }, { ...waiting, timeout: 30 });
    expect((await failure(left)).code).toBe('TASK_TIMEOUT');
    await until(() => heard.length === 1);
    expect(heard).toEqual([true]);
    await agent.suspend();
    first.resolve('first');
    expect((await running).output).toBe('first');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(begun).toEqual([1]);
    await agent.activate();
    expect((await mesh.executeTask({ type: 'report', data: 2 }, waiting)).output).toBe('second');
    expect(begun).toEqual([1, 2]);
  });

  it('tells gates when it is given up, and asks them before it goes on', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [writer()]);
    const heard: string[] = [];
    let open = true;
    mesh.use({ name: 'meter', start: (host) => host }).gate('budget', {
      before: ({ direction }) => {
        if (direction === 'send') return;
        heard.push('before');
        if (!open) throw new MeshError('BUDGET_EXCEEDED', { budget: '0', cost: '1' });
      },
      after: ({ direction }, { suspended, error, receipt }) => {
        if (direction === 'send') return;
        heard.push(
          suspended === true
            ? 'suspended'
            : receipt === undefined
              ? `failed ${String(MeshError.is(error))}`
              : 'done',
        );
      },
    });
    mesh
      .executeTask({ type: 'report', data: { pages: 1 } }, { idempotencyKey: 'a' })
      .catch(() => undefined);
    await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
    const [first] = await mesh.tasks.list();
    await mesh.tasks.resume(first!.id);
    await mesh.tasks.wait(first!.id);
    expect(heard).toEqual(['before', 'suspended', 'before', 'done']);
    const failing = failure(
      mesh.executeTask({ type: 'report', data: { pages: 1 } }, { idempotencyKey: 'b' }),
    );
    await until(async () => (await mesh.tasks.list({ state: 'suspended' })).length === 1);
    open = false;
    const [second] = await mesh.tasks.list({ state: 'suspended' });
    await mesh.tasks.resume(second!.id);
    expect(await failing).toMatchObject({ code: 'BUDGET_EXCEEDED' });
    expect(await mesh.tasks.state(second!.id)).toBe('failed');
  });

  it('hands its parts to whoever listens while it runs', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [
      {
        name: 'teller',
        capabilities: ['tell'],
        durable: true,
        async *handler() {
          yield { kind: 'text' as const, text: 'once' };
          return 'told';
        },
      },
    ]);
    const run = mesh.stream({ type: 'tell', data: null });
    const parts: TaskPart[] = [];
    for await (const part of run) parts.push(part);
    expect(parts).toEqual([{ kind: 'text', text: 'once' }]);
    expect((await run.result).output).toBe('told');
  });

  it('whose checkpoint is newer than its agent reads stays suspended, and goes on with a newer agent', async () => {
    const store = memoryStore();
    const versioned = (checkpointVersion: number): AgentDefinition => ({
      name: 'v',
      capabilities: ['report'],
      durable: true,
      checkpointVersion,
      handler: async ({ resumed, checkpoint, suspend }) => {
        if (resumed !== undefined) return resumed.version;
        await checkpoint(utf8('x'));
        return suspend({ until: 300 });
      },
    });
    let id = '';
    {
      await using mesh = acmeOn(store, [versioned(2)]);
      mesh.executeTask(task, { idempotencyKey: 'v' }).catch(() => undefined);
      await until(async () => (await mesh.tasks.list({ state: 'waiting' })).length === 1);
      id = (await mesh.tasks.list())[0]!.id;
    }
    {
      await using mesh = acmeOn(store, [versioned(1)]);
      await mesh.start();
      await until(async () => (await mesh.tasks.get(id))?.problem?.code === 'CHECKPOINT_VERSION');
      expect(await failure(mesh.tasks.resume(id))).toMatchObject({ code: 'CHECKPOINT_VERSION' });
    }
    await using mesh = acmeOn(store, [versioned(2)]);
    await mesh.start();
    expect(await mesh.tasks.wait(id)).toMatchObject({ state: 'done', result: { output: 2 } });
  });

  it('of an agent that has no schema for it is refused before it is kept', async () => {
    await using town = new Town();
    const { z } = await import('zod');
    const mesh = await town.open('acme', [{ ...writer(), input: z.object({ pages: z.number() }) }]);
    const wrong = mesh.executeTask(
      { type: 'report', data: { pages: 'x' } },
      { idempotencyKey: 'w' },
    );
    expect((await failure(wrong)).code).toBe('SCHEMA_INVALID');
    expect(await mesh.tasks.list()).toEqual([]);
  });
});

describe('an agent that is not durable', () => {
  it('cannot keep a checkpoint or suspend', async () => {
    await using town = new Town();
    const codes: string[] = [];
    const mesh = await town.open('acme', [
      {
        name: 'brief',
        capabilities: ['report'],
        handler: async ({ checkpoint, suspend }) => {
          codes.push((await failure(checkpoint(utf8('x')))).code);
          codes.push((await failure(() => suspend())).code);
          return 'anyway';
        },
      },
    ]);
    expect((await mesh.executeTask(task)).output).toBe('anyway');
    expect(codes).toEqual(['UNSUPPORTED', 'UNSUPPORTED']);
  });

  it('does not take work under a key from one that keeps it', async () => {
    await using town = new Town();
    const done: string[] = [];
    const by = (name: string, durable: boolean): AgentDefinition => ({
      name,
      capabilities: ['report'],
      durable,
      handler: () => {
        done.push(name);
        return name;
      },
    });
    const globex = await town.open('globex', [by('a', false), by('b', true)], {
      policies: policyTemplates.openTo({}),
    });
    for (let i = 0; i < 3; i += 1) await globex.executeTask(task, { idempotencyKey: 'same' });
    expect(done).toEqual(['b']);
  });
});
