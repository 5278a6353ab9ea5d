/**
 * The corridor to further systems: an extension gets a Host and hands back its own API.
 * @module
 */

import type { Duration } from '../base/duration.ts';
import type { Did } from '../base/ids.ts';
import type { Action, AutonomyLevel } from '../schema/action.ts';
import type { AgentRecord } from '../schema/agent-record.ts';
import type { MeshEvent } from '../schema/mesh-event.ts';
import type { TaskRequest } from '../schema/task.ts';
import type { Clock } from './clock.ts';
import type { Gate, GateName } from './gate.ts';
import type { Http } from './http.ts';
import type { Candidate, Placement } from './placement.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';
import type { Telemetry } from './telemetry.ts';

/** A message from a peer to an extension. */
export interface PeerMessage {
  readonly from: Did;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** Options of {@link Host.send}. */
export interface SendOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly idempotencyKey?: string;
}

/** A broadcast as its listeners get it. */
export interface HostBroadcast {
  /** Proven by the origin's signature. */
  readonly from: Did;
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** When it was sent, by the origin's clock. */
  readonly at: string;
  readonly id: string;
}

/** Options of {@link Host.broadcast}. */
export interface HostBroadcastOptions {
  /** `high` goes first wherever there is too much to do. Default `normal`. */
  readonly priority?: 'high' | 'normal';
  /** How long it is worth telling, at most an hour. Default 60 s. */
  readonly ttl?: Duration;
}

/** A role that is held. */
export interface HeldRole {
  /** Higher than that of any holder before; whatever is done in the role carries it. */
  readonly epoch: number;
  /** Fires before anybody else can hold the role. */
  readonly lost: AbortSignal;
  /** Gives the role back, so that the next may hold it at once. Idempotent. */
  release(): Promise<void>;
}

/** Options of {@link HostRoles.hold}. */
export interface HoldRoleOptions {
  /** How long the role stays free after its holder died. */
  readonly ttl: Duration;
  /** Waits until the role is free. Default: throw `ROLE_TAKEN`. */
  readonly standby?: boolean;
  /** Whose word counts; more than half must grant the role. Default: this node's store alone. */
  readonly among?: readonly Did[];
  readonly signal?: AbortSignal;
}

/** Roles that one node at a time holds. */
export interface HostRoles {
  /** Holds `role` until it is lost or released; `ROLE_TAKEN`, or waits when `standby`. */
  hold(role: string, options: HoldRoleOptions): Promise<HeldRole>;
  /** Throws `ROLE_EPOCH_STALE` for the epoch of somebody who held the role once. */
  check(role: string, epoch: number): Promise<void>;
}

/** What this node thinks of others. */
export interface HostTrust {
  /** 0 to 100, a lower confidence bound, and the state that goes with it; a stranger has state `unknown`. */
  score(peer: Did): { readonly score: number; readonly state: string };
  /** Types of the credentials of `peer` that stand. */
  credentialsOf(peer: Did): ReadonlySet<string>;
}

/** A question to the policies of this node. */
export interface HostQuestion {
  /** Who wants to. Default: this organisation. */
  readonly subject?: Did;
  readonly action: string;
  /** `agent:<id>`, `org:<did>` or `mesh`. */
  readonly resource: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** What may happen. */
export interface HostPolicy {
  /** From memory; what no policy permits is denied. */
  decide(question: HostQuestion): {
    readonly effect: 'allow' | 'deny';
    readonly determining: readonly string[];
    readonly advice?: string;
  };
}

/** Whom one could ask. */
export interface HostDiscovery {
  /** Agents that offer `capability`, best first. */
  candidates(capability: string): readonly Candidate[];
  /** The record of the agent with this id. */
  get(agent: string): AgentRecord | undefined;
}

/** Who is there. */
export interface HostFederation {
  /** Connected now. */
  peers(): readonly Did[];
  /** Tells `listener` of each peer whose session becomes active; the result takes it off. */
  onPeer(listener: (peer: Did) => void): () => void;
}

/** A durable task, as far as extensions see it. Instants are epoch milliseconds. */
export interface HostTask {
  /** Its id in this node's book. */
  readonly id: string;
  /** The caller's id of it. */
  readonly task: string;
  readonly type: string;
  readonly agent: string;
  readonly from: Did;
  readonly state: 'queued' | 'running' | 'waiting' | 'suspended' | 'done' | 'failed' | 'cancelled';
  readonly submittedAt: number;
  readonly due?: number;
}

/** Tasks that durable agents of this node have taken. */
export interface HostTasks {
  /** The task, while it is remembered. */
  get(id: string): Promise<HostTask | undefined>;
  /** Tasks, oldest first, at most 100 unless told otherwise. */
  list(options?: {
    readonly state?: HostTask['state'];
    readonly limit?: number;
  }): Promise<readonly HostTask[]>;
  /** Calls a task off; resolves with how it ended. `NOT_FOUND`. */
  cancel(id: string, reason?: string): Promise<{ readonly state: string }>;
  /** Lets a suspended task go on now, with `input`. `NOT_FOUND`, `STATE_CONFLICT`, `CHECKPOINT_VERSION`. */
  resume(id: string, input?: unknown): Promise<HostTask>;
}

/** A receipt that is about to be signed. */
export interface ReceiptOccasion {
  readonly task: TaskRequest;
  /** Id of the agent that did it. */
  readonly agent: string;
  /** Who asked. */
  readonly peer: Did;
}

/** Says what to add to a receipt: JSON data under names of its own, or `quote`, `hold`, `arm`, `approval`. Must not wait. */
export type ReceiptContributor = (occasion: ReceiptOccasion) => Readonly<Record<string, unknown>>;

/** Options of {@link Host.perform}. */
export interface HostPerformOptions {
  /** Whether a person or an agent asked for exactly this. Default: nobody did. */
  readonly asked?: boolean;
  readonly signal?: AbortSignal;
}

/** What became of an action. */
export type HostActionResult<Output> =
  | {
      readonly verdict: 'act';
      readonly output: Output;
      /** Takes it back, once however often it is called. Absent when it cannot be undone. */
      readonly undo?: () => Promise<void>;
    }
  | { readonly verdict: 'advise'; readonly preview: unknown };

/** A subject that is being erased. */
export interface SubjectErasure {
  /** By the name that tasks and entries of the audit log give it. */
  readonly subject: string;
  /** Ids of the receipts that the audit log holds about it. */
  readonly receipts: ReadonlySet<string>;
}

/** Deletes what it holds of a subject and resolves with how many things that were. May be asked again for the same one. */
export type SubjectEraser = (erasure: SubjectErasure) => Promise<number>;

/** What an extension may touch. */
export interface Host {
  readonly did: Did;
  /** The tenant this client is for; undefined where the organisation has none. */
  readonly tenant: string | undefined;
  readonly clock: Clock;
  /** This extension's own stream. */
  readonly random: Random;
  /** Fires when the client closes. */
  readonly signal: AbortSignal;
  /** This extension's own part of the store. */
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly http: Http;
  /** Events of the client, e.g. `events('task.*')`. */
  events(...patterns: string[]): AsyncIterable<MeshEvent>;
  /** Answers `method` when a peer's extension of the same name calls it. */
  handle(method: string, handler: (message: PeerMessage) => Promise<unknown>): void;
  /** Calls `method` of the same extension at `peer`. */
  send(peer: Did, method: string, body: unknown, options?: SendOptions): Promise<unknown>;
  /** Tells every connected node, neighbour by neighbour. Topics are the extension's own. */
  broadcast(topic: string, bytes: Uint8Array, options?: HostBroadcastOptions): Promise<void>;
  /** Broadcasts of others on `topic` from now on; ends with the loop or the client. */
  subscribe(topic: string): AsyncIterable<HostBroadcast>;
  /** The extension's own roles. */
  readonly roles: HostRoles;
  /** Adds a gate between tasks and agents, behind those of the same name; the result takes it away. */
  gate(name: GateName, gate: Gate): () => void;
  /** Takes over the order in which candidates for a task are tried; the result gives it back. */
  placement(placement: Placement): () => void;
  /**
   * Adds members to the receipts this node signs, at most 16 KiB; the result takes it away. A member that is the house's own or
   * was added by somebody else, and what `contribute` throws, is reported and left out: the work is done, so the receipt stands.
   */
  receipt(contribute: ReceiptContributor): () => void;
  /**
   * Asks `erase` whenever a subject is erased from this node (`mesh.audit.erase`); the result takes it away. Only values are
   * overwritten everywhere: name no subject in a key of {@link Host.store}.
   */
  onErase(erase: SubjectEraser): () => void;
  /** How far this node believes others. Answers once the client has started: `NOT_STARTED` before. */
  readonly trust: HostTrust;
  /** What this node's policies permit. `NOT_STARTED` before the start. */
  readonly policy: HostPolicy;
  /** Whom this node knows. `NOT_STARTED` before the start. */
  readonly discovery: HostDiscovery;
  /** Who is connected. `NOT_STARTED` before the start. */
  readonly federation: HostFederation;
  /** What durable agents of this node have taken. */
  readonly tasks: HostTasks;
  /** How much the application wants to happen unasked. */
  readonly autonomy: AutonomyLevel;
  /**
   * Does `action`, suggests it, or refuses it, by its risk and `autonomy`, with lines in the audit log. `ACTION_REFUSED`,
   * `TIMEOUT`, `ABORTED`, and what the action throws.
   */
  perform<Input, Output>(
    action: Action<Input, Output>,
    options?: HostPerformOptions,
  ): Promise<HostActionResult<Output>>;
  /** Another extension's API; it is started if it was not. */
  use<Api>(extension: Extension<Api>): Api;
}

/** A system that grows on the house. */
export interface Extension<Api = unknown> {
  readonly name: string;
  /** Called once; must not wait: what takes time is awaited inside the API. */
  start(host: Host): Api;
}

/** What can carry extensions: MeshClient does. */
export interface Extensible {
  /** The API of `extension`, which is started unless it runs already. */
  use<Api>(extension: Extension<Api>): Api;
}
