import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { signReceipt } from '../../src/core/audit/receipts.ts';
import { Federation } from '../../src/core/federation/index.ts';
import { KeyRing } from '../../src/core/identity/index.ts';
import {
  type AgentDefinition,
  cedar,
  type Did,
  type HandlerContext,
  Identity,
  type Link,
  type Logger,
  type MeshClient,
  MeshError,
  type Model,
  memoryStore,
  memoryTransport,
  policyTemplates,
  type TaskPart,
  type Transport,
} from '../../src/index.ts';
import { nodeCrypto } from '../../src/platform/node-crypto.ts';
import { systemClock } from '../../src/platform/system-clock.ts';
import { systemRandom } from '../../src/platform/system-random.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { echo, failure, Town, until } from './rig.ts';

const task = { type: 'echo', data: 'hi' };

/** acme, federated with globex, which offers `agents`. */
async function pair(
  town: Town,
  agents: readonly AgentDefinition[],
  policies = policyTemplates.openTo({}),
) {
  const globex = await town.open('globex', agents, { policies });
  const acme = await town.open('acme');
  const link = await acme.federate(globex.did);
  return { acme, globex, link };
}

const forever = (): Promise<never> => new Promise(() => undefined);

describe('creating an agent', () => {
  it.each([
    [{ name: '', capabilities: [], handler: echo.handler! }, 'agent.name'],
    [{ name: ' x', capabilities: [], handler: echo.handler! }, 'agent.name'],
    [{ name: 'x', capabilities: 'echo' as never, handler: echo.handler! }, 'agent.capabilities'],
    [{ name: 'x', capabilities: [''], handler: echo.handler! }, 'agent.capabilities[0]'],
    [{ name: 'x', capabilities: [], concurrency: 0, handler: echo.handler! }, 'agent.concurrency'],
    [{ name: 'x', capabilities: [] }, 'agent.handler'],
    [{ name: 'x', capabilities: [], handler: echo.handler!, model: 'm' }, 'agent.handler'],
  ] as [AgentDefinition, string][])('refuses %o', async (definition, argument) => {
    await using town = new Town();
    expect(await failure(() => town.org('acme').createAgent(definition))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument },
    });
  });

  it('refuses a name that is taken, until its holder has retired', async () => {
    await using town = new Town();
    const mesh = town.org('acme');
    const agent = mesh.createAgent(echo);
    expect(await failure(() => mesh.createAgent(echo))).toMatchObject({ code: 'ALREADY_EXISTS' });
    await agent.retire();
    mesh.createAgent(echo);
    await agent.retire();
    expect((await mesh.executeTask(task)).output).toBe('hi');
  });

  it.each(['gpt-9', 'toString', '__proto__'])('refuses the unknown model %s', async (model) => {
    await using town = new Town();
    const mesh = town.org('acme', { models: {} });
    expect(
      await failure(() => mesh.createAgent({ name: 'm', capabilities: ['m'], model })),
    ).toMatchObject({ code: 'MODEL_UNKNOWN', params: { model } });
  });

  it('that retires at once is announced to nobody', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const agent = mesh.createAgent(echo);
    await agent.retire();
    // Whatever was said of it before has been said by the time of the next announcement.
    await mesh.discovery.announce({ name: 'other', capabilities: ['other'] });
    expect(mesh.discovery.records().map(({ name }) => name)).toEqual(['other']);
    expect(await failure(mesh.executeTask(task))).toMatchObject({ code: 'AGENT_NOT_FOUND' });
  });

  it('may have a name with a slash', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const agent = mesh.createAgent({ ...echo, name: 'team/echo' });
    expect((await mesh.call(agent, 'x')).agent.id).toBe(agent.id);
  });
});

describe('a task', () => {
  it('is done by an own agent, with a receipt', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    const result = await mesh.executeTask(task);
    expect(result).toMatchObject({ output: 'hi', agent: { meshId: mesh.did } });
    expect(result.receipt).toMatchObject({
      by: mesh.did,
      for: mesh.did,
      type: 'echo',
      outcome: 'ok',
    });
    await mesh.audit.verifyReceipt(result.receipt, { input: 'hi', output: 'hi' });
    expect(await failure(mesh.audit.verifyReceipt(result.receipt, { output: 'ho' }))).toMatchObject(
      {
        code: 'RECEIPT_INVALID',
      },
    );
  });

  it('is done by the agent of another organisation, and both keep the receipt', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town, [echo]);
    const { receipt, output } = await acme.executeTask(task);
    expect(output).toBe('hi');
    for (const mesh of [acme, globex]) {
      const kept = await Array.fromAsync(mesh.audit.entries({ kind: 'task' }));
      expect(kept.map(({ body }) => (body as { id: string }).id)).toEqual([receipt.id]);
    }
    expect(acme.trust.score(globex.did).score).toBeGreaterThan(0);
  });

  it('carries bytes and vectors both ways', async () => {
    await using town = new Town();
    const { acme } = await pair(town, [echo]);
    const data = { bytes: Uint8Array.of(1, 2), nested: [{ vector: Float32Array.of(0.5, -1) }] };
    expect((await acme.executeTask({ type: 'echo', data })).output).toEqual(data);
  });

  it('goes to the organisation named with `to`, even past own agents', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town, [{ ...echo, handler: () => 'theirs' }]);
    acme.createAgent({ ...echo, handler: () => 'ours' });
    expect((await acme.executeTask(task)).output).toBe('ours');
    expect((await acme.executeTask(task, { to: globex.did })).output).toBe('theirs');
  });

  it('fails with AGENT_NOT_FOUND when nobody offers it, here or at `to`', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town, [echo]);
    const unknown = { type: 'fly', data: null };
    expect(await failure(acme.executeTask(unknown))).toMatchObject({ code: 'AGENT_NOT_FOUND' });
    expect(await failure(acme.executeTask(unknown, { to: globex.did }))).toMatchObject({
      code: 'AGENT_NOT_FOUND',
    });
  });

  it.each([
    [{ type: '', data: 1 }, 'task.type'],
    [{ type: 'x' } as never, 'task.data'],
    [{ type: 'x', data: 1, sovereignty: 'Mars' } as never, 'task.sovereignty'],
  ])('that makes no sense stops at the door: %o', async (bad, at) => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    expect(await failure(mesh.executeTask(bad))).toMatchObject({
      code: 'SCHEMA_INVALID',
      params: { at },
    });
  });

  it('without an answer in time ends with TASK_TIMEOUT on time at both ends, and the node goes on', async () => {
    await using town = new Town();
    const clock = virtualClock();
    const signals: AbortSignal[] = [];
    const hanging: AgentDefinition = {
      name: 'hanging',
      capabilities: ['hang'],
      concurrency: 1,
      handler: ({ signal }) => {
        signals.push(signal);
        return forever();
      },
    };
    const globex = await town.open('globex', [hanging, echo], { clock });
    const acme = await town.open('acme', [], { clock });
    await acme.federate(globex.did);
    const failed: unknown[] = [];
    globex.on('task.failed', ({ data }) => failed.push(data.code));
    const begun = clock.monotonic();
    let ended = 0;
    const running = failure(
      acme.executeTask({ type: 'hang', data: null }, { timeout: '2s' }).finally(() => {
        ended = clock.monotonic() - begun;
      }),
    );
    await until(() => signals.length === 1);
    await clock.advance('1999ms');
    expect(ended).toBe(0);
    await clock.advance('1ms');
    expect(await running).toMatchObject({ code: 'TASK_TIMEOUT', params: { ms: 2_000 } });
    expect(ended).toBe(2_000);
    await clock.advance('10ms');
    expect(signals[0]!.aborted).toBe(true);
    await until(() => failed.length > 0);
    // Which end's clock rings first is chance; an agent that is told sees its caller's reason.
    expect(['TASK_TIMEOUT', 'ABORTED']).toContain(failed[0]);
    expect((await acme.executeTask(task)).output).toBe('hi');
    await until(() => globex.federation.open().handlers === 0);
  });

  it('is cancelled by its signal, and the handler is told', async () => {
    await using town = new Town();
    const seen = Promise.withResolvers<AbortSignal>();
    const { acme } = await pair(town, [
      {
        name: 'slow',
        capabilities: ['slow'],
        handler: ({ signal }) => {
          seen.resolve(signal);
          return forever();
        },
      },
    ]);
    const stop = new AbortController();
    const running = failure(acme.executeTask({ type: 'slow', data: 1 }, { signal: stop.signal }));
    const signal = await seen.promise;
    stop.abort();
    expect(await running).toMatchObject({ code: 'ABORTED' });
    await until(() => signal.aborted);
  });

  it('beyond the concurrency of an agent is refused with OVERLOADED', async () => {
    await using town = new Town();
    const hold = Promise.withResolvers<string>();
    const { acme, globex } = await pair(town, [
      { name: 'one', capabilities: ['one'], concurrency: 1, handler: () => hold.promise },
    ]);
    const first = acme.executeTask({ type: 'one', data: 1 });
    await until(() => globex.federation.open().handlers === 1);
    expect(await failure(acme.executeTask({ type: 'one', data: 2 }))).toMatchObject({
      code: 'OVERLOADED',
    });
    hold.resolve('done');
    expect((await first).output).toBe('done');
  });
});

describe('what a handler throws', () => {
  const secret = 'password 1234 in /home/globex/app.ts';

  it.each([
    [
      'an Error',
      () => {
        throw new Error(secret);
      },
    ],
    ['a rejected promise', () => Promise.reject(new TypeError(secret))],
    [
      'something odd',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- people do
        throw secret;
      },
    ],
    ['an output nobody can pack', () => ({ run: () => secret })],
    [
      'a generator',
      async function* (): AsyncGenerator<TaskPart, never, undefined> {
        yield await Promise.resolve({ kind: 'text', text: 'x' } as const);
        throw new Error(secret);
      },
    ],
  ] as [string, () => never][])(
    'is %s: the caller gets TASK_FAILED and nothing more',
    async (_, handler) => {
      await using town = new Town();
      const lines: unknown[] = [];
      const logger: Logger = { log: (...line) => lines.push(line) };
      const globex = await town.open(
        'globex',
        [{ name: 'bad', capabilities: ['bad'], handler }, echo],
        { logger },
      );
      const acme = await town.open('acme');
      await acme.federate(globex.did);
      const error = await failure(acme.executeTask({ type: 'bad', data: 1 }));
      expect([error.code, error.cause]).toEqual(['TASK_FAILED', undefined]);
      expect(JSON.stringify([error.message, error.params, error.stack])).not.toMatch(
        /1234|app\.ts/,
      );
      expect(Object.keys(error.params)).toEqual(['task']);
      expect(lines).toHaveLength(1);
      expect((await acme.executeTask(task)).output).toBe('hi');
    },
  );

  it('is a MeshError of other work: it is not mistaken for this one and does not move the task on', async () => {
    await using town = new Town();
    let ran = 0;
    const asking = (): AgentDefinition => ({
      name: 'asker',
      capabilities: ['ask'],
      handler: async ({ mesh }: HandlerContext) => {
        ran += 1;
        return (await mesh.executeTask({ type: 'nowhere', data: 1 })).output;
      },
    });
    const globex = await town.open('globex', [asking()]);
    const initech = await town.open('initech', [asking()]);
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    await acme.federate(initech.did);
    expect(await failure(acme.executeTask({ type: 'ask', data: 1 }))).toMatchObject({
      code: 'TASK_FAILED',
    });
    expect(ran).toBe(1);
  });

  it('tells the application at home what it was', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town, [
      { name: 'bad', capabilities: ['bad'], handler: () => Promise.reject(new Error(secret)) },
    ]);
    const failed: unknown[] = [];
    globex.on('task.failed', ({ data, peer }) => failed.push([data.code, peer]));
    await failure(acme.executeTask({ type: 'bad', data: 1 }));
    expect(failed).toEqual([['TASK_FAILED', acme.did]]);
  });
});

describe('a streamed answer', () => {
  const counting: AgentDefinition = {
    name: 'count',
    capabilities: ['count'],
    async *handler({ input }: HandlerContext) {
      for (let i = 1; i <= Number(input); i += 1) {
        yield await Promise.resolve({
          kind: 'progress',
          note: 'counting',
          fraction: i / Number(input),
        });
      }
      yield { kind: 'data', data: Uint8Array.of(7) };
      yield { kind: 'text', text: 'ready' };
      return 'counted';
    },
  };

  it.each(['own', 'remote'])(
    'gives its parts in order and then the result (%s agent)',
    async (where) => {
      await using town = new Town();
      const { acme } = await pair(town, where === 'own' ? [] : [counting]);
      if (where === 'own') acme.createAgent(counting);
      const run = acme.stream({ type: 'count', data: 2 });
      const parts = await Array.fromAsync(run);
      expect(parts).toEqual([
        { kind: 'progress', note: 'counting', fraction: 0.5 },
        { kind: 'progress', note: 'counting', fraction: 1 },
        { kind: 'data', data: Uint8Array.of(7) },
        { kind: 'text', text: 'ready' },
      ]);
      expect((await run.result).output).toBe('counted');
    },
  );

  it('gives the result alone to a caller that does not stream', async () => {
    await using town = new Town();
    const { acme } = await pair(town, [counting]);
    expect((await acme.executeTask({ type: 'count', data: 3 })).output).toBe('counted');
  });

  it('that is left early is cancelled: the handler is told and may tidy up', async () => {
    await using town = new Town();
    const seen: string[] = [];
    const { acme, globex } = await pair(town, [
      {
        name: 'endless',
        capabilities: ['endless'],
        async *handler({ signal }): AsyncGenerator<TaskPart, never, undefined> {
          signal.addEventListener('abort', () => seen.push('told'));
          try {
            for (;;) {
              yield { kind: 'text', text: 'more' };
              await new Promise((resolve) => setImmediate(resolve));
            }
          } finally {
            seen.push('tidied up');
          }
        },
      },
    ]);
    const run = acme.stream({ type: 'endless', data: null });
    let parts = 0;
    for await (const part of run) {
      expect(part).toEqual({ kind: 'text', text: 'more' });
      if ((parts += 1) === 3) break;
    }
    expect(await failure(run.result)).toMatchObject({ code: 'ABORTED' });
    await until(() => seen.length === 2);
    expect(seen).toEqual(['told', 'tidied up']);
    await until(() => globex.federation.open().handlers === 0);
  });

  it('that fails throws in the loop and in the result', async () => {
    await using town = new Town();
    const { acme } = await pair(town, [
      {
        name: 'half',
        capabilities: ['half'],
        async *handler() {
          yield await Promise.resolve({ kind: 'text', text: 'half' } as const);
          throw new Error('no more');
        },
      },
    ]);
    const run = acme.stream({ type: 'half', data: null });
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const part of run) got.push(part);
    })();
    expect(await failure(reading)).toMatchObject({ code: 'TASK_FAILED' });
    expect(await failure(run.result)).toMatchObject({ code: 'TASK_FAILED' });
    expect(got).toEqual([{ kind: 'text', text: 'half' }]);
  });
});

describe('typed input and output', () => {
  const forecast: AgentDefinition<{ region: string }, { degrees: number }> = {
    name: 'forecast',
    capabilities: ['forecast'],
    input: z.object({ region: z.string() }),
    output: z.object({ degrees: z.number() }),
    handler: ({ input }) => ({ degrees: input.region === 'pole' ? ('cold' as never) : 20 }),
  };

  it('are checked at the agent, and the place is named to the caller', async () => {
    await using town = new Town();
    const { acme } = await pair(town, [forecast as never]);
    const ask = (data: unknown) => acme.executeTask({ type: 'forecast', data });
    expect((await ask({ region: 'sea' })).output).toEqual({ degrees: 20 });
    expect(await failure(ask({ region: 7 }))).toMatchObject({
      code: 'SCHEMA_INVALID',
      params: { at: 'input.region' },
    });
    expect(await failure(ask({ region: 'pole' }))).toMatchObject({
      code: 'SCHEMA_INVALID',
      params: { at: 'output.degrees' },
    });
  });

  it('reach the handler as the schema gives them back', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const agent = mesh.createAgent({
      name: 'trim',
      capabilities: ['trim'],
      input: z.object({ text: z.string().trim(), times: z.number().default(2) }),
      handler: ({ input }) => input.text.repeat(input.times),
    });
    const { output } = await mesh.call(agent, { text: ' a ' } as never);
    expect(output).toBe('aa');
  });
});

describe('models', () => {
  const usage = { inputTokens: 3, outputTokens: 4 };
  const model: Model = {
    id: 'parrot',
    run: ({ input }) => Promise.resolve({ output: `${String(input)}!`, usage }),
  };

  it.each([
    ['by name', 'parrot'],
    ['as an object', model],
  ])('%s answer with what they used', async (_, given) => {
    await using town = new Town();
    const globex = await town.open('globex', [], { models: { parrot: model } });
    const agent = globex.createAgent({ name: 'parrot', capabilities: ['talk'], model: given });
    const own = await globex.call(agent, 'hello');
    expect(own).toMatchObject({ output: 'hello!', usage: { ...usage, totalTokens: 7 } });
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    const theirs = await acme.executeTask({ type: 'talk', data: 'hi' });
    expect(theirs).toMatchObject({ output: 'hi!', usage: { totalTokens: 7 } });
    expect(theirs.receipt.usage?.tokens).toBe(7);
  });
});

describe('an idempotency key', () => {
  const counter = () => {
    const seen = { runs: 0 };
    const agent: AgentDefinition = {
      name: 'counter',
      capabilities: ['count'],
      handler: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return (seen.runs += 1);
      },
    };
    return { seen, agent };
  };

  it.each(['own', 'remote'])(
    'has twenty calls at once run once, with one result and one receipt (%s agent)',
    async (where) => {
      await using town = new Town();
      const { agent, seen } = counter();
      const { acme } = await pair(town, where === 'own' ? [] : [agent]);
      if (where === 'own') acme.createAgent(agent);
      const order = () =>
        acme.executeTask({ type: 'count', data: 'order' }, { idempotencyKey: 'order-77' });
      const results = await Promise.all(Array.from({ length: 20 }, order));
      results.push(await order());
      expect(seen.runs).toBe(1);
      expect(new Set(results.map(({ output }) => output))).toEqual(new Set([1]));
      expect(new Set(results.map(({ receipt }) => JSON.stringify(receipt))).size).toBe(1);
    },
  );

  it('used for something else is refused', async () => {
    await using town = new Town();
    const { agent } = counter();
    const { acme } = await pair(town, [agent]);
    const options = { idempotencyKey: 'k' };
    await acme.executeTask({ type: 'count', data: 1 }, options);
    expect(await failure(acme.executeTask({ type: 'count', data: 2 }, options))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'idempotencyKey' },
    });
  });

  it.each(['', 'x'.repeat(257)])(
    'that no header carries is refused before anything is sent: %#',
    async (idempotencyKey) => {
      await using town = new Town();
      const { agent, seen } = counter();
      const { acme, link } = await pair(town, [agent]);
      const error = await failure(acme.executeTask({ type: 'count', data: 1 }, { idempotencyKey }));
      expect(error).toMatchObject({
        code: 'SCHEMA_INVALID',
        params: { at: 'options.idempotencyKey' },
      });
      expect([seen.runs, link.state]).toEqual([0, 'active']);
    },
  );

  it('under which the task was refused may be used again', async () => {
    await using town = new Town();
    const { agent, seen } = counter();
    const globex = town.org('globex');
    globex.createAgent(agent);
    await globex.start();
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    const order = () => acme.executeTask({ type: 'count', data: 1 }, { idempotencyKey: 'k' });
    expect(await failure(order())).toMatchObject({ code: 'POLICY_DENIED' });
    await globex.policy.publish(policyTemplates.openTo({}));
    expect([(await order()).output, (await order()).output, seen.runs]).toEqual([1, 1, 1]);
  });

  it('of one caller says nothing about the same key of another', async () => {
    await using town = new Town();
    const { agent, seen } = counter();
    const { acme, globex } = await pair(town, [agent]);
    const initech = await town.open('initech');
    await initech.federate(globex.did);
    for (const caller of [acme, initech]) {
      await caller.executeTask({ type: 'count', data: 1 }, { idempotencyKey: 'same' });
    }
    expect(seen.runs).toBe(2);
  });
});

describe('who gets the task', () => {
  const named = (name: string): AgentDefinition => ({ ...echo, handler: () => name });

  it('is whom the caller trusts most', async () => {
    await using town = new Town();
    const names = ['a', 'b', 'c', 'd'];
    const orgs: MeshClient[] = [];
    for (const name of names) orgs.push(await town.open(name, [named(name)]));
    const acme = await town.open('acme');
    for (const { did } of orgs) await acme.federate(did);
    for (let i = 0; i < 3; i += 1) await acme.executeTask(task, { to: orgs[2]!.did });
    expect((await acme.executeTask(task)).output).toBe('c');
  });

  it('is the next best when the best has gone', async () => {
    await using town = new Town();
    const [best, next] = [
      await town.open('best', [named('best')]),
      await town.open('next', [named('next')]),
    ];
    const acme = await town.open('acme');
    for (const { did } of [best, next]) await acme.federate(did);
    await acme.executeTask(task, { to: best.did });
    expect((await acme.executeTask(task)).output).toBe('best');
    await best.close();
    expect((await acme.executeTask(task)).output).toBe('next');
  });

  it('is the next best at once when the link to the best is cut before the task is on it', async () => {
    await using town = new Town();
    const best = await town.open('best', [named('best')]);
    const next = await town.open('next', [named('next')]);
    const { transport, hold, cut } = cuttable(memoryTransport({ hub: town.hub }), best.did);
    const acme = await town.open('acme', [], { transport });
    for (const { did } of [best, next]) await acme.federate(did);
    await acme.executeTask(task, { to: best.did });
    hold();
    const asking = acme.executeTask(task, { timeout: '3s' });
    await until(() => acme.federation.open().streams > 0);
    cut();
    expect((await asking).output).toBe('next');
  });

  it('is the next best when the best is busy', async () => {
    await using town = new Town();
    const hold = Promise.withResolvers<string>();
    const best = await town.open('best', [
      {
        ...echo,
        concurrency: 1,
        handler: ({ input }) => (input === 'hold' ? hold.promise : 'best'),
      },
    ]);
    const next = await town.open('next', [named('next')]);
    const acme = await town.open('acme');
    for (const { did } of [best, next]) await acme.federate(did);
    await acme.executeTask(task, { to: best.did });
    const held = acme.executeTask({ type: 'echo', data: 'hold' }, { to: best.did });
    await until(() => best.federation.open().handlers === 1);
    expect((await acme.executeTask(task)).output).toBe('next');
    hold.resolve('held');
    await held;
  });

  it('is nobody else when the best took it and was then lost', async () => {
    await using town = new Town();
    let ran = 0;
    const vanishing = (): AgentDefinition => ({
      ...echo,
      handler: () => {
        ran += 1;
        return forever();
      },
    });
    const best = await town.open('best', [vanishing()]);
    const next = await town.open('next', [vanishing()]);
    const acme = await town.open('acme');
    for (const { did } of [best, next]) await acme.federate(did);
    const error = failure(acme.executeTask(task));
    await until(() => ran === 1);
    for (const gone of [best, next])
      if (gone.federation.open().handlers > 0) await gone.close({ drain: 0 });
    expect(await error).toMatchObject({ code: 'PEER_UNREACHABLE', params: { sent: true } });
    expect(ran).toBe(1);
  });

  it('is found behind any number of strangers that may not be asked', async () => {
    await using town = new Town();
    const crowd = Array.from({ length: 40 }, (_, i) => ({ ...echo, name: `crowd-${String(i)}` }));
    const acme = await town.open('acme');
    const sybil = await town.open('aaa', crowd);
    const friend = await town.open('friend', [named('friend')]);
    await acme.federate(friend.did);
    await acme.federation.connect(sybil.did);
    await acme.discovery.compare(sybil.did);
    expect(acme.discovery.records({ meshId: sybil.did })).toHaveLength(40);
    expect((await acme.executeTask(task)).output).toBe('friend');
  });
});

describe('a refusal', () => {
  it('by the own policy names the gate and what decided', async () => {
    await using town = new Town();
    const { acme, globex } = await pair(town, [echo]);
    await acme.policy.publish(cedar`@id("not-today") @advice("Come back tomorrow.")
      forbid (principal, action == Action::"task.send", resource);`);
    const error = await failure(acme.executeTask(task));
    expect(error).toMatchObject({
      code: 'POLICY_DENIED',
      params: {
        gate: 'policy',
        action: 'task.send',
        determining: 'not-today',
        advice: 'Come back tomorrow.',
      },
    });
    expect(error.params['refused']).toMatchObject([
      { gate: 'policy', peer: globex.did, code: 'POLICY_DENIED' },
    ]);
  });

  it('without a bond says that nothing permits it', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const acme = await town.open('acme');
    expect(await failure(acme.executeTask(task, { to: globex.did }))).toMatchObject({
      code: 'POLICY_DENIED',
      params: { gate: 'policy', determining: 'nothing permits it' },
    });
    expect(acme.federation.peers()).toEqual([]);
  });

  it('of several kinds becomes NO_CANDIDATE with each gate', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const initech = await town.open('initech', [{ ...echo, pricing: { perQuery: 9n } }]);
    const acme = await town.open('acme');
    for (const { did } of [globex, initech]) await acme.federate(did);
    await acme.policy.publish(policyTemplates.quarantine(globex.did));
    const error = await failure(acme.executeTask(task, { budget: { credits: 5n } }));
    expect(error.code).toBe('NO_CANDIDATE');
    const refusals = error.params['refusals'] as { gate: string; peer: Did; code: string }[];
    expect(new Map(refusals.map(({ peer, gate, code }) => [peer, `${gate} ${code}`]))).toEqual(
      new Map([
        [globex.did, 'policy POLICY_DENIED'],
        [initech.did, 'budget BUDGET_EXCEEDED'],
      ]),
    );
    // Two strangers: which of them was drawn first is chance.
    expect(error.message).toContain(refusals[0]!.peer.slice(0, 30));
  });

  it('is what every node gives to strangers: closed by default, and no policy is named', async () => {
    await using town = new Town();
    let ran = 0;
    const globex = town.org('globex');
    globex.createAgent({ ...echo, handler: () => (ran += 1) });
    await globex.start();
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    expect(await failure(acme.executeTask(task))).toMatchObject({
      code: 'POLICY_DENIED',
      params: { action: 'task.receive', determining: 'by the receiver' },
    });
    await globex.policy.publish(cedar`@id("secret-list") @advice("Pay our secret fee.")
      forbid (principal, action == Action::"task.receive", resource);`);
    const error = await failure(acme.executeTask(task));
    expect(JSON.stringify([error.message, error.params])).not.toMatch(/secret/);
    expect(ran).toBe(0);
  });

  it('for lack of trust works in both directions', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo]);
    const picky = await town.open('picky', [echo], { minTrust: 10 });
    await picky.federate(globex.did);
    expect(await failure(picky.executeTask(task, { to: globex.did }))).toMatchObject({
      code: 'TRUST_TOO_LOW',
      params: { gate: 'trust', peer: globex.did, needed: 10, score: 0 },
    });
    await globex.federate(picky.did);
    const error = await failure(globex.executeTask(task, { to: picky.did }));
    expect(error).toMatchObject({ code: 'TRUST_TOO_LOW', params: { because: 'by the receiver' } });
    expect((await picky.executeTask(task)).output).toBe('hi');
  });

  it('for a place keeps data where the task wants it', async () => {
    await using town = new Town();
    const berlin = await town.open('berlin', [{ ...echo, handler: () => 'berlin' }], {
      region: 'eu-central-1',
    });
    const boston = await town.open('boston', [{ ...echo, handler: () => 'boston' }], {
      region: 'us-east-1',
    });
    const nowhere = await town.open('nowhere', [{ ...echo, handler: () => 'nowhere' }]);
    const acme = await town.open('acme');
    for (const { did } of [boston, nowhere, berlin]) await acme.federate(did);
    const run = (sovereignty: 'EU' | 'no-EU' | 'US', to?: Did) =>
      acme.executeTask({ ...task, sovereignty }, to === undefined ? {} : { to });
    expect((await run('EU')).output).toBe('berlin');
    expect((await run('no-EU')).output).toBe('boston');
    for (const [rule, to] of [
      ['EU', boston.did],
      ['EU', nowhere.did],
      ['no-EU', nowhere.did],
      ['no-EU', berlin.did],
    ] as const) {
      expect(await failure(run(rule, to))).toMatchObject({ code: 'SOVEREIGNTY_NO_REGION' });
    }
  });
});

describe('a peer that answers for itself', () => {
  const same = (reply: Reply): Reply => reply;
  const lies: readonly { lie: string; twist: (reply: Reply) => unknown; facts?: object }[] = [
    { lie: 'another output', twist: (reply) => ({ ...reply, output: 'ho' }) },
    { lie: 'another task', twist: same, facts: { task: 'task-else' } },
    { lie: 'another caller', twist: same, facts: { for: 'did:key:z6MkSomebodyElse' } },
    { lie: 'a failure as success', twist: same, facts: { outcome: 'failed' } },
    { lie: 'another type', twist: same, facts: { type: 'else' } },
    { lie: 'an agent that is not its own', twist: same, facts: { agent: 'did:key:z1#main/a' } },
    { lie: 'another input', twist: same, facts: { input: 'else' } },
    {
      lie: 'itself under a broken signature',
      twist: (reply) => ({ ...reply, receipt: { ...reply.receipt, region: 'eu' } }),
    },
  ];

  it.each(lies)('with a receipt for $lie is not believed', async ({ twist, facts }) => {
    await using town = new Town();
    await using peer = await Handwritten.open(town, twist, facts);
    const acme = await town.open('acme');
    await acme.federate(peer.did);
    expect(await failure(acme.executeTask(task, { to: peer.did }))).toMatchObject({
      code: 'RECEIPT_INVALID',
    });
    expect(acme.trust.score(peer.did).score).toBe(0);
    expect(await Array.fromAsync(acme.audit.entries({ kind: 'task' }))).toEqual([]);
  });

  it.each([{}, { receipt: {} }, null, 'hi'])('with %o is refused by its form', async (answer) => {
    await using town = new Town();
    await using peer = await Handwritten.open(town, () => answer);
    const acme = await town.open('acme');
    await acme.federate(peer.did);
    expect(await failure(acme.executeTask(task, { to: peer.did }))).toMatchObject({
      code: 'SCHEMA_INVALID',
    });
  });

  it('and says the truth is believed', async () => {
    await using town = new Town();
    await using peer = await Handwritten.open(town, same);
    const acme = await town.open('acme');
    await acme.federate(peer.did);
    expect((await acme.executeTask(task, { to: peer.did })).output).toBe('hi');
    expect(acme.trust.score(peer.did).score).toBeGreaterThan(0);
  });
});

interface Reply {
  readonly output: unknown;
  readonly receipt: object;
}

/** A node made of a federation alone, which answers `task.run` with a receipt of its own making. */
class Handwritten implements AsyncDisposable {
  readonly #federation: Federation;

  constructor(federation: Federation) {
    this.#federation = federation;
  }

  static async open(
    town: Town,
    twist: (reply: Reply) => unknown,
    facts: object = {},
  ): Promise<Handwritten> {
    const identity = await Identity.create({ did: 'did:mesh:app:handwritten' });
    const { did, signer } = identity;
    const ground = { clock: systemClock, random: systemRandom, crypto: nodeCrypto };
    const federation = new Federation({
      ...ground,
      identities: [identity],
      node: 'main',
      transports: [memoryTransport({ hub: town.hub, name: did })],
      store: memoryStore(),
      keys: new KeyRing({ ...ground, store: memoryStore() }),
      emit: () => undefined,
    });
    federation.handle('task.run', async ({ from, body }) => {
      const request = body as { readonly id: string; readonly data: unknown };
      const receipt = await signReceipt(
        {
          id: 'receipt-1',
          task: request.id,
          type: 'echo',
          agent: `${did}#main/echo`,
          by: did,
          for: from,
          at: new Date().toISOString(),
          outcome: 'ok',
          input: request.data,
          output: 'hi',
          policyVersion: 'v',
          ...facts,
        },
        signer,
      );
      return twist({ output: 'hi', receipt });
    });
    await federation.start();
    return new Handwritten(federation);
  }

  get did(): Did {
    return this.#federation.did;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#federation.close();
  }
}

/** A transport whose link to `peer` keeps what is sent once it is held; cut, it says so, and nobody answers there. */
function cuttable(inner: Transport, peer: Did) {
  let held = false;
  let unsent = 0;
  let link: Link | undefined;
  const dial: Transport['dial'] = async (to, context) => {
    if (!to.includes(peer)) return inner.dial(to, context);
    if (held) throw new MeshError('PEER_UNREACHABLE', { peer, detail: 'cut' });
    const real = await inner.dial(to, context);
    link = real;
    const bent: Partial<Link> = {
      send: (frame) => {
        if (held) unsent += 1;
        return held || real.send(frame);
      },
      receive: (handler) => {
        real.receive({
          frame: (bytes) => {
            handler.frame(bytes);
          },
          closed: (end) => {
            handler.closed({ ...end, unsent: end.unsent + unsent });
          },
        });
      },
    };
    return new Proxy(real, {
      get(_, name) {
        if (Object.hasOwn(bent, name)) return bent[name as keyof Link];
        const member: unknown = Reflect.get(real, name, real);
        if (typeof member !== 'function') return member;
        return (member as (...all: unknown[]) => unknown).bind(real);
      },
    });
  };
  return {
    transport: { ...inner, dial },
    hold: () => {
      held = true;
    },
    cut: () => {
      link?.abort(new Error('cut'));
    },
  };
}
