/**
 * What shall be done, and is not forgotten: tasks that outlive the process, actions with their risk and their undoing,
 * the states of an agent's life, and the triggers that set agents to work by the clock or by what happens.
 * @module
 */
export {
  mayAct,
  type PerformOptions,
  performAction,
} from './actions.ts';
export {
  type AgentMove,
  type AgentState,
  moveAgent,
  stateOfAgentAfter,
  takesTasks,
} from './lifecycle.ts';
export {
  TaskBook,
  type TaskBookOptions,
} from './task-book.ts';
export type { TaskOutcome } from './task-outcome.ts';
export { bookId } from './task-row.ts';
export type {
  TaskContext,
  TaskEntry,
} from './task-run.ts';
export {
  type TriggerRun,
  TriggerRunner,
  type TriggerRunnerOptions,
} from './triggers.ts';
