import { describe, expect, it } from 'vitest';
import { type Action, type AutonomyLevel, MeshClient, type MeshError } from '../../src/index.ts';
import { failure, Town } from './rig.ts';

function restart(done: string[], more: Partial<Action> = {}): Action {
  return {
    id: 'a-1',
    kind: 'agent.restart',
    input: { agent: 'echo' },
    risk: 'low',
    dryRun: async () => 'would restart echo',
    run: async () => {
      done.push('run');
    },
    undo: async () => {
      done.push('undo');
    },
    ...more,
  };
}

async function journal(mesh: MeshClient): Promise<unknown[]> {
  const entries = await Array.fromAsync(mesh.audit.entries({ kind: 'action' }));
  return entries.map(({ body }) => body);
}

describe('an action', () => {
  it('is only advised by default, with what it would do', async () => {
    await using town = new Town();
    const mesh = await town.open('acme');
    const done: string[] = [];
    const told: string[] = [];
    mesh.on('action.advised', ({ data }) => told.push(data.kind));
    expect(mesh.autonomy).toBe('advise');
    const result = await mesh.perform(restart(done));
    expect(result).toEqual({ verdict: 'advise', preview: 'would restart echo' });
    expect(done).toEqual([]);
    expect(told).toEqual(['agent.restart']);
    expect(await journal(mesh)).toMatchObject([{ action: 'a-1', verdict: 'advise', step: 'none' }]);
  });

  it.each<[AutonomyLevel, Partial<Action>, boolean, string]>([
    ['off', {}, false, 'ACTION_REFUSED'],
    ['off', {}, true, 'act'],
    ['off', { kind: 'quarantine', risk: 'high' }, false, 'act'],
    ['advise', { kind: 'rollback' }, false, 'act'],
    ['act-low-risk', {}, false, 'act'],
    ['act-low-risk', { risk: 'medium' }, false, 'advise'],
  ])('at level %s: %o, asked for: %s, is %s', async (autonomy, more, asked, expected) => {
    await using town = new Town();
    const mesh = await town.open('acme', [], { autonomy });
    const verdict = mesh.perform(restart([], more), { asked }).then(
      (result) => result.verdict,
      (error: unknown) => (error as MeshError).code,
    );
    expect(await verdict).toBe(expected);
  });

  it('is taken back once, with its lines in the journal', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [], { autonomy: 'act-low-risk' });
    const done: string[] = [];
    const result = await mesh.perform(restart(done));
    if (result.verdict !== 'act') throw new Error('it was not done');
    await Promise.all([result.undo?.(), result.undo?.()]);
    expect(done).toEqual(['run', 'undo']);
    const lines = (await journal(mesh)) as { step: string; phase: string }[];
    expect(lines.map(({ step, phase }) => `${step} ${phase}`)).toEqual([
      'run before',
      'run after',
      'undo before',
      'undo after',
    ]);
  });

  it('that fails is told, with its code', async () => {
    await using town = new Town();
    const mesh = await town.open('acme', [], { autonomy: 'act-low-risk' });
    const told: string[] = [];
    mesh.on('action.failed', ({ data }) => told.push(data.code));
    const run = (): Promise<never> => Promise.reject(new Error('no'));
    expect((await failure(mesh.perform(restart([], { run })))).code).toBe('INTERNAL');
    expect(told).toEqual(['INTERNAL']);
  });

  it('is of a level that exists', async () => {
    const making = () => new MeshClient({ autonomy: 'wild' as never });
    expect(await failure(making)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'autonomy' },
    });
  });
});
