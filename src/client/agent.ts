/**
 * An agent as its owner writes it, and as callers see it.
 * @module
 */
import type { Duration } from '../base/duration.ts';
import type { Did } from '../base/ids.ts';
import type { CheckpointOptions, Resumed, SuspendOptions, Trigger } from '../core/tasks/index.ts';
import type { Budget } from '../ports/gate.ts';
import type { Model, ModelUsage } from '../ports/model.ts';
import type { AgentState } from '../schema/agent-life.ts';
import type { Risk } from '../schema/agent-record.ts';
import type { MeshEvent } from '../schema/mesh-event.ts';
import type { SignedReceipt } from '../schema/receipt.ts';
import type { TrustEvidence } from '../schema/trust-evidence.ts';
import type { MeshClient } from './mesh-client.ts';
import type { Schema } from './standard-schema.ts';

/** A piece of an answer that is still being made. */
export type TaskPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'progress'; readonly note: string; readonly fraction?: number }
  | { readonly kind: 'data'; readonly data: unknown };

/** What a handler gets. */
export interface HandlerContext<Input = unknown> {
  readonly input: Input;
  /** Fires at the caller's deadline, when the caller cancels, and when the client closes. */
  readonly signal: AbortSignal;
  /** Who asked, proven by the session, with this node's trust in them (0 to 100). */
  readonly caller: { readonly did: Did; readonly trust: number };
  readonly task: { readonly id: string; readonly type: string; readonly labels: readonly string[] };
  readonly mesh: MeshClient;
  /** The last checkpoint of a durable task that goes on; absent when it begins from the beginning. */
  readonly resumed?: Resumed;
  /** What a suspended task was resumed with. */
  readonly resumedWith?: unknown;
  /**
   * Stores up to 1 MiB from which the task goes on if this process ends; resolves once they are stored. Rejects with
   * `UNSUPPORTED` unless the agent is durable, with `LIMIT_EXCEEDED`, `CHECKPOINT_VERSION`, or `ABORTED` when the task is no longer this run's.
   */
  readonly checkpoint: (bytes: Uint8Array, options?: CheckpointOptions) => Promise<void>;
  /**
   * Gives the task up until it is due or `mesh.tasks.resume` is called, by throwing `TASK_SUSPENDED`, which must be let
   * pass. `UNSUPPORTED` unless the agent is durable.
   */
  readonly suspend: (options?: SuspendOptions) => never;
}

/** What an agent that was set to work by a trigger gets as its input. */
export interface TriggeredInput {
  readonly trigger: Trigger;
  /** When it was due, in epoch milliseconds; absent for events. */
  readonly due?: number;
  /** Runs that were missed before this one. */
  readonly missed: number;
  readonly event?: MeshEvent;
}

/** An output, a promise of one, or a generator that yields parts and returns the output. */
export type HandlerResult<Output> =
  | Output
  | Promise<Output>
  | AsyncGenerator<TaskPart, Output, undefined>;

/** What an agent is. Either `handler` or `model` does the work. */
export interface AgentDefinition<Input = unknown, Output = unknown> {
  /** Unique on this node. */
  readonly name: string;
  readonly description?: string;
  /** Default `1.0.0`. */
  readonly version?: string;
  /** Task types it takes. */
  readonly capabilities: readonly string[];
  readonly specializations?: readonly string[];
  readonly certifications?: readonly string[];
  /** Sample requests, for search. */
  readonly examples?: readonly string[];
  readonly region?: string;
  /** In credits. */
  readonly pricing?: { readonly perQuery?: bigint; readonly perHour?: bigint };
  readonly risk?: Risk;
  /** Tasks it runs at once; more are refused with `OVERLOADED`, those of a durable agent wait. Default 64. */
  readonly concurrency?: number;
  /** Keeps each task it takes in the store until it is over, across restarts: see `mesh.tasks`. Default false. */
  readonly durable?: boolean;
  /** The newest version of checkpoints it reads and writes. Default 0. */
  readonly checkpointVersion?: number;
  /** What sets it to work by itself, on its first capability, with a {@link TriggeredInput}. */
  readonly triggers?: readonly Trigger[];
  /** Whether it is offered once the client has started. Default true; otherwise `activate()` does it. */
  readonly active?: boolean;
  readonly input?: Schema<unknown, Input>;
  readonly output?: Schema<unknown, Output>;
  /** Does the work of one task. Its signal fires when nobody waits for the output any more. */
  readonly handler?: (context: HandlerContext<Input>) => HandlerResult<Output>;
  /** A model, or the name of one in the client's `models`. */
  readonly model?: string | Model;
}

/** Options of {@link Agent.drain}. */
export interface DrainOptions {
  /** How long running tasks are waited for. Default 1 minute. */
  readonly timeout?: Duration;
}

/** A handle on an agent of this client. */
export interface Agent<Input = unknown, Output = unknown> {
  /** `<did>#<node>/<name>`; throws `NOT_STARTED` before the client has its DID. */
  readonly id: string;
  readonly name: string;
  readonly meshId: Did;
  /** Never set; carries the types of input and output. */
  readonly '~types'?: { readonly input: Input; readonly output: Output };
  /** Only an `active` agent gets new tasks and is announced. */
  readonly state: AgentState;
  /** Offers it; from any state but `retired`, which is `STATE_CONFLICT`. */
  activate(): Promise<void>;
  /** Takes no new tasks, withdraws its record, and resolves once those it runs are over; `TIMEOUT` when that takes longer. */
  drain(options?: DrainOptions): Promise<void>;
  /** Takes it out for a while: no new tasks, no record; what it runs goes on. */
  suspend(): Promise<void>;
  /** Takes the agent out of service for good: it gets no new task, its record is withdrawn, and its name is free. */
  retire(): Promise<void>;
}

/** Options of every call that runs a task. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Default 30 s. The deadline travels with the task. */
  readonly timeout?: Duration;
  /** At most one execution per key at the agent, however often the call is repeated. */
  readonly idempotencyKey?: string;
  /** Only agents of this organisation. */
  readonly to?: Did;
  /** What it may cost at most; agents whose announced price per query is higher are refused with `BUDGET_EXCEEDED`. */
  readonly budget?: Budget;
}

/** What came of a task. */
export interface TaskResult<Output = unknown> {
  readonly output: Output;
  /** Signed by the organisation that did it, and checked. */
  readonly receipt: SignedReceipt;
  readonly agent: { readonly id: string; readonly meshId: Did };
  readonly latencyMs: number;
  /** The agent's announced price per query; absent when it announced none. */
  readonly cost?: { readonly credits: bigint };
  readonly usage?: ModelUsage & { readonly totalTokens: number };
  /**
   * Says how good it was, 0 to 1: signed evidence for the trust in who did it, in place of the bare fact that it was done. Can
   * be called again; the last word counts. Rejects with `INVALID_ARGUMENT`, and with `RECEIPT_INVALID` for own agents.
   */
  readonly feedback: (score: number, note?: string) => Promise<TrustEvidence>;
}

/** A task whose answer comes in parts. */
export interface TaskStream extends AsyncIterable<TaskPart> {
  /** The whole result, once the parts are through. */
  readonly result: Promise<TaskResult>;
}
