// Why a run failed: which event, and which events led there.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/index.ts';
import { failureOf, leadingTo } from '../../../src/testing/picture/failure.ts';
import { type Told, traceOf } from './traces.ts';

const told: readonly Told[] = [
  [0, 'a/0', 'fault.pause', { ms: 5 }],
  [90_000, 'a/0', 'task.sent', { task: 'task-1', peer: 'b' }],
  [90_000, 'a/0', 'task.sent', { task: 'task-2', peer: 'c' }],
  [90_010, 'b/0', 'handler.began', { task: 'task-1' }],
  [90_015, 'c/0', 'fault.crash', {}],
  [90_020, 'b/0', 'fault.crash', { disk: 'kept' }],
  [90_030, '', 'fault.partition', { a: ['a/0'], b: ['b/0'] }],
  [99_000, 'd/0', 'message.sent', { to: 'a/0' }],
  [99_500, 'b/0', 'handler.began', { task: 'task-1' }],
];
const trace = traceOf(told);

const broken = (prefix: number): MeshError =>
  new MeshError('INVARIANT_BROKEN', {
    invariant: 'in-time',
    detail: 'a/0 waits for task-1',
    at: 99_000,
    seed: 7,
    replay: 'again',
    prefix: trace.events.slice(0, prefix),
  });

describe('a failure', () => {
  it('of an invariant is at the last event of its prefix', () => {
    expect(failureOf(trace, broken(8))).toEqual({
      law: 'in-time',
      detail: 'a/0 waits for task-1',
      seq: 7,
      t: 99_000,
      replay: 'again',
    });
  });

  it('of a seed is its cause, with the replay that was made shorter', () => {
    const params = { seed: 7, detail: '', faults: '3', replay: 'shorter', drawn: [] };
    const error = new MeshError('SEED_FAILED', params, { cause: broken(8) });
    expect(failureOf(trace, error)).toMatchObject({ law: 'in-time', seq: 7, replay: 'shorter' });
  });

  it('of another kind is seen at the last event', () => {
    const timeout = new MeshError('TIMEOUT', { what: 'it', ms: 1 });
    expect(failureOf(trace, timeout)).toMatchObject({ law: 'TIMEOUT', seq: 8 });
    expect(failureOf(trace, new Error('no'))).toEqual({
      law: 'the run',
      detail: 'no',
      seq: 8,
      t: 99_500,
    });
    expect(failureOf(trace, Symbol('odd'))).toMatchObject({ detail: 'symbol' });
  });

  it('may stand in the trace, and there need be none', () => {
    const rest = { invariant: 'law', detail: 'why' };
    const found = failureOf(traceOf([...told, [1, '', 'invariant.broken', rest]]), undefined);
    expect(found).toMatchObject({ law: 'law', detail: 'why', seq: 9 });
    expect(failureOf(trace, undefined)).toBeUndefined();
  });

  it('was led to by its task and the faults of those at work on it, and by nothing else', () => {
    expect(leadingTo(trace.events, failureOf(trace, broken(8))!)).toEqual([1, 3, 5, 6, 7]);
    expect(leadingTo(trace.events, failureOf(trace, broken(9))!)).toEqual([1, 3, 5, 6, 8]);
  });

  it('has a story of thirty events at most: how it began, and how it ended', () => {
    const long = traceOf(
      Array.from({ length: 100 }, (_, i) => [i, 'a/0', 'x', { task: 'task-1' }]),
    );
    const story = leadingTo(long.events, { law: '', detail: '', seq: 99, t: 99 });
    expect(story).toHaveLength(30);
    expect([story[0], story[9], story[10], story[29]]).toEqual([0, 9, 80, 99]);
  });
});
