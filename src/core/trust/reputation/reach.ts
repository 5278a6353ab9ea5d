/**
 * Whose word reaches an observer at all: organisations that trusted roots have good experience with, and those that
 * these have good experience with in turn.
 * @module
 */
import { RecentMap } from '../../../base/recent-map.ts';
import type { ReputationConstants } from './constants.ts';
import { EdgeGraph } from './edge-graph.ts';
import type { EvidenceTable } from './evidence-table.ts';
import { flowFrom, masses } from './page-rank.ts';

/** Edges up to which the reach of raters is found anew for each subject, so that it does not depend on their word on it. */
const exactUpTo = 50_000;

/** Numbers remembered in all: 16 MB of them. */
const remembered = 2_000_000;

/** Good experience between organisations: an edge is what went well beyond what did not, at most a pair's cap. */
export function experienceGraph(table: EvidenceTable, pairCap: number): EdgeGraph {
  const { byRater, organisation } = table;
  const from: number[] = [];
  const to: number[] = [];
  const weight: number[] = [];
  for (let rater = 0; rater < table.dids.length; rater += 1) {
    for (let k = byRater.at[rater]!; k < byRater.at[rater + 1]!; k += 1) {
      const net = byRater.good[k]! - byRater.bad[k]!;
      if (net <= 0) continue;
      from.push(organisation[rater]!);
      to.push(organisation[byRater.other[k]!]!);
      weight.push(Math.min(pairCap, net));
    }
  }
  return new EdgeGraph(table.organisations, { from, to, weight });
}

/** How far organisations are in reach of `roots`, 0 to 1, for each subject of their word. */
export class Reach {
  readonly #graph: EdgeGraph;
  readonly #roots: readonly number[];
  readonly #constants: ReputationConstants;
  readonly #known: RecentMap<number, Float64Array>;

  /** `roots` are numbers of organisations. */
  constructor(graph: EdgeGraph, roots: readonly number[], constants: ReputationConstants) {
    this.#graph = graph;
    this.#roots = roots;
    this.#constants = constants;
    this.#known = new RecentMap(Math.max(16, Math.floor(remembered / Math.max(1, graph.nodes))));
  }

  /** Reach of each organisation when it speaks of `subject`. */
  about(subject: number): Float64Array {
    const key = this.#graph.size > exactUpTo ? -1 : subject;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { restart, fullReach } = this.#constants;
    const options = key < 0 ? { restart } : { restart, without: subject };
    const mass = masses(flowFrom(this.#graph, this.#roots, options));
    const full = fullReach * medianByMass(mass);
    const reach = mass.map((value) => (full > 0 ? Math.min(1, value / full) : 0));
    this.#known.set(key, reach);
    return reach;
  }
}

/**
 * The mass of the node at which half of all mass is with greater ones. Nodes that split little mass among them, however
 * many, do not move it.
 */
function medianByMass(mass: Float64Array): number {
  const falling = mass.slice().sort().reverse();
  let sum = 0;
  for (const value of falling) {
    sum += value;
    if (sum >= 0.5) return value;
  }
  return 0;
}
