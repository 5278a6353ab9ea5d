/**
 * What may stand between a task and an agent.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { SignedReceipt } from '../schema/receipt.ts';
import type { TaskRequest } from '../schema/task.ts';

/** Gates in the order in which they are asked, for each candidate in turn. */
export const gateOrder = [
  'override',
  'policy',
  'trust',
  'sovereignty',
  'budget',
  'licence',
  'approval',
] as const;

/** Name of a gate. Several may share a name; they are asked in the order in which they were added. */
export type GateName = (typeof gateOrder)[number];

/** What a task may cost. */
export interface Budget {
  readonly credits?: bigint;
}

/** What a gate is asked about. */
export interface GateRequest {
  readonly task: TaskRequest;
  /** `send`: this node wants `peer` to do it; `receive`: `peer` wants it done here. */
  readonly direction: 'send' | 'receive';
  readonly peer: Did;
  /** Id of the agent, as far as it is known. */
  readonly agent: string | undefined;
  /** What the caller is ready to spend; never known to the receiver. */
  readonly budget?: Budget | undefined;
  /** Somebody wants to know how the gate stands, and nobody will do the task: reserve nothing, ask no person. */
  readonly explaining?: true;
  /** Fires when nobody waits for the answer any more. A gate that has not answered within 5 s denies. */
  readonly signal: AbortSignal;
}

/** How a run of a task that all gates let pass has ended. */
export interface GateOutcome {
  /** Present when it was done. */
  readonly receipt?: SignedReceipt;
  /** Present when it was not. */
  readonly error?: unknown;
  /** Nothing runs for now: a durable task was given up or did not begin. Before its next run the gate is asked again. */
  readonly suspended?: true;
}

/** A gate. */
export interface Gate {
  /** Lets the task pass by returning; refuses by throwing a MeshError that says why and what would help. */
  before(request: GateRequest): void | Promise<void>;
  /** Told how it ended, once, if `before` was asked and all gates let it pass. What it throws changes nothing. */
  after?(request: GateRequest, outcome: GateOutcome): unknown;
}
