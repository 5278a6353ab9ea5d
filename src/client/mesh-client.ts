/**
 * One organisation's part of a mesh: the object an application holds.
 * @module
 */
import { linkedController } from '../base/abort.ts';
import { BoundedQueue } from '../base/bounded-queue.ts';
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError } from '../base/errors.ts';
import { asDid, type Did, type DidUrl } from '../base/ids.ts';
import type { Aggregator } from '../core/aggregation/index.ts';
import type { Audit } from '../core/audit/index.ts';
import type { AgentListing, Discovery } from '../core/discovery/index.ts';
import type { Federation } from '../core/federation/index.ts';
import type { Identity } from '../core/identity/index.ts';
import type { PolicyCache } from '../core/policy/index.ts';
import type { ActionResult } from '../core/tasks/index.ts';
import type { TrustEngine } from '../core/trust/index.ts';
import type { Extensible, Extension } from '../ports/extension.ts';
import type { FoundKey, KeyPurpose } from '../ports/key-source.ts';
import type { Logger } from '../ports/logger.ts';
import type { Candidate } from '../ports/placement.ts';
import type { Resolution, ResolveOptions } from '../ports/resolver.ts';
import type { Action, AutonomyLevel } from '../schema/action.ts';
import type { MeshEvent, MeshEventOf, MeshEventType } from '../schema/mesh-event.ts';
import type { Task } from '../schema/task.ts';
import type { PerformActionOptions } from './actions.ts';
import type {
  Agent,
  AgentDefinition,
  CallOptions,
  TaskPart,
  TaskResult,
  TaskStream,
} from './agent.ts';
import { AgentService } from './agent-service.ts';
import type { Rooms } from './compose.ts';
import type { TaskDesk } from './durable-tasks.ts';
import { EventHub } from './event-hub.ts';
import type { TaskExplanation } from './explanation.ts';
import { Extensions, makeHost } from './extension-host.ts';
import type { FederateOptions, FederationLink } from './federation-link.ts';
import { groundOf } from './ground.ts';
import { lazyDoor } from './lazy-door.ts';
import { loadHouse } from './load-house.ts';
import { LocalAgents } from './local-agents.ts';
import type { MeshClientOptions } from './options.ts';
import type { TaskWires } from './task-street.ts';
import { nodeOf, tenantOf } from './tenant.ts';

/** Options of {@link MeshClient.close}. */
export interface CloseOptions {
  /** How long tasks that run here may take to finish. Default 2 s. */
  readonly drain?: Duration;
}

interface Running {
  readonly rooms: Rooms;
  readonly wires: TaskWires;
}

/** Parts of a streamed answer that may wait for a slow reader. */
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
  /** Encrypted sessions with other organisations. */
  readonly federation: Federation;
  /** How far this node believes others, and why. */
  readonly trust: TrustEngine;
  /** What may happen. */
  readonly policy: PolicyCache;
  /** Learning together. */
  readonly aggregator: Aggregator;
  /** Whom could I ask. */
  readonly discovery: Discovery;
  /** What happened, provably. */
  readonly audit: Audit;
  /** Tasks that durable agents of this node have taken: how they stand, and what may be done about them. */
  readonly tasks: TaskDesk;
  /** How much this node does unasked. */
  readonly autonomy: AutonomyLevel;

  readonly #options: MeshClientOptions;
  readonly #node: string;
  readonly #events: EventHub;
  readonly #agents: LocalAgents;
  readonly #service: AgentService;
  readonly #extensions: Extensions;
  readonly #controller = new AbortController();
  /** What extensions want wired, before the street opens. */
  readonly #wires: ((rooms: Rooms) => void)[] = [];
  #running: Running | undefined;
  #starting: Promise<Running> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MeshClientOptions = {}) {
    this.#options = options;
    this.#node = nodeOf(options);
    this.#events = new EventHub(groundOf(options).clock, tenantOf(options));
    this.#agents = new LocalAgents(options.models ?? {});
    this.autonomy = autonomyOf(options);
    this.#service = new AgentService({
      agents: this.#agents,
      node: this.#node,
      region: options.region,
      clock: groundOf(options).clock,
      emit: this.#events.emit,
      logger: this.#logger,
      did: () => this.did,
      running: () => (this.#closing === undefined ? this.#running : undefined),
    });
    this.federation = this.#door('federation', [
      'call',
      'connect',
      'dial',
      'disconnect',
      'openStream',
    ]);
    this.trust = this.#door('trust', [
      'issue',
      'verify',
      'revoke',
      'hold',
      'observe',
      'meet',
      'feedback',
      'attest',
      'exportEvidence',
      'merge',
      'setWeights',
      'quarantine',
      'slash',
      'release',
      'appeal',
      'hear',
      'answerAppeal',
      'violation',
      'proof',
    ]);
    this.policy = this.#door('policy', ['decide', 'evaluate', 'publish', 'withdraw', 'rollback']);
    this.aggregator = lazyDoor<Aggregator>(
      'aggregator',
      () => this.#running?.rooms.aggregator.current,
      async () => (await this.#ready()).rooms.aggregator.open(),
      ['createRound', 'latest'],
    );
    this.discovery = this.#door('discovery', [
      'search',
      'announce',
      'withdraw',
      'renew',
      'compare',
      'forget',
    ]);
    this.audit = this.#door('audit', [
      'accuse',
      'anchor',
      'append',
      'checkpoints',
      'equivocations',
      'erase',
      'export',
      'prove',
      'receipt',
      'verify',
      'verifyReceipt',
    ]);
    this.tasks = lazyDoor<TaskDesk>(
      'tasks',
      () => this.#running?.wires.durable.book,
      async () => (await this.#ready()).wires.durable.book,
      ['get', 'state', 'list', 'wait', 'cancel', 'resume'],
    );
    this.#extensions = new Extensions((name) =>
      makeHost(name, {
        options,
        events: this.#events,
        signal: this.#controller.signal,
        use: (extension) => this.use(extension),
        wire: (wire) => {
          this.#wires.push(wire);
          if (this.#running !== undefined) wire(this.#running.rooms);
        },
        current: () => this.#running?.rooms,
        ready: async () => (await this.#ready()).rooms,
        tasks: this.tasks,
        autonomy: this.autonomy,
        perform: (action, performing) => this.perform(action, performing),
      }),
    );
    for (const extension of options.extensions ?? []) this.use(extension);
  }

  /** This organisation's DID; throws `NOT_STARTED` before `start()`. */
  get did(): Did {
    const did = this.#running?.rooms.identity.did;
    if (did === undefined) throw new MeshError('NOT_STARTED', { what: 'the DID' });
    return did;
  }

  /** This organisation's identity: its keys, rotation, pins. Throws `NOT_STARTED` before `start()`. */
  get identity(): Identity {
    const identity = this.#running?.rooms.identity;
    if (identity === undefined) throw new MeshError('NOT_STARTED', { what: 'the identity' });
    return identity;
  }

  /** Opens the store, the identity and the transports, and announces the agents. May be called twice. */
  async start(): Promise<this> {
    await this.#ready();
    return this;
  }

  /** Refuses new tasks, lets running ones finish for `drain`, then ends all that was started. May be called twice. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(toMs(options.drain ?? '2s', 'drain'));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Offers an agent. Its record is announced once the client has started; others may use it as far as policy permits.
   * Throws `INVALID_ARGUMENT`, `ALREADY_EXISTS` or `MODEL_UNKNOWN`.
   */
  createAgent<Input = unknown, Output = unknown>(
    definition: AgentDefinition<Input, Output>,
  ): Agent<Input, Output> {
    if (this.#closing !== undefined) throw closed();
    return this.#service.create(definition);
  }

  /** Has `task` done by the best agent that every gate allows. */
  async executeTask(task: Task, options: CallOptions = {}): Promise<TaskResult> {
    const { caller } = (await this.#ready()).wires;
    return caller.run(task, options);
  }

  /** Has one agent do its first capability, with its types. */
  async call<Input, Output>(
    agent: Agent<Input, Output> | AgentListing,
    input: Input,
    options: CallOptions = {},
  ): Promise<TaskResult<Output>> {
    const { caller } = (await this.#ready()).wires;
    const { type, candidate } = this.#target(agent);
    const result = await caller.run({ type, data: input }, options, [candidate]);
    return result as TaskResult<Output>;
  }

  /** Has `task` done and hands over the parts of the answer as they are made. Leaving the loop early cancels the task. */
  stream(task: Task, options: CallOptions = {}): TaskStream {
    const parts = new BoundedQueue<TaskPart>({ name: 'the answer', limit: partLimit });
    const { controller, release } = linkedController(options.signal);
    const { signal } = controller;
    const run = async (): Promise<TaskResult> => {
      const { caller } = (await this.#ready()).wires;
      return caller.run(task, { ...options, signal }, undefined, (part) => parts.push(part));
    };
    const result = run().finally(release);
    result.then(
      () => {
        parts.end();
      },
      (error: unknown) => {
        parts.fail(error);
      },
    );
    const leave = (): Promise<IteratorResult<TaskPart, undefined>> => {
      controller.abort(new MeshError('ABORTED', { what: 'the answer' }));
      parts.end();
      return Promise.resolve({ done: true, value: undefined });
    };
    return {
      result,
      [Symbol.asyncIterator]: () => ({ next: () => parts.next(), return: leave }),
    };
  }

  /**
   * Makes a bond with another organisation: opens a session, exchanges credentials and records, and lets tasks go there
   * (house rule `house/task-send`). A petname stands for whom it was pinned to; nobody is pinned unasked. Throws
   * `PETNAME_UNKNOWN`, `PEER_UNREACHABLE`, `POLICY_DENIED`, `TRUST_TOO_LOW`.
   */
  async federate(peer: string, options: FederateOptions = {}): Promise<FederationLink> {
    const { rooms } = await this.#ready();
    const { federateWith } = await loadHouse();
    return federateWith(asDid(peer), options, {
      rooms,
      clock: groundOf(this.#options).clock,
      executeTask: (task, callOptions) => this.executeTask(task, callOptions),
    });
  }

  /**
   * What is known of `did`, of whatever method there is a resolver for: its document, how old that is, and whether it has
   * ended. Throws `DID_NOT_FOUND`, `DID_UNREACHABLE`, `DID_INVALID`, `DID_METHOD_UNKNOWN`.
   */
  async resolve(did: Did, options?: ResolveOptions): Promise<Resolution> {
    return (await this.#ready()).rooms.keys.resolve(asDid(did), options);
  }

  /**
   * The public key `keyId` names, if its DID lets it be used for `purpose`: so a client is the `keys` of other doors. Throws
   * what `resolve` throws, `DID_DEACTIVATED`, `KEY_REVOKED` and `KEY_INVALID`.
   */
  async keyOf(keyId: DidUrl, use: KeyPurpose): Promise<FoundKey> {
    const { key, ageMs } = await (await this.#ready()).rooms.keys.keyOf(keyId, use);
    return { key, ageMs };
  }

  /**
   * Why the task called `id` went where it went, or nowhere: every gate's verdict on every candidate as things stand now, with
   * what would make it pass. The id of a task that failed is `error.params.task`, and in its events. `NOT_FOUND` when it is not one of the last 256.
   */
  async explain(id: string): Promise<TaskExplanation> {
    return (await this.#ready()).wires.caller.explain(id);
  }

  /**
   * Does `action`, suggests it, or refuses it, by its risk and this node's autonomy level, and keeps lines of it in the audit
   * log. Throws `ACTION_REFUSED`, `APPROVAL_DENIED`, `TIMEOUT`, `ABORTED`, and what the action throws.
   */
  async perform<Input, Output>(
    action: Action<Input, Output>,
    options: PerformActionOptions = {},
  ): Promise<ActionResult<Output>> {
    const { rooms } = await this.#ready();
    const { performWith } = await loadHouse();
    const { clock } = groundOf(this.#options);
    const { emit } = this.#events;
    return performWith(action, options, { level: this.autonomy, clock, audit: rooms.audit, emit });
  }

  /** Events as they happen, selected by patterns such as `task.*`; all without one. Ends with the loop or the client. */
  events(...patterns: string[]): AsyncIterable<MeshEvent> {
    return this.#events.read(patterns);
  }

  /** Calls `listener` for every event of `type`; the result takes it off. */
  on<T extends MeshEventType>(type: T, listener: (event: MeshEventOf<T>) => void): () => void {
    return this.#events.on(type, listener);
  }

  /** The API of an extension, started if it was not. */
  use<Api>(extension: Extension<Api>): Api {
    if (this.#closing !== undefined) throw closed();
    return this.#extensions.use(extension);
  }

  #ready(): Promise<Running> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    // What failed may succeed later: a port that was taken, a folder that was missing.
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<Running> {
    const { compose, startRooms, wireTasks } = await loadHouse();
    const rooms = await compose(this.#options, this.#events.emit, this.#agents);
    const wires = wireTasks(rooms, {
      mesh: this,
      node: this.#node,
      region: this.#options.region,
      tenant: this.#options.tenant,
      ground: groundOf(this.#options),
      agents: this.#agents,
      events: this.#events,
      emit: this.#events.emit,
      logger: this.#logger,
    });
    const running = { rooms, wires };
    this.#running = running;
    try {
      for (const wire of this.#wires) wire(rooms);
      await startRooms(rooms);
      await this.#service.open();
    } catch (error) {
      this.#running = undefined;
      await rooms.lifetime.close();
      throw error;
    }
    return running;
  }

  async #close(drainMs: number): Promise<void> {
    this.#controller.abort(closed());
    try {
      const { rooms } = (await this.#starting?.catch(() => undefined)) ?? {};
      if (rooms === undefined) return;
      rooms.gates.add('override', {
        before({ direction }) {
          if (direction === 'send') return;
          const reason = 'it is closing';
          throw new MeshError('PEER_REJECTED', { peer: rooms.identity.did, reason });
        },
      });
      await this.#agents.idle(groundOf(this.#options).clock, drainMs);
      await rooms.lifetime.close();
    } finally {
      this.#events.close();
    }
  }

  get #logger(): Logger | undefined {
    const { logger } = this.#options;
    return logger === false ? undefined : logger;
  }

  #target(
    agent: { readonly id: string; readonly name: string; readonly meshId: Did } | AgentListing,
  ): { type: string; candidate: Candidate } {
    const id = 'agentId' in agent ? agent.agentId : agent.id;
    const capabilities =
      'agentId' in agent
        ? agent.capabilities
        : this.#agents.get(agent.name)?.definition.capabilities;
    const type = capabilities?.[0];
    if (type === undefined) throw new MeshError('NOT_FOUND', { what: 'agent', id });
    const place = id.slice(id.indexOf('#') + 1);
    const slash = place.indexOf('/');
    const [node, name] = [place.slice(0, slash), place.slice(slash + 1)];
    return { type, candidate: { meshId: agent.meshId, node, name } };
  }

  #door<Name extends 'federation' | 'trust' | 'policy' | 'discovery' | 'audit'>(
    name: Name,
    waiting: readonly (keyof Rooms[Name] & string)[],
  ): Rooms[Name] {
    return lazyDoor<Rooms[Name]>(
      name,
      () => this.#running?.rooms[name],
      async () => (await this.#ready()).rooms[name],
      waiting,
    );
  }
}

const autonomyLevels: readonly AutonomyLevel[] = ['off', 'advise', 'act-low-risk'];

function autonomyOf({ autonomy = 'advise' }: MeshClientOptions): AutonomyLevel {
  if (autonomyLevels.includes(autonomy)) return autonomy;
  const expected = `one of ${autonomyLevels.join(', ')}`;
  throw new MeshError('INVALID_ARGUMENT', { argument: 'autonomy', expected, got: autonomy });
}

function closed(): MeshError {
  return new MeshError('CLOSED', { what: 'the mesh client' });
}
