/**
 * The corridor to further systems: an extension gets a Host and hands back its own API.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { MeshEvent } from '../schema/mesh-event.ts';
import type { Clock } from './clock.ts';
import type { Http } from './http.ts';
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

/** What an extension may touch. */
export interface Host {
  readonly did: Did;
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
