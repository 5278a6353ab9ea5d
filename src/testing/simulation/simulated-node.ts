/**
 * One node of a simulated mesh: a production client on a machine of its own.
 * @module
 */
import { fromUtf8 } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { type AgentDefinition, MeshClient, type MeshClientOptions } from '../../client/index.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Http } from '../../ports/http.ts';
import type { Random } from '../../ports/random.ts';
import { agentId } from '../../schema/agent-record.ts';
import type { MeshEvent, MeshEventType } from '../../schema/mesh-event.ts';
import type { Behaviour } from '../byzantine.ts';
import type { Calls } from './calls.ts';
import { Disk, type DiskOptions } from './disk.ts';
import type { EventLoop } from './event-loop.ts';
import { Host } from './host.ts';
import type { Network } from './network.ts';
import { simulatedCompression } from './simulated-compression.ts';
import type { Trace } from './trace.ts';
import { markRooms, watchedClient } from './watched-client.ts';

/** What all nodes of a mesh share. */
export interface World {
  readonly loop: EventLoop;
  readonly trace: Trace;
  readonly network: Network;
  readonly calls: Calls;
  readonly crypto: CryptoProvider;
  /** How organisations are called in the trace. */
  readonly nameOf: (did: Did) => string;
  /** Resolves when agents offered a moment ago have got around. */
  readonly known: () => Promise<void>;
  readonly failed: (node: SimulatedNode, error: unknown) => void;
}

/** What makes one node. */
export interface NodeParts {
  readonly org: string;
  readonly did: Did;
  readonly index: number;
  /** Its own stream of chance. */
  readonly random: Random;
  readonly options: MeshClientOptions;
  readonly disk: DiskOptions;
}

/** An agent offered by a node of this mesh. */
export interface Offered {
  readonly id: string;
  readonly at: number;
}

/** A machine, its disk, and the client that runs on it. */
export class SimulatedNode {
  readonly org: string;
  readonly did: Did;
  /** `<org>/<index>`. */
  readonly name: string;
  /** Where others dial it. */
  readonly address: string;
  readonly host: Host;
  readonly disk: Disk;
  readonly #world: World;
  readonly #parts: NodeParts;
  /** Agents to offer again after a restart, as the program that runs here would. */
  readonly #agents = new Map<string, AgentDefinition<never>>();
  readonly offered: Offered[] = [];
  #behaviour: Behaviour = { name: 'honest' };
  /** Tasks of which this node gave a receipt, as far as its disk should know. */
  readonly #receipted = new Set<string>();
  #repaired = Promise.resolve();
  #ended = false;
  #inner: MeshClient | undefined;
  #watched: MeshClient | undefined;

  constructor(world: World, parts: NodeParts) {
    this.#world = world;
    this.#parts = parts;
    this.org = parts.org;
    this.did = parts.did;
    this.name = `${parts.org}/${String(parts.index)}`;
    this.address = parts.index === 0 ? parts.did : `${parts.did}~${String(parts.index)}`;
    const { loop, trace, network } = world;
    this.host = new Host(this.name, loop, (error) => {
      world.failed(this, error);
    });
    this.disk = new Disk({
      host: this.host,
      loop,
      trace,
      chance: parts.random.child('disk'),
      options: parts.disk,
    });
    network.register(this.address, this.host);
  }

  /** Whether its machine runs. */
  get up(): boolean {
    return this.host.life !== 0;
  }

  /** The client as tests hold it; `CLOSED` while the machine is down. */
  get client(): MeshClient {
    if (this.#watched !== undefined && this.up) return this.#watched;
    throw new MeshError('CLOSED', { what: this.name });
  }

  /** The client itself: nobody notes what it promises. */
  get bare(): MeshClient {
    if (this.#inner !== undefined && this.up) return this.#inner;
    throw new MeshError('CLOSED', { what: this.name });
  }

  /** Boots the machine and makes the client; it has not started. */
  boot(): MeshClient {
    const { trace, network, calls, crypto, known, nameOf } = this.#world;
    const { index, random, options } = this.#parts;
    const life = this.host.boot();
    const clock = this.host.clock();
    const inner = new MeshClient({
      crypto,
      compression: simulatedCompression,
      http: nowhere,
      node: String(index),
      ...(this.#behaviour.client?.(options) ?? options),
      clock,
      random: random.child(`life-${String(life)}`),
      store: this.disk.open(),
      transport: network.transport(this.host, this.address),
    });
    this.#inner = inner;
    this.#listen(inner, life);
    markRooms(inner);
    this.#watched = watchedClient(inner, {
      track: (what, work) => calls.track(this.host, what, work),
      handling: ({ name, durable }, { task, caller }) =>
        calls.handling(this.host, name, {
          task: task.id,
          caller: nameOf(caller.did),
          ...(durable === true && { durable }),
        }),
      known,
      agent: (definition) => this.#behaviour.agent?.(definition) ?? definition,
      offered: (definition) => {
        this.#agents.set(definition.name, definition);
        this.#offer(definition);
      },
    });
    const again = [...this.#agents.values()];
    for (const definition of again) this.#watched.createAgent(definition);
    trace.add(this.name, 'node.booted', { life });
    return this.#watched;
  }

  /** Crashes and comes back as a liar with the same keys. */
  replace(behaviour: Behaviour): Promise<void> {
    const { trace, network } = this.#world;
    const chance = this.#parts.random.child('lies');
    trace.add(this.name, 'fault.replace', { behaviour: behaviour.name });
    this.#behaviour = behaviour;
    const { speak } = behaviour;
    network.speakAs(this.host, (frame) => speak?.(frame, chance) ?? [{ bytes: frame, afterMs: 0 }]);
    if (this.up) void this.crash(false, 'kept');
    return this.restart();
  }

  /** Starts the client. */
  async start(): Promise<void> {
    const client = this.client;
    await client.start();
    this.#world.trace.add(this.name, 'node.started');
  }

  /** Looks whether the record on disk has every receipt that was given, and says what it lacks. */
  async checkRecord(): Promise<void> {
    const record: string[] = [];
    for await (const { value } of this.disk.bytes.scan({ prefix: 'audit/entry/' })) {
      record.push(fromUtf8(value));
    }
    const whole = record.join('\n');
    for (const task of this.#receipted) {
      if (!whole.includes(`"${task}"`)) this.#world.trace.add(this.name, 'disk.lacks', { task });
    }
  }

  /** Boots the machine again and starts the client, once its disk is in order. */
  async restart(): Promise<void> {
    await this.#repaired;
    await this.checkRecord();
    if (this.#ended) throw new MeshError('CLOSED', { what: this.name });
    this.boot();
    await this.start();
  }

  /** Ends everything at once, in the midst of whatever it does. */
  crash(power: boolean, disk: 'kept' | 'lost'): Promise<void> {
    const { network, calls, trace } = this.#world;
    const { host } = this;
    trace.add(this.name, 'fault.crash', { power, disk });
    network.crash(host, power);
    host.halt(power);
    calls.crash(host);
    this.offered.length = 0;
    if (disk === 'lost') this.#receipted.clear();
    this.#repaired = this.disk.crash(power, disk);
    return this.#repaired;
  }

  /** Closes the client as a program does that ends in order. */
  async close(): Promise<void> {
    // Who is on the way to a new life must not get there.
    this.#ended = true;
    if (!this.up) return;
    await this.client.close({ drain: 0 });
    this.#world.trace.add(this.name, 'node.closed');
  }

  #offer({ name }: AgentDefinition<never>): void {
    const id = agentId(this.did, String(this.#parts.index), name);
    this.offered.push({ id, at: this.#world.loop.now });
  }

  #listen(client: MeshClient, life: number): void {
    for (const type of meshEventTypes) {
      client.on(type, (event) => {
        if (this.host.life === life) this.#takeDown(event as MeshEvent);
      });
    }
  }

  /** The client's event under the names of this mesh; members whose names the trace needs itself get longer ones. */
  #takeDown({ type, data, peer, agent }: MeshEvent): void {
    const { trace, nameOf } = this.#world;
    if (type === 'task.executed') this.#receipted.add(data.task);
    const { type: taskType, node: peerNode, ...rest } = data as Readonly<Record<string, unknown>>;
    trace.add(this.name, type, {
      ...rest,
      ...(peerNode !== undefined && { peerNode }),
      ...(taskType !== undefined && { taskType }),
      ...(peer !== undefined && { peer: nameOf(peer) }),
      ...(agent !== undefined && { agent: shortAgent(agent, nameOf) }),
    });
  }
}

/** `globex/0/echo` for `did:...#0/echo`. */
function shortAgent(agent: string, nameOf: (did: Did) => string): string {
  const at = agent.indexOf('#');
  return `${nameOf(agent.slice(0, at) as Did)}/${agent.slice(at + 1)}`;
}

/** There is no web in a simulation. */
const nowhere: Http = {
  send: ({ url }) =>
    Promise.reject(new MeshError('HTTP_REFUSED', { url, detail: 'a simulation has no web' })),
};

/** Every type of event a client tells; one that is missing here does not compile. */
const everyType: Readonly<Record<MeshEventType, true>> = {
  'identity.deactivated': true,
  'identity.failed': true,
  'identity.rotated': true,
  'peer.connected': true,
  'peer.lost': true,
  'peer.refused': true,
  'agent.registered': true,
  'agent.retired': true,
  'agent.changed': true,
  'trigger.failed': true,
  'action.advised': true,
  'action.done': true,
  'action.failed': true,
  'record.learned': true,
  'record.withdrawn': true,
  'task.sent': true,
  'task.completed': true,
  'task.failed': true,
  'task.executed': true,
  'task.refused': true,
  'task.suspended': true,
  'task.resumed': true,
  'task.cancelled': true,
  'trust.changed': true,
  'trust.slashed': true,
  'trust.quarantined': true,
  'trust.released': true,
  'trust.appealed': true,
  'trust.noticed': true,
  'trust.violation': true,
  'credential.accepted': true,
  'credential.revoked': true,
  'credential.suspended': true,
  'credential.reinstated': true,
  'audit.equivocated': true,
  'audit.lost': true,
  'audit.unanchored': true,
  'policy.updated': true,
  'broadcast.refused': true,
  'role.taken': true,
  'role.lost': true,
  'round.opened': true,
  'round.completed': true,
  'round.failed': true,
};
const meshEventTypes = Object.keys(everyType) as MeshEventType[];
