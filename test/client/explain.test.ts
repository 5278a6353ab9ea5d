import { describe, expect, it } from 'vitest';
import { advice } from '../../src/base/advice.ts';
import { cedar, gateOrder, MeshError, policyTemplates } from '../../src/index.ts';
import { echo, failure, Town } from './rig.ts';

const task = { type: 'echo', data: 'hi' };

describe('explain', () => {
  it('shows every gate of every candidate in order, and what would make it pass', async () => {
    await using town = new Town();
    const globex = await town.open('globex', [echo], { region: 'us-east-1' });
    const acme = await town.open('acme', [], {
      policies: cedar`
        @id("no-echo") @advice("Ask for math instead.")
        forbid (principal, action == Action::"task.send", resource) when { context.capability == "echo" };`,
    });
    await acme.federate(globex.did);
    const error = await failure(acme.executeTask({ ...task, sovereignty: 'EU' }));
    expect(error.code).toBe('POLICY_DENIED');
    const { candidates, ...rest } = await acme.explain(String(error.params['task']));
    expect(rest).toEqual({ task: error.params['task'], type: 'echo', state: 'failed' });
    expect(candidates).toHaveLength(1);
    const [candidate] = candidates;
    expect(candidate).toMatchObject({
      peer: globex.did,
      agent: `${globex.did}#main/echo`,
      passes: false,
    });
    expect(candidate!.refusedBefore).toMatchObject({ gate: 'policy', code: 'POLICY_DENIED' });
    const order = candidate!.verdicts.map(({ gate }) => gateOrder.indexOf(gate));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    const refusals = candidate!.verdicts.filter(({ passes }) => !passes);
    expect(refusals).toMatchObject([
      { gate: 'policy', help: 'Ask for math instead.' },
      {
        gate: 'sovereignty',
        help: advice.SOVEREIGNTY_NO_REGION,
        refusal: { params: { zone: 'US' } },
      },
    ]);
  });

  it('shows of an own agent how the receiving side stands too, and who did the task', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    const { receipt, agent } = await mesh.executeTask(task);
    const explained = await mesh.explain(receipt.task);
    expect(explained).toMatchObject({ state: 'completed', agent: agent.id });
    const directions = new Set(explained.candidates[0]!.verdicts.map(({ direction }) => direction));
    expect([...directions]).toEqual(['send', 'receive']);
    expect(explained.candidates[0]!.passes).toBe(true);
  });

  it('holds the budget of the call against the price', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [{ ...echo, pricing: { perQuery: 9n } }]);
    const error = await failure(mesh.executeTask(task, { budget: { credits: 3n } }));
    const { candidates } = await mesh.explain(String(error.params['task']));
    const refused = candidates[0]!.verdicts.filter(({ passes }) => !passes);
    expect(refused).toMatchObject([{ gate: 'budget', refusal: { params: { cost: '9' } } }]);
  });

  it('follows what has changed since', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    await mesh.policy.publish(
      cedar`@id("no") forbid (principal, action == Action::"task.send", resource);`,
    );
    const error = await failure(mesh.executeTask(task));
    await mesh.policy.withdraw(['no']);
    const { candidates } = await mesh.explain(String(error.params['task']));
    expect(candidates[0]).toMatchObject({ passes: true, refusedBefore: { gate: 'policy' } });
  });

  it('tells gates that nobody will do the task, and bounds those that do not answer', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo], { policies: policyTemplates.openTo({}) });
    const asked: (true | undefined)[] = [];
    mesh.use({ name: 'asker', start: (host) => host }).gate('approval', {
      before: ({ explaining, direction }) => {
        if (direction === 'send') asked.push(explaining);
        if (explaining === true)
          throw new MeshError('APPROVAL_DENIED', { title: 'nobody was asked' });
      },
    });
    const { receipt } = await mesh.executeTask(task);
    const { candidates } = await mesh.explain(receipt.task);
    expect(asked).toEqual([undefined, true]);
    expect(candidates[0]!.verdicts.at(-1)).toMatchObject({ gate: 'approval', passes: false });
  });

  it('does not know what was never tried here, and forgets the oldest', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [echo]);
    expect(await failure(mesh.explain('task-x'))).toMatchObject({
      code: 'NOT_FOUND',
      params: { id: 'task-x' },
    });
    const { receipt } = await mesh.executeTask(task);
    for (let i = 0; i < 256; i += 1) await mesh.executeTask(task);
    expect((await failure(mesh.explain(receipt.task))).code).toBe('NOT_FOUND');
  });
});
