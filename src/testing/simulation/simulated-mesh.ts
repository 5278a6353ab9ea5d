/**
 * The mesh itself: makes the nodes, lets time flow for those who wait, and ends it all.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { MeshClient } from '../../client/index.ts';
import type { loadHouse } from '../../client/load-house.ts';
import type { Random } from '../../ports/random.ts';
import type { Behaviour } from '../byzantine.ts';
import { type ChaosPlan, type ChaosReport, runPlan } from '../chaos.ts';
import { currentSeedRun } from '../for-seeds.ts';
import { invariants, Watchman } from '../invariants.ts';
import { seededRandom } from '../seeded-random.ts';
import type { TestMesh, TestMeshOptions, TestOrg } from '../test-mesh.ts';
import { Calls } from './calls.ts';
import { EventLoop } from './event-loop.ts';
import { Faults, type TestNetwork, type TestNode } from './faults.ts';
import { Grapevine } from './grapevine.ts';
import { Guard } from './guard.ts';
import { epoch } from './host.ts';
import { judgesOf, orgsOf, seedOf } from './mesh-options.ts';
import { Network } from './network.ts';
import { type RecordOrder, simulatedCrypto, simulatedCryptoName } from './simulated-crypto.ts';
import { SimulatedNode, type World } from './simulated-node.ts';
import { type DrawnFault, Storm } from './storm.ts';
import { type Edge, edgesOf } from './topology.ts';
import { eventFits, Trace, type TraceEvent, type TraceView } from './trace.ts';

/** Time `known()` waits for a new agent to get around. */
const spreadMs = 2_000;
const settleMs = 600_000;
/** Time what is on the street has to arrive, once everybody is done. */
const quietMs = 1_000;
/** Time the last goodbyes may take on a bad street. */
const goodbyeMs = 120_000;
const startMs = 60_000;

type House = Awaited<ReturnType<typeof loadHouse>>;
type Identity = Awaited<ReturnType<House['createIdentity']>>;

/** Behind {@link TestMesh}. */
export class SimulatedMesh implements TestMesh {
  readonly seed: number;
  readonly clock: TestMesh['clock'];
  readonly #options: TestMeshOptions;
  readonly #house: House;
  readonly #guard: Guard;
  readonly #loop: EventLoop;
  readonly #trace: Trace;
  readonly #random: Random;
  readonly #network: Network;
  readonly #calls: Calls;
  readonly #faults: Faults;
  readonly #world: World;
  readonly #names = new Map<Did, string>();
  readonly #orgs = new Map<string, SimulatedNode[]>();
  readonly #nodes: SimulatedNode[] = [];
  /** What went wrong and was not told yet. One error may be noted in several places. */
  readonly #failures = new Set<unknown>();
  readonly #watchman: Watchman;
  readonly #run = currentSeedRun();
  #storm: Storm | undefined;
  #grapevine: Grapevine | undefined;
  #closing: Promise<void> | undefined;
  #ended = false;

  constructor(options: TestMeshOptions, house: House) {
    this.#options = options;
    this.#house = house;
    this.seed = seedOf(options);
    this.#guard = new Guard((error) => {
      this.#failures.add(error);
    });
    const loop = new EventLoop(this.#guard);
    this.#loop = loop;
    this.#random = seededRandom(this.seed);
    this.#trace = new Trace(this.seed, () => loop.now, options.traceLimit);
    const crypto = options.crypto ?? 'simulated';
    const misordered = (order: RecordOrder): void => {
      this.#trace.add('', 'session.misordered', { ...order });
    };
    const provider = crypto === 'simulated' ? simulatedCrypto(misordered) : crypto;
    const laws = [...invariants, ...(options.invariants ?? [])];
    this.#watchman = new Watchman(laws, ({ invariant, detail, event }) => {
      this.#trace.add(event.node, 'invariant.broken', { invariant, detail, by: event.seq });
    });
    this.#trace.on(this.#watchman.see);
    this.#network = new Network({
      loop,
      trace: this.#trace,
      random: this.#random.child('network'),
      options: options.network ?? {},
      readable: provider.name === simulatedCryptoName,
    });
    this.#calls = new Calls(loop, this.#trace);
    this.#faults = new Faults({
      loop,
      trace: this.#trace,
      network: this.#network,
      nodes: this.#nodes,
    });
    this.#world = {
      loop,
      trace: this.#trace,
      network: this.#network,
      calls: this.#calls,
      crypto: provider,
      nameOf: (did) => this.#names.get(did) ?? did,
      known: async () => {
        await this.#loop.until(() => this.#allKnown(), spreadMs);
      },
      failed: (node, error) => {
        this.#failures.add(error);
        this.#trace.add(node.name, 'node.failed', { error: String(error) });
      },
    };
    this.clock = {
      advance: async (by) => {
        const ms = toMs(by, 'by');
        this.#assertOpen();
        await loop.advance(ms);
        this.#throwFailure();
      },
      now: () => loop.now,
      sleep: (ms) =>
        new Promise((resolve) => {
          loop.after(toMs(ms, 'ms'), resolve);
        }),
    };
  }

  /** Makes the nodes, starts them and lets them meet. */
  async begin(): Promise<void> {
    await this.#house.loadEverything();
    this.#guard.open();
    const orgs = orgsOf(this.#options);
    const identities = new Map<string, Identity>();
    for (const { name } of orgs) identities.set(name, await this.#identityOf(name));
    const judges = judgesOf(this.#options).map((name) => identities.get(name)!.did);
    for (const org of orgs) this.#addOrg(org, identities.get(org.name)!, judges);
    const edges = this.#edges();
    for (const [from, to] of edges) {
      const { host } = this.#nodes[from]!;
      host.peers = [...host.peers, `mem:${this.#nodes[to]!.address}`];
    }
    for (const node of this.#nodes) node.boot();
    await Promise.all(this.#nodes.map((node) => node.start()));
    await this.#meet(edges);
    this.#trace.add('', 'mesh.ready');
    if (this.#options.chaos === 'default') this.#beginStorm();
  }

  #beginStorm(): void {
    const only = this.#run?.faults;
    this.#storm = new Storm({
      loop: this.#loop,
      trace: this.#trace,
      faults: this.#faults,
      nodes: this.#nodes,
      random: this.#random.child('storm'),
      weather: this.#network.options,
      strikes: only && ((id) => only.has(id)),
      drawn: this.#run?.drawn ?? [],
    });
    this.#storm.begin();
  }

  assertInvariants(): void {
    const { broken } = this.#watchman;
    if (broken === undefined) return;
    const { invariant, detail, event } = broken;
    const prefix = this.#trace.all().slice(0, event.seq + 1);
    const { seed } = this;
    throw new MeshError('INVARIANT_BROKEN', {
      invariant,
      detail,
      at: Math.round(event.t),
      seed,
      replay:
        this.#run?.replay ?? this.#options.replay ?? `createTestMesh({ seed: ${String(seed)} })`,
      prefix,
    });
  }

  faults(): readonly DrawnFault[] {
    return this.#storm?.drawn ?? [];
  }

  /** Ends what a failed beginning has begun. */
  async abandon(): Promise<void> {
    await this.close().catch(() => undefined);
  }

  org(name: string): MeshClient {
    const nodes = this.#nodesOf(name);
    const up = nodes.find((node) => node.up) ?? nodes[0]!;
    return up.client;
  }

  async settle(bound: Duration = settleMs): Promise<void> {
    const ms = toMs(bound, 'bound');
    this.#assertOpen();
    if (!(await this.#loop.until(() => this.#calls.idle, ms))) {
      const what = `settle(): ${this.#calls.pending().join(', ')}`;
      throw new MeshError('TIMEOUT', { what, ms });
    }
    await this.#loop.until(() => this.#allKnown(), spreadMs);
    await this.#loop.until(() => this.#network.underWay === 0, quietMs);
    this.#throwFailure();
  }

  node(org: string, index = 0): TestNode {
    const nodes = this.#nodesOf(org);
    const node = nodes[index];
    if (node !== undefined) return this.#faults.node(node);
    const expected = `from 0 to ${String(nodes.length - 1)}`;
    throw new MeshError('INVALID_ARGUMENT', { argument: 'index', expected, got: index });
  }

  nodes(): readonly TestNode[] {
    return this.#nodes.map((node) => this.#faults.node(node));
  }

  get orgs(): readonly string[] {
    return [...this.#orgs.keys()];
  }

  did(org: string): Did {
    return this.#nodesOf(org)[0]!.did;
  }

  async gossip(message: string): Promise<void> {
    this.#assertOpen();
    this.#grapevine ??= new Grapevine(this.#nodes);
    await this.#grapevine.tell(message);
  }

  coverage(message: string): number {
    return this.#grapevine?.coverage(message) ?? 0;
  }

  stats(): { readonly messages: number; readonly bytesPerNode: number } {
    const bytes = this.#network.bytes(() => true);
    return { messages: this.#network.messages(), bytesPerNode: bytes / this.#nodes.length };
  }

  replace(i: number, behaviour: Behaviour): void {
    const node = this.#nodes[i];
    if (node === undefined) {
      const expected = `from 0 to ${String(this.#nodes.length - 1)}`;
      throw new MeshError('INVALID_ARGUMENT', { argument: 'i', expected, got: i });
    }
    if (typeof (behaviour as Partial<Behaviour> | undefined)?.name !== 'string') {
      const expected = 'a behaviour, e.g. byzantine.silent()';
      throw new MeshError('INVALID_ARGUMENT', {
        argument: 'behaviour',
        expected,
        got: behaviour,
      });
    }
    this.#calls.track(node.host, 'replace', node.replace(behaviour)).catch(() => undefined);
  }

  run(plan: ChaosPlan): Promise<ChaosReport> {
    return runPlan(this, plan);
  }

  get network(): TestNetwork {
    return this.#faults.network;
  }

  when(
    type: string,
    where: Readonly<Record<string, unknown>>,
    act: (event: TraceEvent) => void,
  ): () => void {
    const { node } = where;
    if (node !== undefined) this.#assertNode(node, 'where.node');
    const off = this.#trace.on((event) => {
      if (!eventFits(event, type, where)) return;
      off();
      try {
        act(event);
      } catch (error) {
        // It happens within whatever was told of, whose fault it is not.
        this.#failures.add(error);
      }
    });
    return off;
  }

  trace(): TraceView {
    return this.#trace;
  }

  note(node: string, what: string, members: Readonly<Record<string, unknown>> = {}): void {
    if (node !== '') this.#assertNode(node, 'node');
    this.#trace.add(node, `test.${what}`, members);
  }

  openHandles(): string[] {
    return [...this.#calls.pending(), ...(this.#ended ? this.#leftBehind() : [])];
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #nodesOf(org: string): readonly SimulatedNode[] {
    const nodes = this.#orgs.get(org);
    if (nodes === undefined) throw unknownOrg(org, [...this.#orgs.keys()]);
    return nodes;
  }

  async #close(): Promise<void> {
    try {
      await this.#end();
    } finally {
      this.#ended = true;
      this.#loop.stop();
      this.#guard.close();
    }
    this.#throwFailure();
    const left = this.#leftBehind();
    if (left.length > 0) {
      const detail = `left behind by nodes that have closed: ${left.join(', ')}`;
      throw new MeshError('CONFORMANCE_FAILED', { detail });
    }
  }

  async #end(): Promise<void> {
    this.#storm?.end();
    this.#faults.healAll();
    await Promise.all(this.#nodes.map((node) => node.close()));
    await this.#loop.until(() => this.#network.links === 0, goodbyeMs);
  }

  #leftBehind(): string[] {
    const timers = this.#nodes.flatMap(({ name, host }) =>
      host.timers === 0 ? [] : [`${String(host.timers)} timers of ${name}`],
    );
    const links = this.#network.links === 0 ? [] : [`${String(this.#network.links)} connections`];
    return [...timers, ...links];
  }

  async #identityOf(name: string): Promise<Identity> {
    const random = this.#random.child(name).child('identity');
    const ground = { clock: frozenClock, random, crypto: this.#world.crypto };
    const did: `did:mesh:${string}` = `did:mesh:enterprise:${name}`;
    const identity = await this.#house.createIdentity(ground, { did });
    this.#names.set(identity.did, name);
    return identity;
  }

  #addOrg(org: TestOrg, identity: Identity, judges: readonly Did[]): void {
    const { name } = org;
    const { replicas = 1, client = {}, disk = {} } = this.#options;
    const random = this.#random.child(name);
    const given = org.client?.anchors ?? client.anchors;
    const anchors = given ?? judges.map((issuer) => ({ issuer, types: verdictTypes }));
    const nodes = Array.from(
      { length: replicas },
      (_, index) =>
        new SimulatedNode(this.#world, {
          org: name,
          did: identity.did,
          index,
          random: random.child(String(index)),
          disk,
          options: {
            policies: openPolicy,
            introductions: this.#options.topology === undefined,
            ...client,
            ...org.client,
            anchors,
            ...(org.region !== undefined && { region: org.region }),
            identity,
          },
        }),
    );
    this.#orgs.set(name, nodes);
    this.#nodes.push(...nodes);
    for (const node of nodes) this.#trace.addNode(node.name);
  }

  #edges(): readonly Edge[] {
    const { topology = 'full' } = this.#options;
    return edgesOf(topology, this.#nodes.length, this.#random.child('topology'));
  }

  /** Waits until every edge is a session, then federates. */
  async #meet(edges: readonly Edge[]): Promise<void> {
    const missing = [...edges];
    await this.#loop.until(() => {
      while (missing.length > 0 && this.#areConnected(...missing.at(-1)!)) missing.pop();
      return missing.length === 0;
    }, startMs);
    if (!(this.#options.federate ?? this.#options.nodes === undefined)) return;
    const bonds = edges.flatMap(([a, b]) => [
      this.#federate(this.#nodes[a]!, this.#nodes[b]!),
      this.#federate(this.#nodes[b]!, this.#nodes[a]!),
    ]);
    await Promise.all(bonds);
  }

  #areConnected(from: number, to: number): boolean {
    const [a, b] = [this.#nodes[from]!, this.#nodes[to]!];
    return a.bare.federation
      .sessions()
      .some(({ did, state }) => did === b.did && state === 'active');
  }

  async #federate(from: SimulatedNode, to: SimulatedNode): Promise<void> {
    if (from.did !== to.did) await from.client.federate(to.did);
  }

  /** Whether agents offered lately are known at every node with a session to theirs. */
  #allKnown(): boolean {
    return this.#nodes.every((owner) => {
      if (!owner.up) return true;
      const fresh = owner.offered.filter(({ at }) => at + spreadMs > this.#loop.now);
      owner.offered.splice(0, owner.offered.length, ...fresh);
      const unknown = fresh.filter(({ id }) => !this.#isKnown(owner, id));
      owner.offered.splice(0, owner.offered.length, ...unknown);
      return unknown.length === 0;
    });
  }

  #isKnown(owner: SimulatedNode, id: string): boolean {
    const peers = new Set(ifOpen(() => owner.bare.federation.peers()));
    return this.#nodes.every((node) => {
      if (!node.up || !peers.has(node.did)) return true;
      const known = ifOpen(() => ({ record: node.bare.discovery.get(id) }));
      return known === undefined || known.record !== undefined;
    });
  }

  #assertOpen(): void {
    if (this.#ended) throw new MeshError('CLOSED', { what: 'the test mesh' });
  }

  #assertNode(name: unknown, argument: string): void {
    if (name === '' || this.#nodes.some((node) => node.name === name)) return;
    const expected = "the name of a node, e.g. 'acme/0'";
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: name });
  }

  #throwFailure(): void {
    for (const failure of this.#failures) {
      this.#failures.delete(failure);
      throw failure as Error;
    }
  }
}

/** What a client says; undefined for one that has not started or has closed: it neither tells nor learns of anybody. */
function ifOpen<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (MeshError.is(error, 'CLOSED', 'NOT_STARTED')) return undefined;
    throw error;
  }
}

const verdictTypes = ['QuarantineAttestation', 'SlashingAttestation'];

/** Everything is permitted, except with an organisation in quarantine. */
const openPolicy = {
  id: 'test-mesh/open',
  text: '@id("test-mesh/open")\npermit (principal, action, resource);',
} as const;

/** Identities are made before time begins. */
const frozenClock = {
  now: () => epoch,
  monotonic: () => 0,
  after: () => () => undefined,
  sleep: () => Promise.resolve(),
};

function unknownOrg(name: string, known: readonly string[]): MeshError {
  const expected = `one of ${known.slice(0, 20).join(', ')}`;
  return new MeshError('INVALID_ARGUMENT', { argument: 'org', expected, got: name });
}
