/**
 * A failure table as a plan: each fault, what is expected of the mesh, what was measured.
 * @module
 */
import { type Duration, toMs } from '../base/duration.ts';
import { MeshError } from '../base/errors.ts';
import { measureViolation } from './chaos-violation.ts';
import type { TestMesh } from './test-mesh.ts';

/** What a step does and what it expects; built by {@link chaos}. */
export interface ChaosStep {
  /** The fault ends after `ms`. Without it a crash lasts until its row is measured, a partition 30 s. */
  for(ms: Duration): ChaosStep;
  /** Work goes on as before within `ms` of the fault. */
  expectRecovery(ms: Duration): ChaosStep;
  /** The share of traffic that goes to `org` falls below `below` within `within`. */
  expectTraffic(org: string, limits: { below: number; within: Duration }): ChaosStep;
  /** The culprit is quarantined within `ms`. */
  expectQuarantine(ms: Duration): ChaosStep;
  /** The flood is held back within `ms`. */
  expectLimited(ms: Duration): ChaosStep;
  /** The change is rolled back within `ms`. */
  expectRollback(ms: Duration): ChaosStep;
}

/** Steps in order. */
export interface ChaosPlan {
  readonly steps: readonly ChaosStep[];
}

/** One line of the table. */
export interface ChaosRow {
  readonly fault: string;
  readonly expected: string;
  /** `not built` where the SDK does not have the part yet. */
  readonly measured: string;
  readonly ok: boolean;
}

/** The table. */
export interface ChaosReport {
  readonly rows: readonly ChaosRow[];
}

/** Makers of steps. */
export const chaos = {
  /** The steps of a plan; each begins when the one before is over and the mesh is whole again. */
  plan: (steps: readonly ChaosStep[]): ChaosPlan => ({ steps: [...stepsOf(steps, 'steps')] }),

  /** Ends a node (`b/0`) in the midst of its work. */
  crash: (node: string): ChaosStep => {
    if (/^[^/]+\/\d+$/.test(node)) return step(`crash ${node}`, crashing(node));
    const expected = "the name of a node, e.g. 'b/0'";
    throw new MeshError('INVALID_ARGUMENT', { argument: 'node', expected, got: node });
  },

  /** Cuts `a` from `b`. */
  partition: (a: readonly string[], b: readonly string[]): ChaosStep =>
    step(`partition ${a.join(', ')} | ${b.join(', ')}`, cutting(a, b)).for(partitionMs),

  /** Lets the trust in `org` fall to `to`. */
  trustDrop: (org: string, to: number): ChaosStep => step(`trust in ${org} drops to ${String(to)}`),

  /**
   * Has `org` break a rule `chaos/<policy>` that the other organisations are given for the purpose, marked `@violation`. A row with
   * `expectQuarantine` measures how long it takes until no task of anybody reaches `org`; then all is taken back.
   */
  violation: (org: string, policy: string): ChaosStep =>
    new Step({ fault: `${org} breaks ${policy}`, begin: undefined, culprit: { org, policy } }),

  /** Has `org` send `rps` requests a second. */
  flood: (org: string, { rps }: { readonly rps: number }): ChaosStep =>
    step(`flood by ${org}, ${String(rps)} a second`),

  /** Makes `target` worse. */
  degrade: (target: string, { accuracy }: { readonly accuracy: number }): ChaosStep =>
    step(`${target} degrades to ${String(accuracy)}`),
} as const;

/** Runs `plan` in `mesh`, step by step. */
export async function runPlan(mesh: TestMesh, plan: ChaosPlan): Promise<ChaosReport> {
  const rows: ChaosRow[] = [];
  const steps = stepsOf((plan as Partial<ChaosPlan> | undefined)?.steps, 'plan');
  await offerProbes(mesh);
  for (const one of steps) rows.push(await one.run(mesh));
  return { rows };
}

function stepsOf(steps: unknown, argument: string): readonly Step[] {
  if (Array.isArray(steps) && steps.every((one) => one instanceof Step)) return steps;
  const expected = 'steps made by chaos';
  throw new MeshError('INVALID_ARGUMENT', { argument, expected, got: steps });
}

/** A fault at work. */
interface Fault {
  /** Pairs of organisations whose work it stops: who asks, who is asked. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Ends the fault. */
  readonly end: () => Promise<void> | void;
}

type Begin = (mesh: TestMesh) => Fault;

/** How long a partition lasts when the step does not say. */
const partitionMs = 30_000;
/** How long one that was shut out may take to come back. */
const returnMs = 600_000;
const probeTimeoutMs = 5_000;
const probeEveryMs = 500;

function step(fault: string, begin?: Begin): ChaosStep {
  return new Step({ fault, begin });
}

interface StepParts {
  readonly fault: string;
  /** Undefined where the part of the SDK that is to answer the fault is not built. */
  readonly begin: Begin | undefined;
  readonly lastsMs?: number;
  readonly expected?: string;
  readonly recoveryMs?: number;
  /** Who breaks which rule. */
  readonly culprit?: { readonly org: string; readonly policy: string };
  readonly quarantineMs?: number;
}

class Step implements ChaosStep {
  readonly #parts: StepParts;

  constructor(parts: StepParts) {
    this.#parts = parts;
  }

  for(ms: Duration): ChaosStep {
    return new Step({ ...this.#parts, lastsMs: toMs(ms, 'ms') });
  }

  expectRecovery(ms: Duration): ChaosStep {
    const recoveryMs = toMs(ms, 'ms');
    return new Step({
      ...this.#parts,
      expected: `recovery within ${shown(recoveryMs)}`,
      recoveryMs,
    });
  }

  expectTraffic(org: string, { below, within }: { below: number; within: Duration }): ChaosStep {
    const ms = toMs(within, 'within');
    return this.#expecting(`traffic to ${org} below ${String(below)} within ${shown(ms)}`);
  }

  expectQuarantine(ms: Duration): ChaosStep {
    const quarantineMs = toMs(ms, 'ms');
    const expected = `quarantine within ${shown(quarantineMs)}`;
    return new Step({ ...this.#parts, expected, quarantineMs });
  }

  expectLimited(ms: Duration): ChaosStep {
    return this.#expecting(`limited within ${shown(toMs(ms, 'ms'))}`);
  }

  expectRollback(ms: Duration): ChaosStep {
    return this.#expecting(`rollback within ${shown(toMs(ms, 'ms'))}`);
  }

  async run(mesh: TestMesh): Promise<ChaosRow> {
    const { fault, begin, expected = 'nothing', recoveryMs, lastsMs } = this.#parts;
    const { culprit, quarantineMs } = this.#parts;
    if (culprit !== undefined && quarantineMs !== undefined) {
      return { fault, expected, ...(await quarantine(mesh, culprit, quarantineMs)) };
    }
    if (begin === undefined || recoveryMs === undefined) {
      return { fault, expected, measured: 'not built', ok: false };
    }
    const started = mesh.clock.now();
    const { pairs, end } = begin(mesh);
    let ended = false;
    const endOnce = async (): Promise<void> => {
      if (ended) return;
      ended = true;
      await end();
    };
    const ending =
      lastsMs === undefined ? undefined : mesh.clock.sleep(lastsMs).then(() => endOnce());
    ending?.catch(() => undefined);
    const recovered = await recovery(mesh, pairs, started + recoveryMs, lastsMs ?? 0);
    await endOnce();
    await ending;
    await mesh.settle();
    const measured = recovered === undefined ? 'no recovery' : shown(recovered - started);
    return { fault, expected, measured, ok: recovered !== undefined };
  }

  #expecting(expected: string): ChaosStep {
    return new Step({ ...this.#parts, expected });
  }
}

async function quarantine(
  mesh: TestMesh,
  culprit: { readonly org: string; readonly policy: string },
  withinMs: number,
): Promise<Pick<ChaosRow, 'measured' | 'ok'>> {
  const reaches = (from: string, to: string): Promise<boolean> => probe(mesh, from, to);
  const fault = { ...culprit, probe: probeType, reaches };
  const ms = await measureViolation(mesh, fault, withinMs);
  const { org } = culprit;
  const others = mesh.orgs.filter((other) => other !== org);
  // The mesh is whole again before the next step begins.
  const pairs = others.flatMap((other) => [[other, org] as const, [org, other] as const]);
  await recovery(mesh, pairs, mesh.clock.now() + returnMs, 0);
  await mesh.settle();
  return ms === undefined
    ? { measured: 'no quarantine', ok: false }
    : { measured: shown(ms), ok: true };
}

function crashing(name: string): Begin {
  return (mesh) => {
    const [org, index] = [
      name.slice(0, name.lastIndexOf('/')),
      name.slice(name.lastIndexOf('/') + 1),
    ];
    const node = mesh.node(org, Number(index));
    void node.crash();
    const others = mesh.orgs.filter((other) => other !== org);
    return {
      pairs: others.map((other) => [other, org] as const),
      end: async () => {
        if (!node.up) await node.restart();
      },
    };
  };
}

function cutting(a: readonly string[], b: readonly string[]): Begin {
  return (mesh) => {
    const cut = mesh.network.partition(a, b);
    const orgs = (names: readonly string[]): readonly string[] => [
      ...new Set(names.map((name) => name.split('/')[0]!)),
    ];
    const [left, right] = [orgs(a), orgs(b)];
    return {
      pairs: left.flatMap((x) => right.flatMap((y) => [[x, y] as const, [y, x] as const])),
      end: () => {
        cut.heal();
      },
    };
  };
}

/** When every pair had a task done again, in one round and after the fault was over; undefined if not by `deadline`. */
async function recovery(
  mesh: TestMesh,
  pairs: Fault['pairs'],
  deadline: number,
  lastsMs: number,
): Promise<number | undefined> {
  const begun = mesh.clock.now();
  while (mesh.clock.now() < deadline) {
    const answers = await Promise.all(pairs.map(([from, to]) => probe(mesh, from, to)));
    const now = mesh.clock.now();
    if (answers.every(Boolean) && now <= deadline && now >= begun + lastsMs) return now;
    await mesh.clock.advance(probeEveryMs);
  }
  return undefined;
}

async function probe(mesh: TestMesh, from: string, to: string): Promise<boolean> {
  try {
    const options = { to: mesh.did(to), timeout: probeTimeoutMs };
    await mesh.org(from).executeTask({ type: probeType, data: null }, options);
    return true;
  } catch {
    return false;
  }
}

const probeType = 'chaos.probe';

async function offerProbes(mesh: TestMesh): Promise<void> {
  for (const { client } of mesh.nodes()) {
    try {
      client.createAgent({ name: 'chaos-probe', capabilities: [probeType], handler: () => 'here' });
    } catch (error) {
      if (!MeshError.is(error, 'ALREADY_EXISTS')) throw error;
    }
  }
  await mesh.settle();
}

function shown(ms: number): string {
  return ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
