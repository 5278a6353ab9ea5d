/**
 * Who has a session with whom.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Random } from '../../ports/random.ts';

/** A shape of the mesh. `random-8` gives every node about eight neighbours and leaves nobody out. */
export type Topology = 'full' | 'ring' | 'star' | 'line' | `random-${number}`;

/** Two nodes by number; the first dials. */
export type Edge = readonly [from: number, to: number];

/** The edges of `topology` over `nodes` nodes. */
export function edgesOf(topology: Topology, nodes: number, chance: Random): readonly Edge[] {
  const all = Array.from({ length: nodes }, (_, i) => i);
  if (topology === 'full') return all.flatMap((i) => all.slice(0, i).map((j) => [i, j] as const));
  if (topology === 'star') return all.slice(1).map((i) => [i, 0] as const);
  const line = all.slice(1).map((i) => [i, i - 1] as const);
  if (topology === 'line') return line;
  const ring: readonly Edge[] = nodes > 2 ? [...line, [0, nodes - 1]] : line;
  if (topology === 'ring') return ring;
  const degree = Number(/^random-(\d+)$/.exec(topology)?.[1]);
  if (degree >= 2) return random(ring, nodes, degree, chance);
  const expected = "'full', 'ring', 'star', 'line' or 'random-<degree of 2 or more>'";
  throw new MeshError('INVALID_ARGUMENT', { argument: 'topology', expected, got: topology });
}

/** A ring, so that all are connected, and chords drawn by lot. */
function random(
  ring: readonly Edge[],
  nodes: number,
  degree: number,
  chance: Random,
): readonly Edge[] {
  const edges = [...ring];
  const known = new Set(edges.map(([a, b]) => nameOf(a, b, nodes)));
  const wanted = Math.min((nodes * degree) / 2, (nodes * (nodes - 1)) / 2);
  while (edges.length < wanted) {
    const [a, b] = [drawn(nodes, chance), drawn(nodes, chance)];
    const name = nameOf(a, b, nodes);
    if (a === b || known.has(name)) continue;
    known.add(name);
    edges.push([a, b]);
  }
  return edges;
}

function drawn(nodes: number, chance: Random): number {
  return Math.floor(chance.next() * nodes);
}

function nameOf(a: number, b: number, nodes: number): number {
  return Math.min(a, b) * nodes + Math.max(a, b);
}
