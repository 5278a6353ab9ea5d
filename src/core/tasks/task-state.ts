/**
 * The states of a durable task and the moves between them.
 * @module
 */
import { MeshError } from '../../base/errors.ts';

/** A task that is not over: to be run, being run, given up until an instant, given up until somebody resumes it. */
export type OpenState = 'queued' | 'running' | 'waiting' | 'suspended';

/** How a task ended. */
export type FinalState = 'done' | 'failed' | 'cancelled';

/** States of a task that still has something to come. */
export const openStates: readonly OpenState[] = ['queued', 'running', 'waiting', 'suspended'];

/** States a task never leaves. */
export const finalStates: readonly FinalState[] = ['done', 'failed', 'cancelled'];

/** How a task stands. */
export type TaskState = OpenState | FinalState;

/** What can happen to a task. */
export type TaskMove =
  /** A runner takes it. */
  | 'start'
  /** Its runner is gone; another takes it. */
  | 'restart'
  /** Its runner hands it back unfinished. */
  | 'release'
  /** It is given up until an instant. */
  | 'wait'
  /** It is given up until somebody resumes it, or nobody here can read its checkpoint. */
  | 'suspend'
  /** It is due, or was resumed. */
  | 'wake'
  | 'finish'
  | 'fail'
  | 'cancel';

const table: Readonly<Record<OpenState, Readonly<Partial<Record<TaskMove, TaskState>>>>> = {
  queued: { start: 'running', suspend: 'suspended', cancel: 'cancelled' },
  running: {
    restart: 'running',
    release: 'queued',
    wait: 'waiting',
    suspend: 'suspended',
    finish: 'done',
    fail: 'failed',
    cancel: 'cancelled',
  },
  waiting: { wake: 'queued', cancel: 'cancelled' },
  suspended: { wake: 'queued', cancel: 'cancelled' },
};

/** Whether nothing more comes of a task in `state`. */
export function isFinal(state: TaskState): state is FinalState {
  return !(openStates as readonly string[]).includes(state);
}

/** The state after `move`; undefined when a task in `state` cannot make it. */
export function stateAfter(state: TaskState, move: TaskMove): TaskState | undefined {
  return isFinal(state) ? undefined : table[state][move];
}

/** The state after `move`; `STATE_CONFLICT` naming `task` when it cannot be made. */
export function moveTask(state: TaskState, move: TaskMove, task: string): TaskState {
  const next = stateAfter(state, move);
  if (next !== undefined) return next;
  throw new MeshError('STATE_CONFLICT', { what: 'task', id: task, state, move });
}
