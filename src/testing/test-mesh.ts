/**
 * A whole mesh in one process: production clients on virtual time, over a simulated street, from a seed.
 * @module
 */
import type { Duration } from '../base/duration.ts';
import type { Did } from '../base/ids.ts';
import type { MeshClient, MeshClientOptions } from '../client/index.ts';
import { loadHouse } from '../client/load-house.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { Behaviour } from './byzantine.ts';
import type { ChaosPlan, ChaosReport } from './chaos.ts';
import type { Invariant } from './invariants.ts';
import type { DiskOptions } from './simulation/disk.ts';
import type { TestNetwork, TestNode } from './simulation/faults.ts';
import { checkOptions } from './simulation/mesh-options.ts';
import type { NetworkOptions } from './simulation/network.ts';
import { SimulatedMesh } from './simulation/simulated-mesh.ts';
import type { DrawnFault } from './simulation/storm.ts';
import type { Topology } from './simulation/topology.ts';
import type { TraceEvent, TraceView } from './simulation/trace.ts';

/** An organisation of a test mesh. */
export interface TestOrg {
  /** Lower-case letters, digits and `-`. */
  readonly name: string;
  /** Where its nodes are, e.g. `eu-west-1`. */
  readonly region?: string;
  /** How its clients differ from those of the mesh. */
  readonly client?: TestClientOptions;
}

/** Client options that a simulation leaves to the test. */
export type TestClientOptions = Omit<
  MeshClientOptions,
  | 'did'
  | 'identity'
  | 'node'
  | 'transport'
  | 'store'
  | 'clock'
  | 'random'
  | 'crypto'
  | 'compression'
>;

/** Options of {@link createTestMesh}. */
export interface TestMeshOptions {
  /** Organisations by name. Give these or `nodes`. */
  readonly orgs?: readonly (string | TestOrg)[];
  /** How many organisations of one node each, called `n0`, `n1` and so on. */
  readonly nodes?: number;
  /** Nodes of each organisation. Default 1. */
  readonly replicas?: number;
  /** Who has a session with whom: `full`, `ring`, `star`, `line`, `random-<degree>`. Default `full`. */
  readonly topology?: Topology;
  /** Where all chance comes from: the same seed, the same run. Default 1. */
  readonly seed?: number;
  /** How bad the street is. Default: 5 to 20 ms one way, nothing lost. */
  readonly network?: NetworkOptions;
  readonly disk?: DiskOptions;
  /** `simulated` is fast and alike everywhere; a provider of your own must answer at once to keep runs repeatable. */
  readonly crypto?: 'simulated' | CryptoProvider;
  /** Options of every client. By default policies permit everything between the organisations of the mesh. */
  readonly client?: TestClientOptions;
  /**
   * Organisations whose verdicts (slashing, quarantine) the others go by, unless their client options name `anchors`. Default:
   * all of `orgs`; none of `nodes`.
   */
  readonly judges?: readonly string[];
  /** Whether organisations federate at the start. Default: yes for `orgs`, no for `nodes`. */
  readonly federate?: boolean;
  /**
   * `default`: faults of some kinds, drawn by lot, strike now and then, while every organisation has work done by the others.
   * Default `none`.
   */
  readonly chaos?: 'none' | 'default';
  /** Laws beside those of every mesh. */
  readonly invariants?: readonly Invariant[];
  /** The command that replays this run, for error messages. Default: the call that makes this mesh. */
  readonly replay?: string;
  /** Events the trace keeps. Default a million; the hash counts them all. */
  readonly traceLimit?: number;
}

/** A mesh under test. Closing it closes every node and throws `CONFORMANCE_FAILED` if one left something behind. */
export interface TestMesh extends AsyncDisposable {
  readonly seed: number;
  /** The client of an organisation: of its first node that is up. */
  org(name: string): MeshClient;
  /** Time stands still unless somebody waits: for `advance`, `settle`, or a call through `org(...)`. */
  readonly clock: {
    /** Lets time pass. Advances asked for at once follow one another. */
    advance(by: Duration): Promise<void>;
    /** Milliseconds since the mesh began. */
    now(): number;
    /** Resolves after `ms`, for handlers that take their time. */
    sleep(ms: number): Promise<void>;
  };
  /** A node of an organisation, the first unless told otherwise, for the verbs of harm. */
  node(org: string, index?: number): TestNode;
  /** All nodes, for the verbs of harm. */
  nodes(): readonly TestNode[];
  /** Names of the organisations. */
  readonly orgs: readonly string[];
  /** The DID of an organisation, also while none of its nodes is up. */
  did(org: string): Did;
  /** The street, for its verbs. */
  readonly network: TestNetwork;
  /**
   * Does `act` once, in the very moment an event of `type` with the members `where` happens: for harm that hits whoever has
   * just decided, sent or written. The result calls it off.
   */
  when(
    type: string,
    where: Readonly<Record<string, unknown>>,
    act: (event: TraceEvent) => void,
  ): () => void;
  /**
   * Lets time flow until no call through `org(...)` is pending, no handler is at work, agents are known to those who
   * can be reached, and what was on the street has arrived. Throws `TIMEOUT` naming who is not done after `bound`
   * (default 10 minutes).
   */
  settle(bound?: Duration): Promise<void>;
  /** Has the first node tell `message` to everybody by broadcast; resolves once it is on its way. */
  gossip(message: string): Promise<void>;
  /** The share of the nodes that have heard `message`, 0 to 1. */
  coverage(message: string): number;
  /** Frames that were sent since the mesh began, and their bytes by node. */
  stats(): { readonly messages: number; readonly bytesPerNode: number };
  /** Has node `i` of all nodes crash and come back as a liar with the same keys; `settle()` waits until it is there. */
  replace(i: number, behaviour: Behaviour): void;
  /** Runs a plan of faults; a row whose part of the SDK is not built says `not built` and is never ok. */
  run(plan: ChaosPlan): Promise<ChaosReport>;
  /** What has happened. */
  trace(): TraceView;
  /**
   * Takes down an event of the test's own, `test.<what>` of `node` (the name of a node, or empty), so that laws of its own can
   * look at it. `members` must be plain data.
   */
  note(node: string, what: string, members?: Readonly<Record<string, unknown>>): void;
  /** Throws `INVARIANT_BROKEN` if a law was broken so far: with its name, the seed, the events up to there as `prefix`, a replay. */
  assertInvariants(): void;
  /** The faults that chaos has drawn so far. */
  faults(): readonly DrawnFault[];
  /** What was left open: calls and handlers; once the mesh has closed, timers and connections too. */
  openHandles(): string[];
  /** Closes every node. Idempotent. */
  close(): Promise<void>;
}

/** A mesh whose nodes have started and met. Throws `INVALID_ARGUMENT` naming the option at fault. */
export async function createTestMesh(options: TestMeshOptions = {}): Promise<TestMesh> {
  checkOptions(options);
  const mesh = new SimulatedMesh(options, await loadHouse());
  try {
    await mesh.begin();
    return mesh;
  } catch (error) {
    await mesh.abandon();
    throw error;
  }
}
