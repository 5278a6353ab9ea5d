/**
 * Measures cases beside each other: rounds interleaved, so that a busy machine is busy for all; medians with their spread; ratios taken
 * within each round. A number is never shown without the machine it came from.
 * @module
 */
import { cpus, loadavg } from 'node:os';

/** `ours` is what we built, `peer` what others use for the same, `limit` what the machine allows at best. */
export type Role = 'ours' | 'peer' | 'limit';

/** One thing measured. */
export interface Case {
  readonly name: string;
  readonly role: Role;
  /** Before the first round, once. */
  setup?(): Promise<void>;
  /** One round: its figure, in the unit of the bench. `share` scales how long it may take. */
  run(share: number): Promise<number>;
  /** After the last round, once. */
  teardown?(): Promise<void>;
}

/** A set of cases that do the same job: the default export of `bench/<name>.bench.ts`. */
export interface Bench {
  /** One sentence: what is done, and under which conditions. */
  readonly what: string;
  readonly unit: 'calls/s' | 'events/s' | 'scenarios/s' | 'fetches' | 'ms' | 'kB';
  readonly better: 'more' | 'less';
  /** Name of the case that ratios are taken to. */
  readonly peer: string;
  readonly rounds: number;
  readonly cases: readonly Case[];
}

/** The figures of one case. */
export interface Row {
  readonly name: string;
  readonly role: Role;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many times better than the peer (above 1 is better, whichever way the unit runs): median over the rounds. */
  readonly timesPeer: number;
  /** The same against the limit, where the bench has one: the part of the possible that is reached. */
  readonly timesLimit: number | undefined;
}

/** What a run found. */
export interface Result {
  readonly name: string;
  readonly what: string;
  readonly unit: Bench['unit'];
  readonly peer: string;
  readonly rounds: number;
  readonly machine: string;
  readonly rows: readonly Row[];
}

/** Options of {@link measure}. */
export interface MeasureOptions {
  /** Decides the order of the cases in each round. */
  readonly seed: number;
  /** Scales the rounds and their length; 1 is what the bench asks for. */
  readonly share: number;
  readonly progress?: (line: string) => void;
}

/** Runs `bench`: set up all, a round each to warm up, then the rounds, then tear down all. */
export async function measure(
  name: string,
  bench: Bench,
  options: MeasureOptions,
): Promise<Result> {
  const { cases } = bench;
  const { seed, share, progress = () => undefined } = options;
  const rounds = Math.max(3, Math.round(bench.rounds * share));
  const machine = machineLine();
  const figures = new Map(cases.map((each) => [each.name, [] as number[]]));
  const ready: Case[] = [];
  try {
    for (const each of cases) {
      await each.setup?.();
      ready.push(each);
    }
    for (const each of cases) await each.run(share);
    const random = lcg(seed);
    for (let round = 1; round <= rounds; round += 1) {
      for (const each of shuffled(cases, random)) {
        globalThis.gc?.(); // nobody pays for another's garbage
        const figure = await each.run(share);
        figures.get(each.name)?.push(figure);
        progress(
          `${name} ${round}/${rounds}  ${each.name}: ${figure.toPrecision(4)} ${bench.unit}`,
        );
      }
    }
  } finally {
    for (const each of ready.reverse()) await each.teardown?.();
  }
  const { what, unit, peer } = bench;
  return { name, what, unit, peer, rounds, machine, rows: rows(bench, figures) };
}

function rows(bench: Bench, figures: ReadonlyMap<string, readonly number[]>): readonly Row[] {
  const of = (name: string) => figures.get(name) ?? [];
  const limit = bench.cases.find(({ role }) => role === 'limit');
  const times = (mine: readonly number[], theirs: readonly number[]) =>
    median(
      mine.map((figure, round) => {
        const other = theirs[round] ?? Number.NaN;
        return bench.better === 'more' ? figure / other : other / figure;
      }),
    );
  return bench.cases.map(({ name, role }) => ({
    name,
    role,
    median: median(of(name)),
    min: Math.min(...of(name)),
    max: Math.max(...of(name)),
    timesPeer: times(of(name), of(bench.peer)),
    timesLimit: limit === undefined ? undefined : times(of(name), of(limit.name)),
  }));
}

/** Calls per second with `inFlight` callers, each starting the next when one is done. */
export async function throughput(
  call: () => Promise<unknown>,
  options: { readonly inFlight: number; readonly ms: number },
): Promise<number> {
  let done = 0;
  const begin = performance.now();
  const end = begin + options.ms;
  const caller = async () => {
    while (performance.now() < end) {
      await call();
      done += 1;
      // Promises that resolve at once would starve the sockets of the other callers.
      if (done % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, caller));
  return (done * 1_000) / (performance.now() - begin);
}

/** Median milliseconds of one call, one after the other, `times` times. What a call returns is run afterwards, outside the clock. */
export async function latency(
  call: () => Cleanup | Promise<Cleanup>,
  times: number,
): Promise<number> {
  const each: number[] = [];
  for (let i = 0; i < Math.max(5, Math.round(times)); i += 1) {
    const begin = performance.now();
    const cleanup = await call();
    each.push(performance.now() - begin);
    await cleanup?.();
  }
  return median(each);
}

/** How to undo a call before the next, if there is anything to undo. */
type Cleanup = (() => unknown) | undefined;

/** The middle of `figures`. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (
    ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
  );
}

/** What the figures were taken on. */
export function machineLine(): string {
  const [cpu] = cpus();
  const load = loadavg()[0] ?? 0;
  const date = new Date().toISOString().slice(0, 10);
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${process.platform}, load ${load.toFixed(1)} at the start, ${date}`;
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** Numerical Recipes' linear congruential generator: good enough to shuffle, and the same everywhere. */
function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
