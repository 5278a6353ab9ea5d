import { describe, expect, it } from 'vitest';
import { OpenTasks } from '../../../src/core/tasks/open-tasks.ts';
import { newRow, type TaskRow } from '../../../src/core/tasks/task-row.ts';
import { TaskRows } from '../../../src/core/tasks/task-rows.ts';
import { ann, request, rigOf } from './rig.ts';

const hour = 3_600_000;

function row(id: string, more: Partial<TaskRow> = {}): TaskRow {
  return { ...newRow(request(id), { from: ann, agent: 'adder', now: 1 }), ...more };
}

describe('the open tasks', () => {
  it('keep what was noted while the store was being read', async () => {
    const rows = new TaskRows(rigOf().store, hour);
    await rows.create(row('t1'), request('t1'));
    const gone = await rows.create(row('t2'), request('t2'));
    const open = new OpenTasks();
    const reading = open.read(rows, () => undefined);
    const [one, late] = [row('t1', { epoch: 7 }), row('t3', { submittedAt: 2 })];
    open.note({ row: one, revision: 8 });
    open.note({ row: late, revision: 9 });
    open.drop(gone!.row.id);
    await reading;
    expect([...open.all()].map((held) => [held.row.task, held.row.epoch])).toEqual([
      ['t1', 7],
      ['t3', 0],
    ]);
    expect([open.size, open.has(gone!.row.id)]).toEqual([2, false]);
  });
});
