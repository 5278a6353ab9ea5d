// Each law, shown a history that keeps it and one that breaks it.
import { describe, expect, it } from 'vitest';
import { invariants } from '../../src/testing/index.ts';
import { Watchman } from '../../src/testing/invariants.ts';

type Told = Readonly<Record<string, unknown>> & { readonly type: string };

function brokenBy(...history: readonly Told[]): string | undefined {
  const watchman = new Watchman(invariants);
  history.forEach((event, seq) => {
    watchman.see({ t: seq, seq, node: 'a/0', ...event });
  });
  return watchman.broken?.invariant;
}

const began = { type: 'handler.began', agent: 'echo', caller: 'b', task: 't1' };
const written = (revision: number): Told => ({ type: 'store.written', revision });
const result = (receipt: string): Told => ({ type: 'storm.result', by: 'b/0', key: 'k', receipt });
const durably = { ...began, node: 'b/0', caller: 'a', durable: true };
const over: readonly Told[] = [
  { type: 'task.executed', node: 'b/0', peer: 'a', task: 't1' },
  { type: 'task.completed', node: 'a/0', peer: 'b', task: 't1' },
];
const taken = (node: string, epoch: number): Told => ({
  type: 'role.taken',
  role: 'chair',
  node,
  epoch,
});
const sent = (t: number): Told => ({ type: 'message.sent', link: 1, to: 'b/0', t });
const heard = { type: 'message.delivered', link: 1 };
const shut = { type: 'trust.quarantined', peer: 'b' };
const taskTo = (peer: string): Told => ({ type: 'task.sent', peer, task: 't' });
const diskLost = { type: 'fault.crash', disk: 'lost' };

describe('the laws of every run', () => {
  it.each<[string, readonly Told[], readonly Told[]]>([
    [
      'task-at-most-once',
      [began, { ...began, task: 't2' }, { ...began, node: 'c/0' }, diskLost, began],
      [began, { type: 'fault.crash', disk: 'kept' }, began],
    ],
    [
      'completed-was-executed',
      [
        { type: 'task.executed', node: 'b/1', task: 't' },
        { type: 'task.completed', peer: 'b', task: 't' },
      ],
      [
        { type: 'task.executed', node: 'c/0', task: 't' },
        { type: 'task.completed', peer: 'b', task: 't' },
      ],
    ],
    [
      'one-result-per-key',
      [result('r1'), result('r1'), { ...diskLost, node: 'b/0' }, result('r2')],
      [result('r1'), result('r2')],
    ],
    ['receipt-kept', [], [{ type: 'disk.lacks', task: 't' }]],
    ['session-in-order', [], [{ type: 'session.misordered', got: 1, expected: 2 }]],
    [
      'store-goes-forward',
      [written(1), written(3), diskLost, written(1)],
      [written(3), written(3)],
    ],
    ['nothing-uncaught', [], [{ type: 'node.failed', error: 'TypeError' }]],
    [
      'task-at-most-once',
      [{ ...began, durable: true }, ...over, { ...diskLost, node: 'b/0' }, durably],
      [...over, durably],
    ],
    [
      'one-holder-per-epoch',
      [taken('a/0', 1), taken('b/0', 2), { ...diskLost, node: 'c/0' }, taken('c/0', 2)],
      [taken('a/0', 1), taken('b/0', 1)],
    ],
    [
      'silence-noticed',
      [sent(0), { ...heard, t: 29_000 }, sent(40_000)],
      [sent(0), { ...heard, t: 5_000 }, sent(36_000)],
    ],
    [
      'no-task-to-quarantined',
      [
        taskTo('b'),
        shut,
        taskTo('c'),
        { ...taskTo('b'), node: 'c/0' },
        { type: 'trust.released', peer: 'b' },
        taskTo('b'),
        shut,
        { type: 'node.booted' },
        began,
      ],
      [shut, taskTo('b')],
    ],
    ['no-task-to-quarantined', [began, shut], [shut, began]],
  ])('%s', (name, kept, broken) => {
    expect(brokenBy(...kept)).toBeUndefined();
    expect(brokenBy(...broken)).toBe(name);
  });

  it('are all shown above', () => {
    expect(invariants.map(({ name }) => name)).toHaveLength(10);
  });

  it('are broken by a law that fails itself, which harms nobody else', () => {
    const throwing = {
      name: 'throwing',
      begin: () => () => {
        throw new Error('mine');
      },
    };
    const watchman = new Watchman([throwing]);
    watchman.see({ t: 0, seq: 0, node: 'a/0', type: 'mesh.ready' });
    expect(watchman.broken?.detail).toBe('the law itself failed: Error: mine');
  });

  it('keep the first that was broken', () => {
    expect(brokenBy(written(2), written(1), { type: 'node.failed' })).toBe('store-goes-forward');
  });
});
