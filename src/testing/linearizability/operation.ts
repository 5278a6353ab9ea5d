/**
 * What a history is made of: the calls on one object, as those who called saw them.
 * @module
 */

/** One call on the tested object. */
export interface Operation {
  /** Who called; it stands in messages only. */
  readonly process: string | number;
  /** When it was called, by a clock or counter that all processes share. */
  readonly call: number;
  /**
   * When it returned, by the same clock. Absent when it never did, or nobody knows what became of it: then it may have
   * taken effect at any time after `call`, or never.
   */
  readonly return?: number | undefined;
  /** What was asked for, e.g. `read`. */
  readonly op: string;
  readonly input?: unknown;
  /** What it returned. Means nothing while `return` is absent. */
  readonly output?: unknown;
}

/** The object as it should be, used by one process at a time. */
export interface LinearizabilityModel<State, Op extends Operation = Operation> {
  /** The state before the first operation. States are values: `step` makes a new one. */
  readonly init: State;
  /**
   * The state after `operation`, or undefined when it cannot return what it returned. Of an operation without `return`
   * the output is not known: say what it does if it takes effect.
   */
  step(state: State, operation: Op): State | undefined;
  /** A text that is the same for two states exactly when no later operation could tell them apart. */
  key(state: State): string;
  /** The part of the object an operation touches, when parts never touch: each is then checked alone, which is far faster. */
  part?(operation: Op): string;
}

/** Whether the outcome of `operation` is not known. */
export function isPending(operation: Operation): boolean {
  return operation.return === undefined;
}
