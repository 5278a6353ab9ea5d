import { describe, expect, it } from 'vitest';
import { type AgentDefinition, cedar, type MeshEvent, memoryStore } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { echo, failure, Town, until } from './rig.ts';

const task = { type: 'echo', data: 'hi' };

describe('the life of an agent', () => {
  it('begins registered, and active once the client has started', async () => {
    await using town = new Town();
    const mesh = town.org('acme');
    const agent = mesh.createAgent(echo);
    expect(agent.state).toBe('registered');
    await mesh.start();
    expect(agent.state).toBe('active');
    expect(mesh.createAgent({ ...echo, name: 'late' }).state).toBe('active');
  });

  it('lets nobody reach one that is not active, and its record follows', async () => {
    await using town = new Town();
    const globex = await town.open('globex');
    const agent = globex.createAgent({ ...echo, active: false });
    const acme = await town.open('acme');
    await acme.federate(globex.did);
    const known = () => acme.discovery.records({ meshId: globex.did }).map(({ name }) => name);
    expect(agent.state).toBe('registered');
    expect(known()).toEqual([]);
    await agent.activate();
    await until(() => known().includes('echo'));
    expect((await acme.executeTask(task)).output).toBe('hi');
    await agent.suspend();
    await until(() => !known().includes('echo'));
    expect(await failure(acme.executeTask(task, { to: globex.did }))).toMatchObject({
      code: 'AGENT_NOT_FOUND',
    });
    await agent.activate();
    await until(() => known().includes('echo'));
    expect((await acme.executeTask(task)).output).toBe('hi');
  });

  it('drains: no new task reaches it, and it is done when the running ones are', async () => {
    await using town = new Town();
    const gate = Promise.withResolvers<string>();
    const started = Promise.withResolvers<undefined>();
    const slow: AgentDefinition = {
      ...echo,
      handler: () => {
        started.resolve(undefined);
        return gate.promise;
      },
    };
    const mesh = await town.open('acme');
    const agent = mesh.createAgent(slow);
    const running = mesh.executeTask(task);
    await started.promise;
    let drained = false;
    const draining = agent.drain().then(() => {
      drained = true;
    });
    expect(agent.state).toBe('draining');
    expect((await failure(mesh.executeTask(task))).code).toBe('AGENT_NOT_FOUND');
    expect(drained).toBe(false);
    gate.resolve('at last');
    expect((await running).output).toBe('at last');
    await draining;
  });

  it('says so when draining takes too long', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const started = Promise.withResolvers<undefined>();
    const agent = mesh.createAgent({
      ...echo,
      handler: () => {
        started.resolve(undefined);
        return new Promise(() => undefined);
      },
    });
    mesh.executeTask(task, { timeout: 500 }).catch(() => undefined);
    await started.promise;
    expect(await failure(agent.drain({ timeout: 50 }))).toMatchObject({ code: 'TIMEOUT' });
  });

  it('ends with retirement, from which there is no way back', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const agent = mesh.createAgent(echo);
    await agent.retire();
    expect(agent.state).toBe('retired');
    expect(await failure(agent.activate())).toMatchObject({ code: 'STATE_CONFLICT' });
  });

  it('is told as events, and policies can read its state', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [], {
      policies: cedar`
        @id("not-while-draining")
        forbid (principal, action == Action::"task.send", resource)
        when { resource has state && resource.state != "active" };`,
    });
    const changes: string[] = [];
    mesh.on('agent.changed', ({ data: { before, state } }) => changes.push(`${before} ${state}`));
    const agent = mesh.createAgent(echo);
    const decide = () =>
      mesh.policy.decideSync({ action: 'task.send', resource: `agent:${agent.id}` }).effect;
    expect(decide()).toBe('allow');
    await agent.suspend();
    expect(decide()).toBe('deny');
    await agent.activate();
    expect(decide()).toBe('allow');
    expect(changes).toEqual(['registered active', 'active suspended', 'suspended active']);

    // Of others one knows what they announce.
    const globex = await town.open('globex', [{ ...echo, name: 'theirs' }]);
    await mesh.federate(globex.did);
    await mesh.policy.publish(cedar`
      @id("known-to-work")
      forbid (principal, action == Action::"task.send", resource)
      unless { resource has state && resource.state == "active" };`);
    const theirs = (name: string) =>
      mesh.policy.decideSync({
        action: 'task.send',
        resource: `agent:${globex.did}#main/${name}`,
      }).determining;
    expect(theirs('theirs')).not.toContain('known-to-work');
    expect(theirs('unheard-of')).toContain('known-to-work');
  });
});

describe('triggers', () => {
  it('set an agent to work by the clock, once for all nodes on one store', async () => {
    await using town = new Town();
    const clock = virtualClock(Date.UTC(2030, 0, 1, 0, 0, 30));
    const store = memoryStore({ clock });
    const runs: unknown[] = [];
    const agent: AgentDefinition = {
      name: 'sweeper',
      capabilities: ['sweep'],
      triggers: [{ every: '1m' }],
      handler: ({ input }) => {
        runs.push(input);
        return 'swept';
      },
    };
    for (const node of ['one', 'two']) await town.open('acme', [agent], { clock, store, node });
    await clock.advance('3m');
    expect(runs).toHaveLength(3);
    expect(runs[0]).toMatchObject({
      trigger: { every: '1m' },
      due: Date.UTC(2030, 0, 1, 0, 1),
      missed: 0,
    });
  });

  it('set an agent to work by what happens, through every gate', async () => {
    await using town = new Town();
    const heard: MeshEvent[] = [];
    const mesh = await town.open('acme', [
      {
        name: 'listener',
        capabilities: ['listen'],
        triggers: [{ on: 'agent.retired' }],
        handler: ({ input }) => {
          heard.push((input as { event: MeshEvent }).event);
        },
      },
    ]);
    const receipts: string[] = [];
    mesh.on('task.completed', ({ data }) => receipts.push(data.type));
    await mesh.createAgent(echo).retire();
    await until(() => receipts.length === 1);
    expect(heard).toMatchObject([{ type: 'agent.retired', data: { name: 'echo' } }]);
    expect(receipts).toEqual(['listen']);
  });

  it('that would overlap themselves are left out, and that is told', async () => {
    await using town = new Town();
    const clock = virtualClock();
    const gate = Promise.withResolvers<string>();
    let runs = 0;
    const mesh = await town.open(
      'acme',
      [
        {
          name: 'slow',
          capabilities: ['slow'],
          triggers: [{ every: '10s' }],
          handler: () => {
            runs += 1;
            return gate.promise;
          },
        },
      ],
      { clock },
    );
    const told: unknown[] = [];
    mesh.on('trigger.failed', ({ data }) => told.push(data));
    await clock.advance('35s');
    expect(runs).toBe(1);
    expect(told).toMatchObject([{ name: 'slow', code: 'TRIGGER_OVERLAP' }]);
    gate.resolve('x');
  });

  it('rest while their agent is not in service, and are forgotten when it retires', async () => {
    await using town = new Town();
    const clock = virtualClock();
    let runs = 0;
    const mesh = await town.open('acme', [], { clock });
    const agent = mesh.createAgent({
      name: 'tick',
      capabilities: ['tick'],
      triggers: [{ every: '10s' }],
      handler: () => {
        runs += 1;
      },
    });
    const told: string[] = [];
    mesh.on('trigger.failed', ({ data }) => told.push(data.code));
    await agent.suspend();
    await clock.advance('30s');
    expect(runs).toBe(0);
    expect(told).toEqual([]);
    await agent.activate();
    await clock.advance('10s');
    expect(runs).toBe(1);
    await agent.retire();
    await clock.advance('30s');
    expect(runs).toBe(1);
    // Another of that name starts with a clean sheet.
    mesh.createAgent({
      name: 'tick',
      capabilities: ['tick'],
      triggers: [{ every: '10s' }],
      handler: () => {
        runs += 10;
      },
    });
    await clock.advance('10s');
    expect(runs).toBe(11);
    await mesh.close({ drain: 0 });
    expect(clock.timers).toBe(0);
  });

  it.each([
    [{ every: 0 }, 'every'],
    [{ cron: '61 * * * *' }, 'cron'],
    [{ cron: '* * * * *', timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ every: '1m' }, 'agent.triggers'],
  ])('refuses %o when the agent is made', async (trigger, argument) => {
    await using town = new Town();
    const triggers = [trigger, { every: '1m', catchUp: true }] as never;
    const making = () => town.org('acme').createAgent({ ...echo, triggers });
    const error = await failure(making);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(String(error.params['argument'])).toContain(argument);
  });
});
