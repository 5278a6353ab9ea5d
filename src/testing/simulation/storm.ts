/**
 * Weather from a seed: which kinds of faults a run has, when they strike, and work that goes on meanwhile.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import type { AgentDefinition, TaskResult } from '../../client/index.ts';
import type { Random } from '../../ports/random.ts';
import type { EventLoop } from './event-loop.ts';
import type { CrashOptions, Cut, Faults } from './faults.ts';
import { frameFaults, type NetworkOptions } from './network.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { Trace } from './trace.ts';

/** A kind of fault. */
export type StormKind =
  | 'partition'
  | 'one-way'
  | 'isolate'
  | 'crash'
  | 'power'
  | 'disk-loss'
  | 'pause'
  | 'slow'
  | 'skew'
  | 'loss'
  | 'delay'
  | 'corrupt'
  | 'disk-full'
  | 'flush';

/** Kinds of faults a storm draws from. */
export const stormKinds: readonly StormKind[] = [
  'partition',
  'one-way',
  'isolate',
  'crash',
  'power',
  'disk-loss',
  'pause',
  'slow',
  'skew',
  'loss',
  'delay',
  'corrupt',
  'disk-full',
  'flush',
];

/** One fault as it was drawn. The same seed draws the same, whatever is left out. */
export interface DrawnFault {
  /** Counts from 0. */
  readonly id: number;
  /** Milliseconds after the mesh was ready. */
  readonly at: number;
  readonly kind: StormKind;
  /** Whom it hits. */
  readonly node: string;
  /** The other side, where a fault has one. */
  readonly other: string;
  readonly ms: number;
}

/** What a storm acts on. */
export interface StormGround {
  readonly loop: EventLoop;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly nodes: readonly SimulatedNode[];
  readonly random: Random;
  /** How the street is without a storm. */
  readonly weather: NetworkOptions;
  /** Where what is drawn is written down. */
  readonly drawn: DrawnFault[];
  /** Which faults strike. Default: all. */
  readonly strikes?: ((id: number) => boolean) | undefined;
}

/** Gaps between faults, and how long one lasts, in milliseconds. */
const gaps = { least: 1_000, most: 25_000 } as const;
const lengths = { least: 500, most: 45_000 } as const;
const clockSkewMs = 45_000;
const workEveryMs = 2_500;
const taskTimeoutMs = 20_000;
const retryMs = 4_000;
const restartMs = 5_000;
const attempts = 4;
/** Share of tasks without a key. */
const keyless = 0.2;

/** The agent that does the work of a storm. */
const worker = 'storm-worker';
const capability = 'storm.work';

/** Faults and work, from the moment it begins until the mesh ends. */
export class Storm {
  readonly #ground: StormGround;
  /** Swarm testing: a run with few kinds goes deeper into each than one with all of them. */
  readonly #kinds: readonly StormKind[];
  #began = 0;
  #over = false;

  constructor(ground: StormGround) {
    this.#ground = ground;
    const lots = ground.random.child('kinds');
    const drawn = stormKinds.filter(() => lots.next() < 0.5);
    this.#kinds = drawn.length > 0 ? drawn : [pick(stormKinds, lots)];
  }

  /** Faults drawn so far. */
  get drawn(): readonly DrawnFault[] {
    return this.#ground.drawn;
  }

  begin(): void {
    const { loop, nodes } = this.#ground;
    this.#began = loop.now;
    for (const node of nodes) node.client.createAgent(this.#worker(node));
    this.#strikeNext(0);
    if (nodes.length > 1) this.#workNext(0);
  }

  /** No more faults, no more work. */
  end(): void {
    this.#over = true;
  }

  #strikeNext(id: number): void {
    const { loop, random, strikes } = this.#ground;
    const lots = random.child(`fault-${String(id)}`);
    const gap = between(gaps.least, gaps.most, lots);
    const [node, other] = two(this.#ground.nodes, lots);
    const fault: DrawnFault = {
      id,
      at: loop.now - this.#began + gap,
      kind: pick(this.#kinds, lots),
      node: node.name,
      other: other.name,
      ms: between(lengths.least, lengths.most, lots),
    };
    loop.after(gap, () => {
      if (this.#over) return;
      this.#ground.drawn.push(fault);
      if (strikes?.(id) ?? true) this.#strike(fault, node, other, lots);
      this.#strikeNext(id + 1);
    });
  }

  /** A fault that makes no sense now, as when its node is down, is left out. */
  #strike(fault: DrawnFault, node: SimulatedNode, other: SimulatedNode, lots: Random): void {
    const { trace } = this.#ground;
    try {
      trace.add(node.name, 'storm.fault', { fault: fault.id, kind: fault.kind });
      this.#verbs[fault.kind]({ fault, node, other, lots });
    } catch (error) {
      if (!MeshError.is(error, 'INVALID_ARGUMENT')) throw error;
      trace.add(node.name, 'storm.calm', { fault: fault.id });
    }
  }

  readonly #verbs: Readonly<Record<StormKind, (strike: Strike) => void>> = {
    partition: ({ fault, lots }) => {
      const names = this.#ground.nodes.map(({ name }) => name);
      const left = names.filter(() => lots.next() < 0.5);
      const right = names.filter((name) => !left.includes(name));
      this.#heal(fault, this.#ground.faults.network.partition(left, right));
    },
    'one-way': ({ fault, node, other }) => {
      const { network } = this.#ground.faults;
      this.#heal(fault, network.partition([node.name], [other.name], { oneWay: true }));
    },
    isolate: ({ fault, node }) => {
      this.#heal(fault, this.#ground.faults.network.isolate(node.name));
    },
    crash: ({ fault, node }) => {
      this.#crash(fault, node, {});
    },
    power: ({ fault, node }) => {
      this.#crash(fault, node, { power: true });
    },
    'disk-loss': ({ fault, node }) => {
      this.#crash(fault, node, { power: true, disk: 'lost' });
    },
    pause: ({ fault, node }) => {
      this.#ground.faults.node(node).pause(fault.ms);
    },
    slow: ({ fault, node, lots }) => {
      const verbs = this.#ground.faults.node(node);
      verbs.slow(between(1, 50, lots));
      this.#later(fault.ms, node, () => {
        verbs.slow(0);
      });
    },
    skew: ({ fault, node, lots }) => {
      const verbs = this.#ground.faults.node(node);
      verbs.skewClock(lots.next() * clockSkewMs, lots.next() < 0.5 ? 'ahead' : 'behind');
      this.#later(fault.ms, node, () => {
        verbs.skewClock(0);
      });
    },
    loss: ({ fault, lots }) => {
      this.#weather(fault, { drop: lots.next() * 0.4, duplicate: 0.1 });
    },
    delay: ({ fault, lots }) => {
      this.#weather(fault, { tail: lots.next(), reorder: lots.next(), latency: [20, 800] });
    },
    corrupt: ({ node, other, lots }) => {
      const { network } = this.#ground.faults;
      network.corrupt(node.name, other.name, pick(frameFaults, lots));
    },
    'disk-full': ({ fault, node }) => {
      const verbs = this.#ground.faults.node(node);
      verbs.fillDisk();
      this.#later(fault.ms, node, () => {
        verbs.fillDisk(false);
      });
    },
    flush: ({ fault, node }) => {
      const verbs = this.#ground.faults.node(node);
      verbs.failFlush();
      this.#later(fault.ms, node, () => {
        verbs.failFlush(false);
      });
    },
  };

  #heal({ ms }: DrawnFault, cut: Cut): void {
    this.#ground.loop.after(ms, () => {
      cut.heal();
    });
  }

  #crash({ ms }: DrawnFault, node: SimulatedNode, how: CrashOptions): void {
    const { faults, loop } = this.#ground;
    const verbs = faults.node(node);
    if (!node.up) throw new MeshError('INVALID_ARGUMENT', { argument: 'node', expected: 'up' });
    void verbs.crash(how);
    loop.after(ms, () => {
      this.#restart(node);
    });
  }

  /** A start can fail, as when the disk is full: then somebody tries again. */
  #restart(node: SimulatedNode): void {
    if (this.#over || node.up) return;
    const { faults, loop } = this.#ground;
    const verbs = faults.node(node);
    verbs.restart().catch(() => {
      loop.after(restartMs, () => {
        if (!node.up) return;
        void verbs.crash();
        this.#restart(node);
      });
    });
  }

  #weather({ ms }: DrawnFault, bad: NetworkOptions): void {
    const { loop, faults, weather } = this.#ground;
    faults.network.change(bad);
    loop.after(ms, () => {
      if (!this.#over) faults.network.change(weather);
    });
  }

  #later(ms: number, node: SimulatedNode, run: () => void): void {
    const { life } = node.host;
    this.#ground.loop.after(ms, () => {
      if (node.host.life === life) run();
    });
  }

  #worker(node: SimulatedNode): AgentDefinition<never> {
    const { loop } = this.#ground;
    return {
      name: worker,
      capabilities: [capability],
      handler: ({ input }: { input: { n: number; ms: number } }) =>
        new Promise((resolve) => {
          const { life } = node.host;
          loop.after(input.ms, () => {
            node.host.enter(life, () => {
              resolve({ n: input.n, by: node.name });
            });
          });
        }),
    };
  }

  #workNext(n: number): void {
    this.#ground.loop.after(workEveryMs, () => {
      if (this.#over) return;
      const lots = this.#ground.random.child(`task-${String(n)}`);
      const [from, to] = two(this.#ground.nodes, lots);
      const key = lots.next() < keyless ? undefined : `storm-${String(n)}`;
      if (from.did !== to.did) {
        void this.#work({ n, from, to: to.did, key, ms: Math.floor(lots.next() * 2_000) });
      }
      this.#workNext(n + 1);
    });
  }

  /** Asks until there is an answer; without a key only once, since nobody can know what a second time would do. */
  async #work(work: Work): Promise<void> {
    const { n, from, to, key, ms } = work;
    for (let attempt = 0; attempt < (key === undefined ? 1 : attempts); attempt += 1) {
      if (!from.up || this.#over) return;
      try {
        const options = {
          to,
          timeout: taskTimeoutMs,
          ...(key !== undefined && { idempotencyKey: key }),
        };
        const result = await from.bare.executeTask({ type: capability, data: { n, ms } }, options);
        this.#told(work, result);
        return;
      } catch (error) {
        const code = MeshError.is(error) ? error.code : String(error);
        this.#ground.trace.add(from.name, 'storm.failed', { n, attempt, code });
      }
      await new Promise<void>((resolve) => {
        this.#ground.loop.after(retryMs, resolve);
      });
    }
  }

  #told({ from, key }: Work, { receipt, agent }: TaskResult): void {
    if (key === undefined) return;
    const place = agent.id.slice(agent.id.indexOf('#') + 1);
    const node = this.#ground.nodes.find(
      ({ did, name }) =>
        did === agent.meshId && place.startsWith(`${name.slice(name.lastIndexOf('/') + 1)}/`),
    );
    this.#ground.trace.add(from.name, 'storm.result', {
      key: `${from.org} ${key}`,
      by: node?.name,
      receipt: receipt.id,
    });
  }
}

interface Strike {
  readonly fault: DrawnFault;
  readonly node: SimulatedNode;
  readonly other: SimulatedNode;
  readonly lots: Random;
}

interface Work {
  readonly n: number;
  readonly from: SimulatedNode;
  readonly to: Did;
  readonly key: string | undefined;
  readonly ms: number;
}

function between(least: number, most: number, lots: Random): number {
  return Math.floor(least + (most - least) * lots.next());
}

function pick<T>(from: readonly T[], lots: Random): T {
  return from[Math.floor(lots.next() * from.length)]!;
}

/** Two different nodes, or the only one twice. */
function two(
  nodes: readonly SimulatedNode[],
  lots: Random,
): readonly [SimulatedNode, SimulatedNode] {
  const first = Math.floor(lots.next() * nodes.length);
  const step = 1 + Math.floor(lots.next() * Math.max(1, nodes.length - 1));
  return [nodes[first]!, nodes[(first + step) % nodes.length]!];
}
