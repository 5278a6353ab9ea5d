import { describe, expect, it } from 'vitest';
import { cedar, policyTemplates } from '../../src/index.ts';
import { failure, Town, until } from './rig.ts';

const echo = {
  name: 'echo',
  capabilities: ['echo'],
  handler: ({ input }: { input: unknown }) => input,
};

describe('feedback', () => {
  it('is signed evidence of who asked, and does not stand in the way of copies of the result', async () => {
    await using town = new Town();
    const acme = await town.open('acme');
    const globex = await town.open('globex', [echo]);
    await acme.federate(globex.did);
    const result = await acme.executeTask({ type: 'echo', data: 1 });
    expect(structuredClone(result)).toEqual(JSON.parse(JSON.stringify(result)));
    const before = acme.trust.score(globex.did);
    expect(before.evidence).toBe(1);
    const { acceptance } = await result.feedback(0.2, 'an echo, but a faint one');
    expect(acceptance).toMatchObject({
      by: acme.did,
      about: globex.did,
      score: 0.2,
      verdict: 'broken',
    });
    const after = acme.trust.score(globex.did);
    expect(after.score).toBeLessThan(before.score);
    expect(after.evidence).toBe(1);
    await expect(result.feedback(2)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('on oneself is refused', async () => {
    await using town = new Town();
    const acme = await town.open('acme', [echo]);
    const { feedback } = await acme.executeTask({ type: 'echo', data: 1 });
    expect((await failure(feedback(1))).code).toBe('RECEIPT_INVALID');
  });
});

describe('a peer in quarantine', () => {
  it('gets no task, gives none, is not listed, and cannot come in; and says so in explanations', async () => {
    await using town = new Town();
    const acme = await town.open('acme', [echo]);
    const globex = await town.open('globex', [echo]);
    await acme.federate(globex.did);
    await globex.federate(acme.did);
    await acme.trust.quarantine(globex.did, { reason: 'a test', evidence: {} });
    const refused = await failure(acme.executeTask({ type: 'echo', data: 1 }, { to: globex.did }));
    expect(refused).toMatchObject({
      code: 'PEER_QUARANTINED',
      params: { peer: globex.did, reason: 'a test' },
    });
    const { candidates } = await acme.explain(String(refused.params['task']));
    expect(JSON.stringify(candidates)).toContain('PEER_QUARANTINED');
    await until(() => !acme.federation.peers().includes(globex.did));
    expect(acme.discovery.records({ meshId: globex.did })).toEqual([]);
    const task = globex.executeTask({ type: 'echo', data: 1 }, { to: acme.did });
    expect((await failure(task)).code).toMatch(/^PEER_/);
    expect(globex.trust.notices()).toMatchObject([{ reason: 'a test', by: acme.did }]);
    const decision = acme.policy.decideSync({
      subject: globex.did,
      action: 'federate',
      resource: 'mesh',
    });
    expect(decision.determining).toContain('house/quarantined-subject');
    const again = failure(acme.federate(globex.did));
    expect((await again).code).toMatch(/POLICY_DENIED|PEER_REJECTED/);
  });

  it('is met again once it is released', async () => {
    await using town = new Town();
    const acme = await town.open('acme');
    const globex = await town.open('globex', [echo]);
    await acme.federate(globex.did);
    const { id } = await acme.trust.quarantine(globex.did, { reason: 'a test', evidence: {} });
    await until(() => !acme.federation.peers().includes(globex.did));
    await acme.trust.release(id);
    await until(() => acme.federation.peers().includes(globex.did));
    const { output } = await acme.executeTask({ type: 'echo', data: 7 }, { to: globex.did });
    expect(output).toBe(7);
    expect(acme.trust.score(globex.did).state).toBe('probation');
  });
});

describe('a rule marked as a violation', () => {
  const rule = cedar`@id("no-secrets") @violation("slash")
    forbid (principal, action == Action::"task.receive", resource)
    when { context.labels.contains("secret") };`;
  const secret = { type: 'echo', data: 1, labels: ['secret'] };

  it('has consequences for a peer that comes with such a task, not for questions or for oneself', async () => {
    await using town = new Town();
    const policies = [policyTemplates.openTo({}), rule];
    const acme = await town.open('acme', [echo], { policies });
    const globex = await town.open('globex');
    await globex.federate(acme.did);
    const question = {
      subject: globex.did,
      action: 'task.receive',
      resource: `agent:${acme.did}#main/echo`,
      context: { labels: ['secret'] },
    };
    expect(acme.policy.decideSync(question).violation).toMatchObject({ sanction: 'slash' });
    acme.policy.explain(question);
    await failure(acme.executeTask(secret));
    await globex.executeTask({ type: 'echo', data: 1 });
    expect(acme.trust.verdicts(globex.did)).toEqual([]);
    expect((await failure(globex.executeTask(secret))).code).toBe('POLICY_DENIED');
    await until(() => acme.trust.verdicts(globex.did).length === 1);
    const [{ verdict } = {}] = acme.trust.verdicts(globex.did);
    expect(verdict).toMatchObject({ type: 'SlashingAttestation', by: acme.did });
    expect(await acme.trust.proof(verdict!.evidence)).toMatchObject({ policies: ['no-secrets'] });
  });
});
