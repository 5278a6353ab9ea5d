/**
 * The bond with one other organisation, made on purpose: while it stands, tasks may go there.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { Task } from '../schema/task.ts';
import type { CallOptions, TaskResult } from './agent.ts';

/** Options of `MeshClient.federate`. */
export interface FederateOptions {
  /** The least trust, 0 to 100; `TRUST_TOO_LOW` below it. Default 0. */
  readonly minTrust?: number;
  /** What it is for; kept beside the bond, for people. */
  readonly purpose?: string;
  readonly signal?: AbortSignal;
}

/** A bond with a peer. Closing it ends the bond and the sessions. */
export interface FederationLink extends AsyncDisposable {
  readonly peer: { readonly did: Did; readonly node: string };
  readonly state: 'connecting' | 'active' | 'suspended' | 'gone';
  /** What the handshake took. */
  readonly handshakeMs: number;
  /** Has a task done by that organisation. */
  executeTask(task: Task, options?: CallOptions): Promise<TaskResult>;
  /** Ends the bond and the sessions with that organisation. Idempotent. */
  close(): Promise<void>;
}
