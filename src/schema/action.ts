/**
 * Something that changes the world, with what may go wrong and how to take it back.
 * @module
 */
import type { WireError } from '../base/errors.ts';
import type { Risk } from './agent-record.ts';

/** How much happens by itself: nothing, only advice, or also what is of low risk. */
export type AutonomyLevel = 'off' | 'advise' | 'act-low-risk';

/** What may happen with an action: it is done, only suggested, or not even that. */
export type ActionVerdict = 'act' | 'advise' | 'refuse';

/** What an action's functions get. */
export interface ActionContext {
  /** Fires at the action's deadline and when the caller aborts. */
  readonly signal: AbortSignal;
}

/** One change, as an agent, a tool or a remedy proposes it. */
export interface Action<Input = unknown, Output = unknown> {
  /** Unique for each proposal. */
  readonly id: string;
  /** What is done, e.g. `quarantine`, `rollback`, `agent.restart`. */
  readonly kind: string;
  /** To what and how: data that can be journalled. */
  readonly input: Input;
  readonly risk: Risk;
  /** Says what `run` would do, and changes nothing. */
  dryRun?(context: ActionContext): Promise<unknown>;
  /** Does it. */
  run(context: ActionContext): Promise<Output>;
  /** Takes back what `run` did. */
  undo?(output: Output, context: ActionContext): Promise<void>;
}

/** One line of the journal of actions. An action that began and has no second line may or may not have had its effect. */
export interface ActionEntry {
  readonly action: string;
  readonly kind: string;
  readonly input: unknown;
  readonly risk: Risk;
  /** `run` or `undo`; `none` when the action was not done. */
  readonly step: 'run' | 'undo' | 'none';
  readonly phase: 'before' | 'after';
  readonly verdict: ActionVerdict;
  /** Whether a person or an agent asked for exactly this. */
  readonly asked: boolean;
  /** Whether somebody approved it; absent when nobody was asked. */
  readonly approved?: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** How long it took; in the line after. */
  readonly ms?: number;
  /** What went wrong; in the line after. */
  readonly error?: WireError;
}
