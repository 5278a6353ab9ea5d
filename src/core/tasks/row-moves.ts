/**
 * What each move makes of a task's row. Pure: rows in, rows out.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import { failedOutcome, type TaskOutcome } from './task-outcome.ts';
import type { CheckpointFacts, TaskRow } from './task-row.ts';
import type { RowChange } from './task-rows.ts';
import { moveTask, type TaskMove } from './task-state.ts';

/** Who claims a task, and on which terms. */
export interface ClaimTerms {
  readonly owner: string;
  readonly now: number;
  /** Attempts after which a task is not begun again. */
  readonly attempts: number;
  /** The newest checkpoint version its agent reads. */
  readonly supported: number;
}

/** Takes a task to run it: the row runs, or fails when it was interrupted too often, or stays for want of a reader. */
export function claim(row: TaskRow, terms: ClaimTerms): RowChange {
  const interrupted = row.state === 'running';
  if (interrupted && row.attempt >= terms.attempts) return giveUp(row, terms);
  if (!canRead(row, terms.supported)) return { row: shelve(row, terms.supported) };
  const ready = row.state === 'waiting' || row.state === 'suspended' ? wake(row) : row;
  const { problem: _, ...rest } = ready;
  return {
    row: {
      ...rest,
      state: moveTask(ready.state, interrupted ? 'restart' : 'start', row.task),
      owner: terms.owner,
      epoch: row.epoch + 1,
      attempt: row.attempt + (interrupted ? 1 : 0),
    },
  };
}

/** Lets a task that was given up go on, with `input` if there is any. */
export function wake(row: TaskRow, input?: Uint8Array): TaskRow {
  const { due: _, problem: _problem, ...rest } = row;
  const state = moveTask(row.state, 'wake', row.task);
  return { ...rest, state, ...(input !== undefined && { input }) };
}

/** Hands a running task back; it is begun again without counting as interrupted. */
export function release(row: TaskRow): RowChange {
  return { row: leave(row, 'release') };
}

/** Gives a running task up until `due`, or until it is resumed. What it was resumed with before has been used. */
export function suspend(row: TaskRow, due: number | undefined): RowChange {
  const { input: _, ...rest } = leave(row, due === undefined ? 'suspend' : 'wait');
  return { row: due === undefined ? rest : { ...rest, due } };
}

/** Ends a task. */
export function end(row: TaskRow, outcome: TaskOutcome, now: number): RowChange {
  const { due: _, problem: _problem, input: _input, ...rest } = leave(row, endings[outcome.state]);
  return { row: { ...rest, finishedAt: Math.floor(now) }, outcome };
}

/** Adds a checkpoint to a running task. */
export function keep(row: TaskRow, checkpoint: Uint8Array, version: number): RowChange {
  const facts: CheckpointFacts = { version, size: checkpoint.length, attempt: row.attempt };
  return { row: { ...row, checkpoint: facts }, checkpoint };
}

/** Whether an agent that reads checkpoints up to version `supported` can go on from the one there is. */
export function canRead({ checkpoint }: TaskRow, supported: number): boolean {
  return checkpoint === undefined || checkpoint.version <= supported;
}

/** The error of a checkpoint that is too new for the agent here. */
export function versionError(
  { task, agent }: { readonly task: string; readonly agent: string },
  found: number,
  supported: number,
): MeshError {
  return new MeshError('CHECKPOINT_VERSION', { task, agent, found, supported });
}

const endings = { done: 'finish', failed: 'fail', cancelled: 'cancel' } as const;

function leave(row: TaskRow, move: TaskMove): TaskRow {
  const { owner: _, ...rest } = row;
  return { ...rest, state: moveTask(row.state, move, row.task) };
}

function giveUp(row: TaskRow, { now }: ClaimTerms): RowChange {
  const { task, attempt: attempts } = row;
  const error = new MeshError('TASK_INTERRUPTED', { task, attempts });
  return end(row, failedOutcome(error, task), now);
}

/** Nothing is lost: the task waits for a release that can read its checkpoint. */
function shelve(row: TaskRow, supported: number): TaskRow {
  const found = row.checkpoint?.version ?? 0;
  const { code, params } = versionError(row, found, supported);
  const { due: _, ...rest } = row.state === 'waiting' ? wake(row) : row;
  const left = leave(rest, 'suspend');
  return { ...left, problem: { code, params } };
}
