/**
 * One organisation's part of a mesh: the object an application holds.
 * @module
 */
import { BoundedQueue } from '../base/bounded-queue.ts';
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError } from '../base/errors.ts';
import { asDid, type Did } from '../base/ids.ts';
import type { Aggregator } from '../core/aggregation/index.ts';
import type { Audit } from '../core/audit/index.ts';
import type { AgentListing, Discovery } from '../core/discovery/index.ts';
import type { Federation } from '../core/federation/index.ts';
import type { PolicyCache } from '../core/policy/index.ts';
import type { TrustEngine } from '../core/trust/index.ts';
import type { Extensible, Extension } from '../ports/extension.ts';
import { agentId } from '../schema/agent-record.ts';
import type { MeshEvent, MeshEventOf, MeshEventType } from '../schema/mesh-event.ts';
import type { Task } from '../schema/task.ts';
import { nodeName } from '../schema/words.ts';
import type {
  Agent,
  AgentDefinition,
  CallOptions,
  TaskPart,
  TaskResult,
  TaskStream,
} from './agent.ts';
import { federateWith } from './federating.ts';
import type { FederateOptions, FederationLink } from './federation-link.ts';
import { compose, groundOf, type Rooms, startRooms } from './compose.ts';
import { EventHub } from './event-hub.ts';
import { Extensions, makeHost } from './extension-host.ts';
import { lazyDoor } from './lazy-door.ts';
import { type LocalAgent, LocalAgents } from './local-agents.ts';
import type { MeshClientOptions } from './options.ts';
import type { Candidate, TaskCaller } from './task-caller.ts';
import { wireTasks } from './task-street.ts';

/** Options of {@link MeshClient.close}. */
export interface CloseOptions {
  /** How long tasks that run here may take to finish. Default 2 s. */
  readonly drain?: Duration;
}

interface Running {
  readonly rooms: Rooms;
  readonly caller: TaskCaller;
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

  readonly #options: MeshClientOptions;
  readonly #node: string;
  readonly #events: EventHub;
  readonly #agents: LocalAgents;
  readonly #extensions: Extensions;
  readonly #controller = new AbortController();
  /** What extensions want wired before the street opens. */
  readonly #wires: ((rooms: Rooms) => void)[] = [];
  #running: Running | undefined;
  #starting: Promise<Running> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MeshClientOptions = {}) {
    this.#options = options;
    this.#node = nodeOf(options);
    this.#events = new EventHub(groundOf(options).clock);
    this.#agents = new LocalAgents(options.models ?? {});
    this.federation = this.#door('federation', ['call', 'connect', 'dial', 'disconnect']);
    this.trust = this.#door('trust', ['issue', 'verify', 'revoke', 'hold', 'observe']);
    this.policy = this.#door('policy', ['decide', 'evaluate', 'publish', 'withdraw', 'rollback']);
    this.aggregator = this.#door('aggregator', ['createRound', 'latest']);
    this.discovery = this.#door('discovery', ['search']);
    this.audit = this.#door('audit', ['append', 'receipt', 'verify', 'verifyReceipt']);
    this.#extensions = new Extensions((name) =>
      makeHost(name, {
        options,
        events: this.#events,
        signal: this.#controller.signal,
        use: (extension) => this.use(extension),
        wire: (wire) => {
          if (this.#running === undefined) this.#wires.push(wire);
          else wire(this.#running.rooms);
        },
        current: () => this.#running?.rooms,
        ready: async () => (await this.#ready()).rooms,
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
    const agent = this.#agents.add(definition as unknown as AgentDefinition<never>);
    const { name, capabilities } = definition;
    this.#events.emit('agent.registered', { name, capabilities: [...capabilities] });
    if (this.#running !== undefined) void this.#announce(agent, this.#running.rooms);
    return this.#handle(name);
  }

  /** Has `task` done by the best agent that every gate allows. */
  async executeTask(task: Task, options: CallOptions = {}): Promise<TaskResult> {
    const { caller } = await this.#ready();
    return caller.run(task, options);
  }

  /** Has one agent do its first capability, with its types. */
  async call<Input, Output>(
    agent: Agent<Input, Output> | AgentListing,
    input: Input,
    options: CallOptions = {},
  ): Promise<TaskResult<Output>> {
    const { caller } = await this.#ready();
    const { type, candidate } = this.#target(agent);
    const result = await caller.run({ type, data: input }, options, [candidate]);
    return result as TaskResult<Output>;
  }

  /** Has `task` done and hands over the parts of the answer as they are made. */
  stream(task: Task, options: CallOptions = {}): TaskStream {
    const parts = new BoundedQueue<TaskPart>({ name: 'the answer', limit: partLimit });
    const run = async (): Promise<TaskResult> => {
      const { caller } = await this.#ready();
      return caller.run(task, options, undefined, (part) => parts.push(part));
    };
    const result = run();
    result.then(
      () => {
        parts.end();
      },
      (error: unknown) => {
        parts.fail(error);
      },
    );
    return { result, [Symbol.asyncIterator]: () => parts[Symbol.asyncIterator]() };
  }

  /**
   * Makes a bond with another organisation: opens a session, exchanges credentials and records, and lets tasks go there
   * (house rule `house/task-send`). Throws `PEER_UNREACHABLE`, `POLICY_DENIED`, `TRUST_TOO_LOW`.
   */
  async federate(peer: string, options: FederateOptions = {}): Promise<FederationLink> {
    const { rooms, caller } = await this.#ready();
    return federateWith(asDid(peer), options, {
      rooms,
      caller,
      clock: groundOf(this.#options).clock,
    });
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
    return this.#extensions.use(extension);
  }

  #ready(): Promise<Running> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<Running> {
    const rooms = await compose(this.#options, this.#events.emit);
    const caller = wireTasks(rooms, {
      mesh: this,
      node: this.#node,
      region: this.#options.region,
      ground: groundOf(this.#options),
      agents: this.#agents,
      emit: this.#events.emit,
    });
    const running = { rooms, caller };
    this.#running = running;
    for (const wire of this.#wires.splice(0)) wire(rooms);
    try {
      await startRooms(rooms);
      await Promise.all(this.#agents.all().map((agent) => this.#announce(agent, rooms)));
    } catch (error) {
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
      rooms.gates.add('override', ({ direction }) => {
        if (direction === 'receive') {
          throw new MeshError('PEER_REJECTED', {
            peer: rooms.identity.did,
            reason: 'it is closing',
          });
        }
      });
      await this.#agents.idle(groundOf(this.#options).clock, drainMs);
      await rooms.lifetime.close();
    } finally {
      this.#events.close();
    }
  }

  async #announce(agent: LocalAgent, rooms: Rooms): Promise<void> {
    try {
      const { region } = this.#options;
      await rooms.discovery.announce({
        ...(region !== undefined && { region }),
        ...agent.definition,
      });
    } catch (error) {
      // The agent works all the same; it is found again when the next announcement goes through.
      const { logger } = this.#options;
      if (logger)
        logger.log('warn', 'an agent could not be announced', {
          agent: agent.definition.name,
          error,
        });
    }
  }

  #handle<Input, Output>(name: string): Agent<Input, Output> {
    const idOf = (): string => agentId(this.did, this.#node, name);
    const didOf = (): Did => this.did;
    return {
      name,
      get id() {
        return idOf();
      },
      get meshId() {
        return didOf();
      },
      retire: async () => {
        if (!this.#agents.remove(name)) return;
        this.#events.emit('agent.retired', { name });
        await this.#running?.rooms.discovery.withdraw(name);
      },
    };
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

  #door<Name extends 'federation' | 'trust' | 'policy' | 'aggregator' | 'discovery' | 'audit'>(
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

function nodeOf({ node = 'main' }: MeshClientOptions): string {
  try {
    return nodeName(node, 'node');
  } catch (cause) {
    const expected = "a name without '/'";
    throw new MeshError('INVALID_ARGUMENT', { argument: 'node', expected, got: node }, { cause });
  }
}

function closed(): MeshError {
  return new MeshError('CLOSED', { what: 'the mesh client' });
}
