/**
 * An agent as its owner writes it, and as callers see it.
 * @module
 */
import type { Duration } from '../base/duration.ts';
import type { Did } from '../base/ids.ts';
import type { Budget } from '../ports/gate.ts';
import type { Model, ModelUsage } from '../ports/model.ts';
import type { Risk } from '../schema/agent-record.ts';
import type { SignedReceipt } from '../schema/receipt.ts';
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
  /** Tasks it runs at once; more are refused with `OVERLOADED`. Default 64. */
  readonly concurrency?: number;
  readonly input?: Schema<unknown, Input>;
  readonly output?: Schema<unknown, Output>;
  /** Does the work of one task. Its signal fires when nobody waits for the output any more. */
  readonly handler?: (context: HandlerContext<Input>) => HandlerResult<Output>;
  /** A model, or the name of one in the client's `models`. */
  readonly model?: string | Model;
}

/** A handle on an agent of this client. */
export interface Agent<Input = unknown, Output = unknown> {
  /** `<did>#<node>/<name>`; throws `NOT_STARTED` before the client has its DID. */
  readonly id: string;
  readonly name: string;
  readonly meshId: Did;
  /** Never set; carries the types of input and output. */
  readonly '~types'?: { readonly input: Input; readonly output: Output };
  /** Takes the agent out of service: it gets no new task, and its record is withdrawn. */
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
}

/** A task whose answer comes in parts. */
export interface TaskStream extends AsyncIterable<TaskPart> {
  /** The whole result, once the parts are through. */
  readonly result: Promise<TaskResult>;
}
