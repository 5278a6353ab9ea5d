/**
 * The trust graph at the size of a large federation, for `trust.bench.ts` and `trust-skewed.bench.ts`.
 * @module
 */
import { reputationConstants } from '../src/core/trust/reputation/constants.ts';
import { EdgeGraph } from '../src/core/trust/reputation/edge-graph.ts';
import { type Flow, flowFrom, push, refine } from '../src/core/trust/reputation/page-rank.ts';
import { seededRandom } from '../src/testing/seeded-random.ts';
import { type Bench, type Case, median } from './harness.ts';

const [nodes, edges] = [100_000, 1_000_000];
const roots = Array.from({ length: 20 }, (_, i) => (i * 7_919) % nodes);
const { restart } = reputationConstants;
/** Masses are right to a millionth of all trust. */
const options = { restart, tolerance: 1e-6 };

/** Cases on a random graph; in a skewed one, a tenth of the nodes has almost half of the incoming edges. */
export function trustGraphBench(kind: 'uniform' | 'skewed'): Bench {
  const random = seededRandom(`trust ${kind}`);
  const target = (): number => nodes * (kind === 'skewed' ? random.next() ** 3 : random.next());
  let graph: EdgeGraph;
  let list: { from: Uint32Array; to: Uint32Array; weight: Float64Array };
  let settled: Flow;
  const peer = 'full recompute';
  const timed = (name: string, role: Case['role'], work: () => () => unknown): Case => ({
    name,
    role,
    async run() {
      const each = [1, 2, 3].map(() => {
        const timedWork = work();
        const begin = performance.now();
        timedWork();
        return performance.now() - begin;
      });
      return median(each);
    },
  });
  const change = (): void => {
    for (let i = 0; i < edges / 1_000; i += 1) {
      const edge = Math.floor(random.next() * edges);
      graph.set(list.from[edge]!, list.to[edge]!, 0.1 + random.next());
    }
  };
  const pass: Case = {
    ...timed('one pass over the edges', 'limit', () => () => onePass(graph)),
    async setup() {
      list = {
        from: Uint32Array.from({ length: edges }, () => random.next() * nodes),
        to: Uint32Array.from({ length: edges }, target),
        weight: Float64Array.from({ length: edges }, () => 0.1 + random.next()),
      };
      graph = new EdgeGraph(nodes, list);
      settled = flowFrom(graph, roots, options);
    },
  };
  return {
    what: `Seeded personalised PageRank on a ${kind} random graph of ${nodes.toLocaleString('en')} nodes and ${edges.toLocaleString('en')} edges, 20 roots, restart ${restart}, to a millionth of all mass; one thread.`,
    unit: 'ms',
    better: 'less',
    peer,
    rounds: 15,
    cases: [
      pass,
      timed(peer, 'ours', () => () => flowFrom(graph, roots, options)),
      timed('after 0.1 % of the edges changed', 'ours', () => {
        change();
        return () => {
          settled = refine(graph, roots, settled, options);
        };
      }),
      timed('1,000 edges changed, without the flow', 'ours', () => change),
      timed('one personalised score, epsilon 1e-5', 'ours', () => {
        const source = Math.floor(random.next() * nodes);
        return () => push(graph, source, { restart, epsilon: 1e-5 });
      }),
      timed('built from a list of edges', 'ours', () => () => new EdgeGraph(nodes, list)),
    ],
  };
}

/** What no iteration can do without: each weight times what its source has. */
function onePass({ byTarget: { at, node, weight } }: EdgeGraph): Float64Array {
  const [share, into] = [new Float64Array(nodes).fill(1 / nodes), new Float64Array(nodes)];
  let k = 0;
  for (let v = 0; v < nodes; v += 1) {
    let sum = 0;
    const end = at[v + 1]!;
    for (; k < end; k += 1) sum += weight[k]! * share[node[k]!]!;
    into[v] = sum;
  }
  return into;
}
