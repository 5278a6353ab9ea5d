/**
 * How much of all trust a region of false identities gets: honest nodes that know each other at random, Sybils that know
 * each other as well, and a few honest nodes that were talked into trusting one of them.
 * @module
 */
import { reputationConstants } from '../../src/core/trust/reputation/constants.ts';
import { EdgeGraph } from '../../src/core/trust/reputation/edge-graph.ts';
import { flowFrom, masses } from '../../src/core/trust/reputation/page-rank.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

/** One region. */
export interface SybilOptions {
  readonly sybils: number;
  /** Edges from honest nodes to Sybils. */
  readonly attackEdges: number;
  readonly seed: number;
}

const honest = 2_000;
const degree = 10;
const seeds = 20;

/**
 * Part of the trust mass the Sybils have. The honest part of the graph, and whom among it the attackers win over,
 * depend on the seed alone, so that regions of different sizes are compared on one graph.
 */
export function sybilShare({ sybils, attackEdges, seed }: SybilOptions): number {
  const random = seededRandom(seed).child('sybil');
  const [people, victims, region] = [
    random.child('honest'),
    random.child('won'),
    random.child('region'),
  ];
  const pick = (from: { next(): number }, count: number) => Math.floor(from.next() * count);
  const edges: { from: number[]; to: number[]; weight: number[] } = {
    from: [],
    to: [],
    weight: [],
  };
  const know = (from: number, to: number): void => {
    edges.from.push(from);
    edges.to.push(to);
    edges.weight.push(1);
  };
  for (let node = 0; node < honest; node += 1) {
    for (let k = 0; k < degree; k += 1) know(node, pick(people, honest));
  }
  for (let k = 0; k < attackEdges; k += 1) {
    know(pick(victims, honest), honest + pick(region, sybils));
  }
  for (let node = 0; node < sybils; node += 1) {
    for (let k = 0; k < degree; k += 1) know(honest + node, honest + pick(region, sybils));
  }
  const roots = Array.from({ length: seeds }, () => pick(people, honest));
  const graph = new EdgeGraph(honest + sybils, edges);
  const { restart } = reputationConstants;
  const mass = masses(flowFrom(graph, roots, { restart, tolerance: 1e-9 }));
  return mass.subarray(honest).reduce((sum, value) => sum + value, 0);
}

/** The mean of {@link sybilShare} over several graphs that follow from `seed`. */
export function meanSybilShare(options: SybilOptions, graphs = 5): number {
  let sum = 0;
  for (let i = 0; i < graphs; i += 1) {
    sum += sybilShare({ ...options, seed: options.seed * 1_000 + i });
  }
  return sum / graphs;
}
