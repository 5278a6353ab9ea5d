import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { MeshError, type MeshErrorCode } from '../../../src/base/errors.ts';
import { parseSchedule } from '../../../src/base/schedule.ts';
import {
  type TriggerRun,
  TriggerRunner,
  type TriggerRunnerOptions,
} from '../../../src/core/tasks/index.ts';
import { dueSince, toleranceMs } from '../../../src/core/tasks/trigger-times.ts';
import { eventMatches, type MeshEvent } from '../../../src/schema/mesh-event.ts';
import { storeWith, virtualClock } from './rig.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = Date.UTC(2030, 0, 1);

function setUp(from = start) {
  const virtual = virtualClock(from);
  let skew = 0;
  const clock = { ...virtual, now: () => virtual.now() + skew };
  const store = memoryStore({ clock });
  const runs: TriggerRun[] = [];
  const reports: { code: MeshErrorCode; params: Readonly<Record<string, unknown>> }[] = [];
  const listeners = new Set<{ pattern: string; listener: (event: MeshEvent) => void }>();
  return {
    clock: virtual,
    store,
    runs,
    reports,
    listeners,
    /** Sets the wall clock without time passing. */
    jump: (ms: number) => {
      skew += ms;
    },
    happen: (type: 'task.sent' | 'policy.updated') => {
      const event = { at: '', type, data: {} } as unknown as MeshEvent;
      for (const { pattern, listener } of listeners) {
        if (eventMatches(type, [pattern])) listener(event);
      }
    },
    runner: (more: Partial<TriggerRunnerOptions> = {}) =>
      new TriggerRunner({
        clock,
        store,
        run: async (run) => {
          runs.push(run);
        },
        report: ({ code, params }) => reports.push({ code, params }),
        events: {
          on: (pattern, listener) => {
            const one = { pattern, listener };
            listeners.add(one);
            return () => listeners.delete(one);
          },
        },
        ...more,
      }),
  };
}

describe('triggers', () => {
  it('run 288 times a day when they are due every 5 minutes, none overlapping, none missed', async () => {
    const rig = setUp();
    await using runner = rig.runner({
      run: async (run) => {
        rig.runs.push(run);
        await rig.clock.sleep(4 * minute);
      },
    });
    runner.add('adder', [{ every: '5m' }]);
    await rig.clock.advance('24h');
    expect(rig.runs.map(({ due }) => due)).toEqual(
      Array.from({ length: 288 }, (_, i) => start + (i + 1) * 5 * minute),
    );
    expect(rig.runs[0]).toMatchObject({ agent: 'adder', trigger: { every: '5m' }, missed: 0 });
    expect(rig.reports).toEqual([]);
    await rig.clock.advance('5m');
  });

  it('run once in the nights in which clocks are moved', async () => {
    for (const evening of [Date.UTC(2030, 2, 30, 12), Date.UTC(2030, 9, 26, 12)]) {
      const rig = setUp(evening);
      await using runner = rig.runner();
      runner.add('adder', [{ cron: '30 2 * * *', timeZone: 'Europe/Berlin' }]);
      await rig.clock.advance('1d');
      expect(rig.runs).toHaveLength(1);
      await rig.clock.advance('1d');
      expect(rig.runs).toHaveLength(2);
      expect(rig.reports).toEqual([]);
    }
  });

  it('leave out a run while the last one is going on, and say so at its begin and at its end', async () => {
    const rig = setUp();
    await using runner = rig.runner({
      run: async (run) => {
        rig.runs.push(run);
        if (rig.runs.length === 1) await rig.clock.sleep(3 * minute + 1);
      },
    });
    runner.add('adder', [{ every: '1m' }]);
    await rig.clock.advance('2m');
    const since = start + minute;
    const params = { trigger: 'every 1m', agent: 'adder', since };
    expect(rig.reports).toEqual([{ code: 'TRIGGER_OVERLAP', params: { ...params, skipped: 1 } }]);
    await rig.clock.advance('4m');
    expect(rig.reports.slice(1)).toEqual([
      { code: 'TRIGGER_OVERLAP', params: { ...params, skipped: 3 } },
    ]);
    expect(rig.runs.map(({ due }) => (due! - start) / minute)).toEqual([1, 5, 6]);
  });

  it('tell once how many runs were missed while the process was down, and make up for them if they should', async () => {
    for (const catchUp of [false, true]) {
      const rig = setUp();
      const first = rig.runner();
      first.add('adder', [{ every: '1h', catchUp }]);
      await rig.clock.advance('90m');
      await first.close();
      expect(rig.runs).toHaveLength(1);
      await rig.clock.advance('5h');
      await using second = rig.runner();
      second.add('adder', [{ every: '1h', catchUp }]);
      await rig.clock.advance(0);
      const params = { trigger: 'every 1h', agent: 'adder', count: 5, since: start + 2 * hour };
      expect(rig.reports).toEqual([{ code: 'TRIGGER_MISSED', params }]);
      expect(rig.runs.slice(1).map(({ due, missed }) => [due, missed])).toEqual(
        catchUp ? [[start + 6 * hour, 5]] : [],
      );
      await rig.clock.advance('30m');
      expect(rig.runs.at(-1)).toMatchObject({ due: start + 7 * hour, missed: 0 });
    }
  });

  it('new to a process have missed nothing', async () => {
    const rig = setUp();
    await using runner = rig.runner();
    runner.add('adder', [{ cron: '0 0 1 1 *', catchUp: true }]);
    await rig.clock.advance('1h');
    expect([rig.runs, rig.reports]).toEqual([[], []]);
  });

  it('notice a clock that jumps ahead, and run no storm', async () => {
    const rig = setUp();
    await using runner = rig.runner();
    runner.add('adder', [{ every: '1m' }]);
    await rig.clock.advance('1m');
    rig.jump(10 * 365 * 24 * hour);
    await rig.clock.advance('1m');
    expect(rig.reports).toMatchObject([{ code: 'TRIGGER_MISSED', params: { count: 10_000 } }]);
    await rig.clock.advance('10m');
    expect(rig.runs.length).toBeGreaterThanOrEqual(10);
    expect(rig.runs.length).toBeLessThanOrEqual(12);
    expect(rig.reports).toHaveLength(1);
  });

  it('notice a clock that is set back, instead of waiting for the time to come again', async () => {
    const rig = setUp();
    await using runner = rig.runner();
    runner.add('adder', [{ every: '5m' }]);
    await rig.clock.advance('10m');
    rig.jump(-365 * 24 * hour);
    await rig.clock.advance('11m');
    expect(rig.runs).toHaveLength(4);
    expect(rig.reports).toEqual([]);
  });

  it('do not run twice for a time when the clock is put right by seconds', async () => {
    const rig = setUp();
    await using runner = rig.runner();
    runner.add('adder', [{ every: '1m' }]);
    await rig.clock.advance('1m');
    rig.jump(-5_000);
    await rig.clock.advance('6s');
    expect(rig.runs).toHaveLength(1);
  });

  it('run for a time in one of the processes that share a store', async () => {
    const rig = setUp();
    await using one = rig.runner();
    await using other = rig.runner();
    for (const runner of [one, other]) runner.add('adder', [{ every: '1m' }]);
    await rig.clock.advance('10m');
    expect(rig.runs.map(({ due }) => (due! - start) / minute)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });

  it('run by events that their pattern selects, one at a time', async () => {
    const rig = setUp();
    let finish: (() => void) | undefined;
    await using runner = rig.runner({
      run: (run) => {
        rig.runs.push(run);
        return new Promise<void>((resolve) => {
          finish = resolve;
        });
      },
    });
    runner.add('adder', [{ on: 'task.*' }]);
    for (const type of ['policy.updated', 'task.sent', 'task.sent'] as const) rig.happen(type);
    await rig.clock.advance(0);
    expect(rig.runs).toMatchObject([{ event: { type: 'task.sent' }, missed: 0 }]);
    expect(rig.reports).toMatchObject([
      { code: 'TRIGGER_OVERLAP', params: { trigger: 'on task.*', skipped: 1 } },
    ]);
    finish?.();
    await rig.clock.advance(0);
    rig.happen('task.sent');
    expect(rig.runs).toHaveLength(2);
    finish?.();
  });

  it('report what a run threw, and that it took too long, and go on', async () => {
    const rig = setUp();
    let count = 0;
    await using runner = rig.runner({
      timeout: '30s',
      run: ({ signal }) => {
        count += 1;
        if (count === 1) throw new MeshError('OVERLOADED');
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      },
    });
    runner.add('adder', [{ every: '1m' }]);
    await rig.clock.advance('3m');
    expect(count).toBe(3);
    expect(rig.reports.map(({ code }) => code)).toEqual(['OVERLOADED', 'TIMEOUT']);
  });

  it('do not run for a time that could not be stored, and try again', async () => {
    const rig = setUp();
    let broken = true;
    const store = storeWith(rig.store, {
      write: (ops, options) =>
        broken
          ? Promise.reject(new MeshError('STORE_FAILED', { store: 's', detail: 'd' }))
          : rig.store.write(ops, options),
    });
    await using runner = rig.runner({ store });
    runner.add('adder', [{ every: '1m' }]);
    await rig.clock.advance(minute + 1_000);
    expect(rig.runs).toEqual([]);
    expect(rig.reports[0]).toMatchObject({ code: 'STORE_FAILED' });
    broken = false;
    await rig.clock.advance('1m');
    expect(rig.runs).toHaveLength(1);
  });

  it('stop when they are taken away, and have missed nothing when they come back', async () => {
    const rig = setUp();
    await using runner = rig.runner();
    const stop = runner.add('adder', [{ every: '1m', catchUp: true }, { on: 'task.*' }]);
    await rig.clock.advance('1m');
    stop();
    stop();
    rig.happen('task.sent');
    await rig.clock.advance('1h');
    expect(rig.runs).toHaveLength(1);
    expect(rig.listeners.size).toBe(0);
    expect(rig.clock.timers).toBe(0);
    runner.add('adder', [{ every: '1m', catchUp: true }]);
    await rig.clock.advance('1m');
    expect(rig.runs).toHaveLength(2);
    expect(rig.reports).toEqual([]);
  });

  it('are refused all together when one of them is none', async () => {
    const rig = setUp();
    await using runner = rig.runner();
    const refused = (triggers: Parameters<TriggerRunner['add']>[1]): unknown => {
      try {
        runner.add('adder', triggers);
        return 'none';
      } catch (error) {
        return MeshError.is(error) ? error.code : error;
      }
    };
    expect(refused([{ every: '1m' }, { cron: '61 * * * *' }])).toBe('INVALID_ARGUMENT');
    expect(refused([{ every: '1m' }, { every: '1m', catchUp: true }])).toBe('ALREADY_EXISTS');
    expect(refused([{ on: '' }])).toBe('SCHEMA_INVALID');
    await rig.clock.advance('5m');
    expect([rig.runs, rig.clock.timers]).toEqual([[], 0]);
    expect(refused([{ every: '1m' }])).toBe('none');
  });

  it('end with their runner, which aborts what is running and leaves no timer behind', async () => {
    const rig = setUp();
    const runner = rig.runner({
      run: async (run) => {
        rig.runs.push(run);
        await rig.clock.sleep(hour, run.signal);
      },
    });
    runner.add('adder', [{ every: '1m' }, { on: 'task.*' }]);
    await rig.clock.advance('1m');
    await runner.close();
    await runner.close();
    expect(rig.runs[0]?.signal.aborted).toBe(true);
    expect([rig.clock.timers, rig.listeners.size]).toEqual([0, 0]);
    expect(rig.reports).toEqual([]);
    expect(() => runner.add('adder', [])).toThrow(
      expect.objectContaining({ code: 'CLOSED' }) as Error,
    );
  });
});

describe('what is due', () => {
  it('is each time once: run or missed, whenever it is looked at', () => {
    const schedule = parseSchedule({ every: 1_000 });
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 30 }), (waits) => {
        let [now, since, seen] = [start, start, 0];
        for (const wait of waits) {
          now += wait;
          const due = dueSince(schedule, since, now);
          seen += due.missed + (due.now === undefined ? 0 : 1);
          expect(due.reached).toBeLessThanOrEqual(now);
          if (due.now !== undefined) expect(now - due.now).toBeLessThanOrEqual(toleranceMs);
          since = due.reached;
        }
        expect(seen).toBe(Math.floor((now - start) / 1_000));
      }),
    );
  });
});
