/**
 * What the book says of a task when it comes to rest by itself. Of tasks that were run, whoever ran them speaks.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Emit } from '../../schema/mesh-event.ts';
import type { TaskRow } from './task-row.ts';

/** Tells of a task that was given up for now; of others nothing. */
export function tellSuspended(row: TaskRow, emit: Emit): void {
  if (row.state !== 'waiting' && row.state !== 'suspended') return;
  const { task, type, agent, from: peer, due } = row;
  emit('task.suspended', { task, type, ...(due !== undefined && { due }) }, { agent, peer });
}

/** Tells of a task that could not be begun: its checkpoint is too new, or it was interrupted too often. */
export function tellStuck(row: TaskRow, emit: Emit, report: (error: unknown) => void): void {
  tellSuspended(row, emit);
  const { task, type, agent, from: peer, attempt: attempts, problem } = row;
  if (problem !== undefined) {
    report(new MeshError(problem.code as MeshError['code'], problem.params));
  }
  if (row.state !== 'failed') return;
  const data = { task, type, code: 'TASK_INTERRUPTED', params: { task, attempts } } as const;
  emit('task.failed', data, { agent, peer });
}

/** Tells of a task that goes on; of one that is begun for the first time nothing. */
export function tellResumed(row: TaskRow, emit: Emit): void {
  const { task, type, agent, from: peer, attempt, epoch } = row;
  if (epoch > 1) emit('task.resumed', { task, type, attempt }, { agent, peer });
}
