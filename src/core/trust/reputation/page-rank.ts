/**
 * Where trust flows: PageRank that restarts at trusted roots (Page and others 1999; personalised: Haveliwala 2002; as a
 * defence against false identities: Kamvar and others 2003, Cao and others 2012). A walk begins at a root, follows good
 * experience, and begins anew with probability `restart`. The mass of a region depends on the edges that lead into it,
 * not on how many nodes it has, so false identities gain nothing by their number.
 *
 * Mass at a node without edges goes back to the roots. The equation is solved without that return and scaled to sum 1,
 * which is the same fixed point. All sums run in the order of the nodes: the same graph gives the same bits.
 * @module
 */
import type { EdgeGraph } from './edge-graph.ts';

/** How far walks go, and how precisely they are followed. */
export interface FlowOptions {
  /** Probability that a walk begins anew, above 0. */
  readonly restart: number;
  /** Stops when the masses are no further than about this from where they tend to, in sum. Default 1e-6. */
  readonly tolerance?: number;
}

/** Masses before they are scaled to sum 1: what {@link refine} starts from. */
export interface Flow {
  /** Unscaled: sums to less than 1 where walks end. */
  readonly raw: Float64Array;
  /** Passes over the edges it took. */
  readonly passes: number;
}

/** More passes than any tolerance above rounding needs. */
const passLimit = 500;

/**
 * Masses from nothing, by power iteration. `roots` are node numbers; without any, nobody has mass. `without` is a node
 * that is taken to be reached by nobody: then the masses do not depend on the edges into it, to the last bit.
 */
export function flowFrom(
  graph: EdgeGraph,
  roots: readonly number[],
  { restart, tolerance = 1e-6, without }: FlowOptions & { readonly without?: number },
): Flow {
  const { nodes } = graph;
  const out = without === undefined ? graph.out : outWithout(graph, without);
  const start = restarts(nodes, roots, restart);
  const keep = keeping(out, restart);
  const progress = new Progress(restart, tolerance);
  let raw = start.map((value) => value / restart);
  let next = new Float64Array(nodes);
  const share = new Float64Array(nodes);
  let scale = 1;
  while (progress.goesOn) {
    for (let i = 0; i < nodes; i += 1) {
      raw[i]! *= scale;
      share[i] = raw[i]! * keep[i]!;
    }
    spread(graph, share, start, next);
    if (without !== undefined) next[without] = start[without]!;
    progress.note(distance(raw, next));
    [raw, next] = [next, raw];
    scale = levelling(raw, keep, restart);
  }
  return { raw: raw.map((value) => value * scale), passes: progress.passes };
}

/** When to stop: passes get closer by a rate that shows, and what is still missing follows from it. */
class Progress {
  passes = 0;
  #change = 0;
  #missing = Infinity;
  #rate: number;
  readonly #slowest: number;
  readonly #tolerance: number;

  constructor(restart: number, tolerance: number) {
    this.#slowest = 1 - restart;
    this.#rate = this.#slowest;
    this.#tolerance = tolerance;
  }

  get goesOn(): boolean {
    return this.#missing > this.#tolerance && this.passes < passLimit;
  }

  /** A pass changed the masses by this much in sum. */
  note(change: number): void {
    const rate = this.passes === 0 ? this.#slowest : Math.min(this.#slowest, change / this.#change);
    const slower = Math.max(rate, this.#rate);
    this.#missing = change === 0 ? 0 : (change * slower) / (1 - slower);
    this.#rate = rate;
    this.#change = change;
    this.passes += 1;
  }
}

/**
 * What the masses must be multiplied by to have the sum that the equation asks for: what leaves at restarts and at ends
 * is what the roots give. Passes by themselves come close to that sum only slowly.
 */
function levelling(raw: Float64Array, keep: Float64Array, restart: number): number {
  let leaves = 0;
  for (let i = 0; i < raw.length; i += 1) leaves += keep[i]! > 0 ? restart * raw[i]! : raw[i]!;
  return leaves > 0 ? restart / leaves : 1;
}

/** `into[v] = start[v] + Σ weight(u, v) · share[u]`. */
function spread(
  graph: EdgeGraph,
  share: Float64Array,
  start: Float64Array,
  into: Float64Array,
): void {
  const { at, node, weight } = graph.byTarget;
  let k = 0;
  for (let v = 0; v < graph.nodes; v += 1) {
    let sum = start[v]!;
    const end = at[v + 1]!;
    for (; k < end; k += 1) sum += weight[k]! * share[node[k]!]!;
    into[v] = sum;
  }
  for (const [v, late] of graph.lateInto) {
    for (const edge of late) into[v]! += edge.weight * share[edge.from]!;
  }
}

/**
 * Masses from those of a graph that was almost the same (Gauss-Seidel: what a pass has found is used within the pass).
 * The fixed point is that of {@link flowFrom}; `before` is not changed.
 */
export function refine(
  graph: EdgeGraph,
  roots: readonly number[],
  before: Flow,
  { restart, tolerance = 1e-6 }: FlowOptions,
): Flow {
  const keep = keeping(graph.out, restart);
  const raw = before.raw.slice();
  const share = new Float64Array(graph.nodes);
  for (let v = 0; v < graph.nodes; v += 1) share[v] = raw[v]! * keep[v]!;
  const start = restarts(graph.nodes, roots, restart);
  const state = { start, raw, share, keep };
  const progress = new Progress(restart, tolerance);
  while (progress.goesOn) {
    progress.note(settle(graph, state));
    const scale = levelling(raw, keep, restart);
    for (let v = 0; v < graph.nodes; v += 1) {
      raw[v]! *= scale;
      share[v]! *= scale;
    }
  }
  return { raw, passes: progress.passes };
}

/** Masses on their way, and what each node gives on for a unit of weight. */
interface Settling {
  readonly start: Float64Array;
  readonly raw: Float64Array;
  readonly share: Float64Array;
  readonly keep: Float64Array;
}

/** One pass over all nodes; by how much it changed the masses in sum. */
function settle(graph: EdgeGraph, { start, raw, share, keep }: Settling): number {
  const { at, node, weight } = graph.byTarget;
  const { lateInto, nodes } = graph;
  const anyLate = lateInto.size > 0;
  let change = 0;
  let k = 0;
  for (let v = 0; v < nodes; v += 1) {
    let sum = start[v]!;
    const end = at[v + 1]!;
    for (; k < end; k += 1) sum += weight[k]! * share[node[k]!]!;
    if (anyLate) {
      for (const edge of lateInto.get(v) ?? []) sum += edge.weight * share[edge.from]!;
    }
    change += Math.abs(sum - raw[v]!);
    raw[v] = sum;
    share[v] = sum * keep[v]!;
  }
  return change;
}

/** The masses, scaled to sum 1; all 0 without roots. */
export function masses({ raw }: Flow): Float64Array {
  let sum = 0;
  for (const value of raw) sum += value;
  return sum > 0 ? raw.map((value) => value / sum) : raw.slice();
}

/** One personalised answer of {@link push}. */
export interface Pushed {
  /** Lower bounds of the unscaled masses, for the nodes that were reached. */
  readonly raw: ReadonlyMap<number, number>;
  /** What was not walked to its end: no mass is more than this above its lower bound. */
  readonly rest: number;
  readonly pushes: number;
}

/**
 * Masses as seen from one `source`, without a pass over the graph (forward push, Andersen, Chung and Lang 2006): walks
 * are followed while what is left at a node is more than `epsilon` for each edge that leaves it.
 */
export function push(
  graph: EdgeGraph,
  source: number,
  { restart, epsilon }: { readonly restart: number; readonly epsilon: number },
): Pushed {
  const { out, bySource, lateFrom } = graph;
  const { at, node, weight } = bySource;
  const raw = new Map<number, number>();
  const left = new Float64Array(graph.nodes);
  const waiting = new Uint8Array(graph.nodes);
  const queue: number[] = [source];
  left[source] = 1;
  waiting[source] = 1;
  const limit = (v: number): number => epsilon * Math.max(1, at[v + 1]! - at[v]!);
  const give = (v: number, amount: number): void => {
    left[v]! += amount;
    if (waiting[v] === 0 && left[v]! > limit(v)) {
      waiting[v] = 1;
      queue.push(v);
    }
  };
  let pushes = 0;
  let settled = 0;
  for (; pushes < queue.length; pushes += 1) {
    const u = queue[pushes]!;
    const here = left[u]!;
    left[u] = 0;
    waiting[u] = 0;
    raw.set(u, (raw.get(u) ?? 0) + restart * here);
    const leaves = out[u]!;
    if (leaves === 0) {
      settled += here; // the walk ends here
      continue;
    }
    settled += restart * here;
    const share = ((1 - restart) * here) / leaves;
    for (let k = at[u]!; k < at[u + 1]!; k += 1) give(node[k]!, share * weight[k]!);
    for (const edge of lateFrom.get(u) ?? []) give(edge.to, share * edge.weight);
  }
  return { raw, rest: Math.max(0, 1 - settled), pushes };
}

function outWithout(graph: EdgeGraph, target: number): Float64Array {
  const { at, node, weight } = graph.bySource;
  const out = new Float64Array(graph.nodes);
  for (let u = 0; u < graph.nodes; u += 1) {
    let sum = 0;
    for (let k = at[u]!; k < at[u + 1]!; k += 1) if (node[k] !== target) sum += weight[k]!;
    for (const edge of graph.lateFrom.get(u) ?? []) if (edge.to !== target) sum += edge.weight;
    out[u] = sum;
  }
  return out;
}

/** What a node gives on of its mass for each unit of weight. */
function keeping(out: Float64Array, restart: number): Float64Array {
  const keep = new Float64Array(out.length);
  for (let i = 0; i < out.length; i += 1) keep[i] = out[i]! > 0 ? (1 - restart) / out[i]! : 0;
  return keep;
}

function restarts(nodes: number, roots: readonly number[], restart: number): Float64Array {
  const start = new Float64Array(nodes);
  for (const root of roots) start[root]! += restart / roots.length;
  return start;
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += Math.abs(a[i]! - b[i]!);
  return sum;
}
