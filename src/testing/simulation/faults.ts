/**
 * The verbs with which a test, or chance, does harm to a mesh.
 * @module
 */
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError } from '../../base/errors.ts';
import type { MeshClient } from '../../client/index.ts';
import type { EventLoop } from './event-loop.ts';
import { type FrameFault, frameFaults, type Network, type NetworkOptions } from './network.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { Trace } from './trace.ts';

/** A cut through the street. */
export interface Cut {
  /** Takes the cut away; what waited gets through. Idempotent. */
  heal(): void;
}

/** Options of {@link TestNode.crash}. */
export interface CrashOptions {
  /** `kept` (default): the disk is there after a restart; `lost`: it is empty then. */
  readonly disk?: 'kept' | 'lost';
  /**
   * Whether the machine loses its power, not just the process its life: then nobody resets its connections, and writes that
   * were not flushed may be undone. Default false.
   */
  readonly power?: boolean;
}

/** A node under the test's hand. A verb that makes no sense now throws `INVALID_ARGUMENT`. */
export interface TestNode {
  /** `<org>/<number>`. */
  readonly name: string;
  /** Whether its machine runs. */
  readonly up: boolean;
  /** Its client; throws `CLOSED` while it is down. */
  readonly client: MeshClient;
  /** Ends it at once, in the midst of whatever it does. */
  crash(options?: CrashOptions): Promise<void>;
  /** Starts it again, with the agents it had. */
  restart(): Promise<void>;
  /** Nothing happens on it for `ms`, as when its event loop is blocked; then all that was due comes at once. */
  pause(ms: Duration): void;
  /** Each turn of its event loop takes `ms` from now on; 0 makes it fast again. */
  slow(ms: Duration): void;
  /** Sets its wall clock ahead of true time, or behind it. Timers keep true time, as they do on a machine. */
  skewClock(by: Duration, direction?: 'ahead' | 'behind'): void;
  /** Refuses every write with `STORE_FULL`, until told that there is room. */
  fillDisk(full?: boolean): void;
  /** Fails every flush, until told that it works: such writes are reported as failed, and may be there all the same. */
  failFlush(fails?: boolean): void;
}

/** The street under the test's hand. Names are those of organisations (all their nodes) or nodes (`acme/0`). */
export interface TestNetwork {
  /**
   * Cuts `a` from `b`: both ways, or with `oneWay` only what `a` says to `b`. Throws `INVALID_ARGUMENT` when a node stands on
   * both sides, or two nodes are cut from each other already.
   */
  partition(a: readonly string[], b: readonly string[], options?: { oneWay?: boolean }): Cut;
  /** Cuts a node or an organisation from all others. */
  isolate(name: string): Cut;
  /** Changes latency and losses from now on; what is not named stays. */
  change(options: NetworkOptions): void;
  /**
   * Has the carrier do wrong with the next frame from `from` to `to`: flip a bit, cut it short, repeat it, exchange it with
   * the one behind it, swallow it. The session must notice.
   */
  corrupt(from: string, to: string, how: FrameFault): void;
  /** Bytes sent so far; `label` is what the trace calls the message. */
  bytes(filter?: TrafficFilter): number;
  /** Messages sent so far. */
  messages(filter?: TrafficFilter): number;
}

/** Which messages are counted; without a member, all. */
export interface TrafficFilter {
  readonly from?: string;
  readonly to?: string;
  readonly label?: string;
}

/** What the verbs act on. */
export interface FaultGround {
  readonly loop: EventLoop;
  readonly trace: Trace;
  readonly network: Network;
  readonly nodes: readonly SimulatedNode[];
}

/** The verbs of a mesh. */
export class Faults {
  readonly network: TestNetwork;
  readonly #ground: FaultGround;
  readonly #cuts = new Set<() => void>();
  readonly #paused = new Set<SimulatedNode>();

  constructor(ground: FaultGround) {
    this.#ground = ground;
    const { network } = ground;
    this.network = {
      partition: (a, b, options) => this.#partition(a, b, options?.oneWay === true),
      isolate: (name) => this.#isolate(name),
      change: (options) => {
        network.change(options);
        ground.trace.add('', 'fault.network', { ...options });
      },
      corrupt: (from, to, how) => {
        oneOf(how, frameFaults, 'how');
        for (const a of this.#named(from, 'from')) {
          for (const b of this.#named(to, 'to')) network.spoil(a.name, b.name, how);
        }
      },
      bytes: (filter = {}) => network.bytes(this.#fits(filter)),
      messages: (filter = {}) => network.messages(this.#fits(filter)),
    };
  }

  /** The verbs of one node. */
  node(node: SimulatedNode): TestNode {
    const { trace, loop } = this.#ground;
    const told = (verb: string, detail: Readonly<Record<string, unknown>> = {}): void => {
      this.#assertUp(node, verb);
      trace.add(node.name, `fault.${verb}`, detail);
    };
    return {
      name: node.name,
      get up() {
        return node.up;
      },
      get client() {
        return node.client;
      },
      crash: async ({ disk = 'kept', power = false } = {}) => {
        this.#assertUp(node, 'crash');
        oneOf(disk, ['kept', 'lost'], 'disk');
        await node.crash(power, disk);
      },
      restart: async () => {
        if (node.up) throw notNow(node, 'restart', 'down');
        trace.add(node.name, 'fault.restart');
        await node.restart();
      },
      pause: (duration) => {
        const ms = toMs(duration, 'ms');
        if (node.host.paused) throw notNow(node, 'pause', 'running');
        told('pause', { ms });
        this.#pause(node, ms, loop);
      },
      slow: (duration) => {
        const ms = toMs(duration, 'ms');
        told('slow', { ms });
        node.host.slow(ms);
      },
      skewClock: (by, direction = 'ahead') => {
        const ms = toMs(by, 'by');
        oneOf(direction, ['ahead', 'behind'], 'direction');
        const offsetMs = direction === 'ahead' ? ms : -ms;
        told('clock', { offsetMs });
        node.host.setClock(offsetMs);
      },
      fillDisk: (full = true) => {
        told('disk-full', { full });
        node.disk.full = full;
      },
      failFlush: (fails = true) => {
        told('flush', { fails });
        node.disk.syncFails = fails;
      },
    };
  }

  /** Mends the street and wakes who sleeps, so that all can end in order. */
  healAll(): void {
    for (const heal of [...this.#cuts]) heal();
    for (const node of this.#paused) node.host.resume();
    this.#paused.clear();
    for (const { host, disk } of this.#ground.nodes) {
      host.slow(0);
      disk.full = false;
      disk.syncFails = false;
    }
  }

  #pause(node: SimulatedNode, ms: number, loop: EventLoop): void {
    const { life } = node.host;
    node.host.pause();
    this.#paused.add(node);
    loop.after(ms, () => {
      if (node.host.life === life) node.host.resume();
      this.#paused.delete(node);
    });
  }

  #isolate(name: string): Cut {
    const inside = this.#named(name, 'name');
    const others = this.#ground.nodes.filter((node) => !inside.includes(node));
    return this.#cut(inside, others, false);
  }

  #partition(a: readonly string[], b: readonly string[], oneWay: boolean): Cut {
    const [left, right] = [this.#all(a, 'a'), this.#all(b, 'b')];
    const both = left.find((node) => right.includes(node));
    if (both !== undefined) {
      const expected = 'nodes that do not stand on the other side too';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'b', expected, got: both.name });
    }
    return this.#cut(left, right, oneWay);
  }

  #cut(a: readonly SimulatedNode[], b: readonly SimulatedNode[], oneWay: boolean): Cut {
    const { network, trace } = this.#ground;
    const there = pairs(a, b);
    const ways = oneWay ? there : [...there, ...pairs(b, a)];
    const twice = ways.find(([from, to]) => network.isCut(from, to));
    if (twice !== undefined) {
      const expected = 'nodes that no other partition cuts from each other';
      throw new MeshError('INVALID_ARGUMENT', { argument: 'b', expected, got: twice.join(' > ') });
    }
    const detail = { a: a.map(({ name }) => name), b: b.map(({ name }) => name), oneWay };
    trace.add('', 'fault.partition', detail);
    for (const [from, to] of ways) network.cut(from, to);
    const heal = (): void => {
      if (!this.#cuts.delete(heal)) return;
      trace.add('', 'fault.heal', detail);
      for (const [from, to] of ways) network.mend(from, to);
    };
    this.#cuts.add(heal);
    return { heal };
  }

  #all(names: readonly string[], argument: string): readonly SimulatedNode[] {
    const isList: boolean = Array.isArray(names);
    if (isList && names.length > 0)
      return [...new Set(names.flatMap((name) => this.#named(name, argument)))];
    const expected = 'names of organisations or nodes';
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: names });
  }

  #named(name: string, argument: string): readonly SimulatedNode[] {
    const found = this.#ground.nodes.filter((node) => node.org === name || node.name === name);
    if (found.length > 0) return found;
    const expected = 'the name of an organisation or a node';
    throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: name });
  }

  #fits(filter: TrafficFilter): (from: string, to: string, label: string) => boolean {
    const names = (name: string | undefined, argument: string): ReadonlySet<string> | undefined =>
      name === undefined ? undefined : new Set(this.#named(name, argument).map((one) => one.name));
    const [senders, receivers] = [names(filter.from, 'from'), names(filter.to, 'to')];
    return (from, to, label) =>
      (senders?.has(from) ?? true) &&
      (receivers?.has(to) ?? true) &&
      (filter.label === undefined || filter.label === label);
  }

  #assertUp(node: SimulatedNode, verb: string): void {
    if (!node.up) throw notNow(node, verb, 'up');
  }
}

function oneOf(got: string, known: readonly string[], argument: string): void {
  if (known.includes(got)) return;
  const expected = `one of ${known.join(', ')}`;
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got });
}

function notNow({ name }: SimulatedNode, verb: string, state: string): MeshError {
  const expected = `${state} for '${verb}'`;
  return new MeshError('INVALID_ARGUMENT', { argument: 'node', expected, got: name });
}

function pairs(
  a: readonly SimulatedNode[],
  b: readonly SimulatedNode[],
): readonly (readonly [string, string])[] {
  return a.flatMap((from) => b.map((to) => [from.name, to.name] as const));
}
