import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdgeGraph } from '../../../../src/core/trust/reputation/edge-graph.ts';
import { flowFrom, masses, push, refine } from '../../../../src/core/trust/reputation/page-rank.ts';

const nodes = 12;
const tight = { restart: 0.3, tolerance: 1e-13 };

type Triple = readonly [from: number, to: number, weight: number];

const triple = fc.tuple(
  fc.nat(nodes - 1),
  fc.nat(nodes - 1),
  fc.integer({ min: 1, max: 40 }).map((weight) => weight / 2),
);
const triples = fc.array(triple, { maxLength: 60 });
const someRoots = fc.uniqueArray(fc.nat(nodes - 1), { minLength: 1, maxLength: 3 });

function graphOf(edges: readonly Triple[], count = nodes): EdgeGraph {
  return new EdgeGraph(count, {
    from: edges.map(([from]) => from),
    to: edges.map(([, to]) => to),
    weight: edges.map(([, , weight]) => weight),
  });
}

/** The textbook: a full matrix with the return to the roots in it, and a thousand steps. */
function naive(edges: readonly Triple[], roots: readonly number[], restart: number): number[] {
  const matrix = Array.from({ length: nodes }, () => new Array<number>(nodes).fill(0));
  for (const [from, to, weight] of edges) if (from !== to) matrix[from]![to]! += weight;
  const home = Array.from({ length: nodes }, (_, i) => (roots.includes(i) ? 1 / roots.length : 0));
  let mass = home;
  for (let step = 0; step < 1_000; step += 1) {
    const next = home.map((part) => restart * part);
    for (const [from, row] of matrix.entries()) {
      const out = row.reduce((sum, weight) => sum + weight, 0);
      for (let to = 0; to < nodes; to += 1) {
        const part = out > 0 ? row[to]! / out : home[to]!;
        next[to]! += (1 - restart) * mass[from]! * part;
      }
    }
    mass = next;
  }
  return mass;
}

function expectClose(mass: ArrayLike<number>, wanted: ArrayLike<number>, error = 1e-9): void {
  for (let i = 0; i < wanted.length; i += 1) {
    expect(Math.abs(mass[i]! - wanted[i]!)).toBeLessThanOrEqual(error);
  }
}

describe('the flow of trust', () => {
  it('is what a dense solver finds', () => {
    fc.assert(
      fc.property(triples, someRoots, fc.constantFrom(0.1, 0.3, 0.6), (edges, roots, restart) => {
        const flow = flowFrom(graphOf(edges), roots, { restart, tolerance: 1e-13 });
        expectClose(masses(flow), naive(edges, roots, restart));
      }),
    );
  });

  it('is nothing without roots, and nothing where no path leads', () => {
    const graph = graphOf([[1, 2, 1]]);
    expect([...masses(flowFrom(graph, [], tight))]).toEqual(new Array(nodes).fill(0));
    const mass = masses(flowFrom(graph, [0], tight));
    expect(mass[0]).toBe(1);
    expect(mass[2]).toBe(0);
  });

  it('is the same after any changes as in a graph built anew, from the old flow and from none', () => {
    fc.assert(
      fc.property(
        triples,
        someRoots,
        fc.array(fc.tuple(triple, fc.boolean()), { minLength: 1, maxLength: 150 }),
        (edges, roots, changes) => {
          const graph = graphOf(edges);
          const before = flowFrom(graph, roots, tight);
          const kept = Float64Array.from(before.raw);
          for (const [[from, to, weight], gone] of changes) graph.set(from, to, gone ? 0 : weight);
          const weights = new Map<number, number>();
          for (const [from, to, weight] of edges) {
            const key = from * nodes + to;
            weights.set(key, (weights.get(key) ?? 0) + weight);
          }
          for (const [[from, to, weight], gone] of changes) {
            weights.set(from * nodes + to, gone ? 0 : weight);
          }
          const now = [...weights].map(
            ([key, weight]): Triple => [Math.floor(key / nodes), key % nodes, weight],
          );
          const wanted = naive(now, roots, tight.restart);
          for (const tolerance of [1e-13, 1e-4]) {
            const refined = refine(graph, roots, before, { restart: tight.restart, tolerance });
            expectClose(masses(refined), wanted, tolerance * 10 + 1e-9);
          }
          expectClose(masses(flowFrom(graph, roots, tight)), wanted);
          expect(before.raw).toEqual(kept);
        },
      ),
    );
  });

  it('without a node is that of a graph without the edges into it, to the last bit', () => {
    fc.assert(
      fc.property(triples, someRoots, fc.nat(nodes - 1), (edges, roots, without) => {
        const rest = edges.filter(([, to]) => to !== without);
        expect(flowFrom(graphOf(edges), roots, { ...tight, without }).raw).toEqual(
          flowFrom(graphOf(rest), roots, { ...tight, without }).raw,
        );
      }),
    );
  });

  it('pushed from one source is a lower bound that misses no more than it says', () => {
    fc.assert(
      fc.property(
        triples,
        fc.nat(nodes - 1),
        fc.constantFrom(1e-1, 1e-2, 1e-4),
        (edges, source, epsilon) => {
          const graph = graphOf(edges);
          const { raw, rest } = push(graph, source, { restart: 0.3, epsilon });
          const exact = flowFrom(graph, [source], tight).raw;
          for (const [node, value] of exact.entries()) {
            const found = raw.get(node) ?? 0;
            expect(found).toBeLessThanOrEqual(value + 1e-9);
            expect(value).toBeLessThanOrEqual(found + rest + 1e-9);
          }
          // What is left at a node is at most epsilon for each edge that leaves it.
          expect(rest).toBeLessThanOrEqual(epsilon * (graph.size + nodes) + 1e-12);
        },
      ),
    );
  });

  it('takes new edges along before and after they are merged', () => {
    const graph = graphOf([[0, 1, 1]], 400);
    for (let node = 1; node < 399; node += 1) {
      graph.set(node, node + 1, 1);
      expect(graph.weight(node, node + 1)).toBe(1);
    }
    expect(graph.size).toBe(399);
    const raw = flowFrom(graph, [0], tight).raw;
    for (const node of [1, 20, 60]) expect(raw[node]! / raw[node - 1]!).toBeCloseTo(0.7, 9);
    const pushed = push(graph, 0, { restart: 0.3, epsilon: 1e-12 });
    expect(pushed.raw.get(40)).toBeCloseTo(raw[40]!, 11);
  });
});

describe('a region of Sybils', () => {
  /** Mass of `sybils` false nodes that are well connected among themselves, where `doors` lead into their region. */
  function share(sybils: number, doors: readonly number[]): number {
    const honest = Array.from({ length: 40 }, (_, i): Triple[] => [
      [i, (i * 7 + 3) % 40, 1],
      [i, (i + 1) % 40, 1],
    ]).flat();
    const region = Array.from({ length: sybils }, (_, i): Triple[] => [
      [40 + i, 40 + ((i + 1) % sybils), 20],
      [40 + i, 40 + ((i * 3 + 2) % sybils), 20],
    ]).flat();
    const attack = doors.map((door, i): Triple => [door, 40 + ((i * 5) % sybils), 1]);
    const graph = graphOf([...honest, ...region, ...attack], 40 + sybils);
    return masses(flowFrom(graph, [0, 1], tight))
      .subarray(40)
      .reduce((sum, value) => sum + value, 0);
  }

  it('has mass by the edges that lead into it, not by its size', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(39), { minLength: 1, maxLength: 8 }), (doors) => {
        const few = share(10, doors);
        expect(few).toBeGreaterThan(0);
        for (const sybils of [100, 1_000]) expect(share(sybils, doors) / few).toBeCloseTo(1, 6);
      }),
      { numRuns: 20 },
    );
  });

  it('has none where no edge leads into it', () => {
    for (const sybils of [10, 1_000]) expect(share(sybils, [])).toBe(0);
  });
});
