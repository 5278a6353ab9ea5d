/**
 * What shall be done, and is not forgotten: tasks that outlive the process, actions with their risk and their undoing, and
 * the triggers that set agents to work by the clock or by what happens.
 * @module
 */
export {
  type ActionResult,
  mayAct,
  type PerformOptions,
  performAction,
  type Undoable,
} from './actions.ts';
export {
  type ListOptions,
  type SubmitOptions,
  TaskBook,
  type TaskBookOptions,
  type WaitOptions,
} from './task-book.ts';
export type { TaskOutcome } from './task-outcome.ts';
export { bookId, type CheckpointFacts, type DurableTask } from './task-row.ts';
export type {
  CheckpointOptions,
  Resumed,
  SuspendOptions,
  TaskContext,
  TaskEntry,
} from './task-run.ts';
export type { FinalState, OpenState, TaskState } from './task-state.ts';
export {
  type Trigger,
  type TriggerRun,
  TriggerRunner,
  type TriggerRunnerOptions,
} from './triggers.ts';
