import { describe, expect, it } from 'vitest';
import { MeshError, type MeshErrorCode } from '../../../src/base/errors.ts';
import { mayAct, type PerformOptions, performAction } from '../../../src/core/tasks/index.ts';
import type { Action, ActionEntry, AutonomyLevel } from '../../../src/schema/action.ts';
import type { Risk } from '../../../src/schema/agent-record.ts';
import { virtualClock } from './rig.ts';

const levels: readonly AutonomyLevel[] = ['off', 'advise', 'act-low-risk'];
const risks: readonly Risk[] = ['low', 'medium', 'high'];

function code(expected: MeshErrorCode): object {
  return expect.objectContaining({ code: expected }) as object;
}

function setUp(more: Partial<PerformOptions> = {}) {
  const clock = virtualClock();
  const journal: ActionEntry[] = [];
  const record = async (entry: ActionEntry): Promise<void> => {
    journal.push(entry);
  };
  const done: string[] = [];
  const action = (change: Partial<Action<string, string>> = {}): Action<string, string> => ({
    id: 'a1',
    kind: 'agent.restart',
    input: 'adder',
    risk: 'low',
    dryRun: async () => 'would restart adder',
    run: async () => {
      done.push('run');
      return 'restarted';
    },
    undo: async (output) => {
      done.push(`undo ${output}`);
    },
    ...change,
  });
  const options: PerformOptions = { level: 'act-low-risk', clock, record, ...more };
  const lines = (): string[] => journal.map(({ step, phase }) => `${step} ${phase}`);
  return { clock, journal, done, action, options, lines };
}

describe('the autonomy level', () => {
  it('decides exactly so', () => {
    const standings = [
      { asked: false, safety: false },
      { asked: true, safety: false },
      { asked: false, safety: true },
      { asked: true, safety: true },
    ];
    const table = levels.flatMap((level) =>
      risks.map((risk) =>
        [level, risk, ...standings.map((standing) => mayAct(level, risk, standing))].join(' '),
      ),
    );
    // level, risk, unasked, asked, safety, both
    expect(table).toEqual([
      'off low refuse act act act',
      'off medium refuse act act act',
      'off high refuse act act act',
      'advise low advise act act act',
      'advise medium advise act act act',
      'advise high advise act act act',
      'act-low-risk low act act act act',
      'act-low-risk medium advise act act act',
      'act-low-risk high advise act act act',
    ]);
  });
});

describe('an action', () => {
  it('is done, with a line in the journal before and after', async () => {
    const { action, options, journal, done } = setUp();
    expect(await performAction(action(), options)).toMatchObject({
      verdict: 'act',
      output: 'restarted',
    });
    expect(done).toEqual(['run']);
    const line = { action: 'a1', kind: 'agent.restart', input: 'adder', risk: 'low', asked: false };
    expect(journal).toMatchObject([
      { ...line, step: 'run', phase: 'before', verdict: 'act', at: options.clock.now() },
      { ...line, step: 'run', phase: 'after', ms: 0 },
    ]);
  });

  it('is only suggested when it may not happen unasked', async () => {
    const { action, options, done, lines } = setUp({ level: 'advise' });
    expect(await performAction(action(), options)).toEqual({
      verdict: 'advise',
      preview: 'would restart adder',
    });
    expect(done).toEqual([]);
    expect(lines()).toEqual(['none after']);
  });

  it('is refused when the level is off, and the journal says so', async () => {
    const { action, options, done, journal } = setUp({ level: 'off' });
    await expect(performAction(action(), options)).rejects.toEqual(code('ACTION_REFUSED'));
    expect(done).toEqual([]);
    expect(journal).toMatchObject([{ step: 'none', error: { code: 'ACTION_REFUSED' } }]);
  });

  it('happens at every level when it protects the mesh, without waiting for anybody', async () => {
    for (const kind of ['quarantine', 'rollback']) {
      const { action, options, done } = setUp({ level: 'off', approve: async () => false });
      await performAction(action({ kind, risk: 'high' }), options);
      expect(done).toEqual(['run']);
    }
  });

  it('that was only advice is done once a person agrees, who saw what it would do', async () => {
    const seen: unknown[] = [];
    const approve = async (_: Action, preview: unknown): Promise<boolean> => {
      seen.push(preview);
      return true;
    };
    const { action, options, done, journal } = setUp({ level: 'advise', approve });
    await performAction(action({ risk: 'high' }), options);
    expect(done).toEqual(['run']);
    expect(seen).toEqual(['would restart adder']);
    expect(journal[0]).toMatchObject({ verdict: 'advise', approved: true });
  });

  it('of high risk that was asked for needs a yes where somebody can say it', async () => {
    const refused = setUp({ level: 'off', asked: true, approve: async () => false });
    const high = refused.action({ risk: 'high' });
    await expect(performAction(high, refused.options)).rejects.toEqual(code('APPROVAL_DENIED'));
    expect(refused.done).toEqual([]);
    const medium = refused.action({ risk: 'medium' });
    await performAction(medium, refused.options);
    expect(refused.done).toEqual(['run']);
    const alone = setUp({ level: 'off', asked: true });
    await performAction(alone.action({ risk: 'high' }), alone.options);
    expect(alone.done).toEqual(['run']);
  });

  it('takes silence for no', async () => {
    const approve = (): Promise<boolean> => new Promise(() => undefined);
    const { action, options, clock, journal } = setUp({ level: 'advise', approve });
    const result = performAction(action(), options);
    await clock.advance('5m');
    expect(await result).toMatchObject({ verdict: 'advise' });
    expect(journal).toMatchObject([{ approved: false }]);
    expect(clock.timers).toBe(0);
  });

  it('is undone once, however often that is asked, and journalled', async () => {
    const { action, options, done, lines } = setUp();
    const result = await performAction(action(), options);
    if (result.verdict !== 'act') throw new MeshError('INTERNAL');
    await Promise.all([result.undo?.(), result.undo?.()]);
    expect(done).toEqual(['run', 'undo restarted']);
    expect(lines()).toEqual(['run before', 'run after', 'undo before', 'undo after']);
    const final = {
      id: 'a2',
      kind: 'agent.stop',
      input: 1,
      risk: 'low',
      run: async () => 1,
    } as const;
    expect(await performAction(final, options)).not.toHaveProperty('undo');
  });

  it('has a bounded time', async () => {
    const { action, options, clock, journal } = setUp({ timeout: '1s' });
    const signals: AbortSignal[] = [];
    const stuck = action({
      run: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    const result = performAction(stuck, options).catch((error: unknown) => error);
    await clock.advance('1s');
    expect(await result).toEqual(code('TIMEOUT'));
    expect(signals[0]?.aborted).toBe(true);
    expect(journal.at(-1)).toMatchObject({ phase: 'after', ms: 1_000, error: { code: 'TIMEOUT' } });
    expect(clock.timers).toBe(0);
  });

  it('that fails says why, in the journal without its details', async () => {
    const { action, options, journal } = setUp();
    const failing = action({
      run: async () => {
        throw new TypeError('secret');
      },
    });
    await expect(performAction(failing, options)).rejects.toEqual(code('INTERNAL'));
    expect(journal.at(-1)).toMatchObject({ phase: 'after', error: { code: 'INTERNAL' } });
    expect(JSON.stringify(journal)).not.toContain('secret');
  });

  it('does not happen when it cannot be journalled, and says when its end could not be', async () => {
    const none = setUp({ record: () => Promise.reject(new MeshError('STORE_FULL')) });
    await expect(performAction(none.action(), none.options)).rejects.toEqual(code('STORE_FULL'));
    expect(none.done).toEqual([]);
    const half = setUp({
      record: ({ phase }) =>
        phase === 'before' ? Promise.resolve() : Promise.reject(new MeshError('STORE_FULL')),
    });
    expect(await performAction(half.action(), half.options)).toMatchObject({
      output: 'restarted',
      unrecorded: code('STORE_FULL'),
    });
  });

  it('does not begin once its caller has aborted', async () => {
    const { action, options, done } = setUp({ signal: AbortSignal.abort() });
    await expect(performAction(action(), options)).rejects.toEqual(code('ABORTED'));
    expect(done).toEqual([]);
  });
});
