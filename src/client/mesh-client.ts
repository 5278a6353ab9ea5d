/**
 * One organisation's part of a mesh: the object an application holds.
 * @module
 */
import { onAbort } from '../base/abort.ts';
import { BoundedQueue } from '../base/bounded-queue.ts';
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError } from '../base/errors.ts';
import { asDid, type Did } from '../base/ids.ts';
import type { Aggregator } from '../core/aggregation/index.ts';
import type { Audit } from '../core/audit/index.ts';
import { type AgentListing, Discovery } from '../core/discovery/index.ts';
import type { Federation } from '../core/federation/index.ts';
import type { PolicyCache } from '../core/policy/index.ts';
import type { TrustEngine } from '../core/trust/index.ts';
import type { Extensible, Extension } from '../ports/extension.ts';
import { agentId } from '../schema/agent-record.ts';
import type { MeshEvent, MeshEventOf, MeshEventType } from '../schema/mesh-event.ts';
import type { Task } from '../schema/task.ts';
import type { Agent, AgentDefinition, CallOptions, TaskPart, TaskResult, TaskStream } from './agent.ts';
import { compose, type Rooms } from './compose.ts';
import { EventHub } from './event-hub.ts';
import type { FederateOptions, FederationLink } from './federation-link.ts';
import { lazyDoor } from './lazy-door.ts';
import { LocalAgents } from './local-agents.ts';
import type { MeshClientOptions } from './options.ts';
import { platform } from '#platform';

/** How many parts of a streamed answer may wait for a slow reader. */
const partLimit = 10_000;

/**
 * A node of the mesh in this process. Constructing does nothing that can wait; the first awaited call, or `start()`,
 * opens the store, the identity and the transports. `close()` ends all it started.
 *
 * @example
 * ```ts
 * await using mesh = new MeshClient();
 * mesh.createAgent({ name: 'echo', capabilities: ['echo'], handler: ({ input }) => input });
 * const { output } = await mesh.executeTask({ type: 'echo', data: 'hi' });
 * ```
 */
export class MeshClient implements Extensible, AsyncDisposable {
  readonly #options: MeshClientOptions;
  readonly #events: EventHub;
  readonly #agents: LocalAgents;
  #rooms: Rooms | undefined;
  #starting: Promise<Rooms> | undefined;
  #closing: Promise<void> | undefined;

  /** Encrypted sessions with other organisations. */
  readonly federation: Federation = this.#door('federation', ['call', 'connect', 'dial']);
  /** How far this node believes others, and why. */
  readonly trust: TrustEngine = this.#door('trust', ['issue', 'verify', 'revoke', 'hold', 'observe']);
  /** What may happen. */
  readonly policy: PolicyCache = this.#door('policy', ['decide', 'evaluate', 'publish', 'rollback']);
  /** Learning together. */
  readonly aggregator: Aggregator = this.#door('aggregator', ['createRound', 'latest']);
  /** Whom could I ask. */
  readonly discovery: Discovery = this.#door('discovery', ['search']);
  /** What happened, provably. */
  readonly audit: Audit = this.#door('audit', ['append', 'verify']);

  constructor(options: MeshClientOptions = {}) {
    this.#options = options;
    this.#events = new EventHub(options.clock ?? platform.clock);
    this.#agents = new LocalAgents(options.models ?? {});
  }
}
