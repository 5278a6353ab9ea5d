/**
 * Who has good experience with whom, as a weighted directed graph in typed arrays. A changed weight costs two binary
 * searches and one row; new edges wait in a small list beside the arrays and are merged when there are many.
 * @module
 */

/** Edges by number of node; the three arrays are of one length. */
export interface EdgeList {
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  /** Above 0. */
  readonly weight: ArrayLike<number>;
}

/** Compressed sparse rows: row `i` is `at[i]` to `at[i + 1]` of `node` and `weight`, ascending by node. */
export interface Rows {
  readonly at: Uint32Array;
  readonly node: Uint32Array;
  readonly weight: Float64Array;
}

/** An edge that came after the rows were built. */
export interface LateEdge {
  readonly from: number;
  readonly to: number;
  weight: number;
}

/** Late edges are merged when they are more than this share of the edges. */
const lateShare = 0.02;

/** A graph of `nodes` numbered nodes. Edges that are given twice add up; an edge of a node to itself is left out. */
export class EdgeGraph {
  readonly nodes: number;
  /** Sum of the weights that leave a node. */
  readonly out: Float64Array;
  #bySource: Rows;
  #byTarget: Rows;
  /** Late edges by target, and by source; the same objects. */
  readonly #lateInto = new Map<number, LateEdge[]>();
  readonly #lateFrom = new Map<number, LateEdge[]>();
  #late = 0;

  constructor(nodes: number, edges: EdgeList) {
    this.nodes = nodes;
    this.#bySource = rowsOf(nodes, edges);
    this.#byTarget = transposed(nodes, this.#bySource);
    this.out = new Float64Array(nodes);
    for (let node = 0; node < nodes; node += 1) this.#sum(node);
  }

  /** Edges, including those of weight 0 that were not merged away yet. */
  get size(): number {
    return this.#bySource.node.length + this.#late;
  }

  /** Edges by the node they leave; late edges are apart. */
  get bySource(): Rows {
    return this.#bySource;
  }

  /** Edges by the node they reach; late edges are apart. */
  get byTarget(): Rows {
    return this.#byTarget;
  }

  /** Late edges that reach a node. */
  get lateInto(): ReadonlyMap<number, readonly LateEdge[]> {
    return this.#lateInto;
  }

  /** Late edges that leave a node. */
  get lateFrom(): ReadonlyMap<number, readonly LateEdge[]> {
    return this.#lateFrom;
  }

  /** The weight of an edge; 0 where there is none. */
  weight(from: number, to: number): number {
    const at = find(this.#bySource, from, to);
    if (at >= 0) return this.#bySource.weight[at]!;
    return this.#lateFrom.get(from)?.find((edge) => edge.to === to)?.weight ?? 0;
  }

  /** Changes the weight of an edge, or adds the edge; 0 takes it away. */
  set(from: number, to: number, weight: number): void {
    if (from === to) return;
    const at = find(this.#bySource, from, to);
    if (at >= 0) {
      this.#bySource.weight[at] = weight;
      this.#byTarget.weight[find(this.#byTarget, to, from)] = weight;
    } else {
      this.#setLate(from, to, weight);
    }
    this.#sum(from);
  }

  #setLate(from: number, to: number, weight: number): void {
    const known = this.#lateFrom.get(from)?.find((edge) => edge.to === to);
    if (known !== undefined) {
      known.weight = weight;
      return;
    }
    if (weight === 0) return;
    const edge = { from, to, weight };
    listIn(this.#lateFrom, from).push(edge);
    listIn(this.#lateInto, to).push(edge);
    this.#late += 1;
    if (this.#late > 64 + lateShare * this.#bySource.node.length) this.#merge();
  }

  /** Takes the late edges into the rows, and what weighs nothing out of them. */
  #merge(): void {
    const { at, node, weight } = this.#bySource;
    const from: number[] = [];
    const to: number[] = [];
    const weights: number[] = [];
    const add = (source: number, target: number, value: number): void => {
      if (value === 0) return;
      from.push(source);
      to.push(target);
      weights.push(value);
    };
    for (let source = 0; source < this.nodes; source += 1) {
      for (let k = at[source]!; k < at[source + 1]!; k += 1) add(source, node[k]!, weight[k]!);
      for (const edge of this.#lateFrom.get(source) ?? []) add(source, edge.to, edge.weight);
    }
    this.#bySource = rowsOf(this.nodes, { from, to, weight: weights });
    this.#byTarget = transposed(this.nodes, this.#bySource);
    this.#lateFrom.clear();
    this.#lateInto.clear();
    this.#late = 0;
  }

  /** Sums a row anew rather than by difference: rounding errors must not pile up. */
  #sum(node: number): void {
    const { at, weight } = this.#bySource;
    let sum = 0;
    for (let k = at[node]!; k < at[node + 1]!; k += 1) sum += weight[k]!;
    for (const edge of this.#lateFrom.get(node) ?? []) sum += edge.weight;
    this.out[node] = sum;
  }
}

function listIn<T>(map: Map<number, T[]>, key: number): T[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const list: T[] = [];
  map.set(key, list);
  return list;
}

/** Place of the edge in its row, or -1. */
function find({ at, node }: Rows, row: number, wanted: number): number {
  let low = at[row]!;
  let high = at[row + 1]! - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const here = node[middle]!;
    if (here === wanted) return middle;
    if (here < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Sorts by source, then by target (two passes of counting sort), and adds up what is there twice. */
function rowsOf(nodes: number, { from, to, weight }: EdgeList): Rows {
  const byTarget = sorted(nodes, to, from, weight);
  const { at, node, weight: weights } = sortedRows(nodes, byTarget);
  let kept = 0;
  const start = new Uint32Array(nodes + 1);
  for (let row = 0; row < nodes; row += 1) {
    start[row] = kept;
    for (let k = at[row]!; k < at[row + 1]!; k += 1) {
      if (node[k] === row) continue;
      if (kept > start[row]! && node[kept - 1] === node[k]) {
        weights[kept - 1] = weights[kept - 1]! + weights[k]!;
      } else {
        node[kept] = node[k]!;
        weights[kept] = weights[k]!;
        kept += 1;
      }
    }
  }
  start[nodes] = kept;
  return { at: start, node: node.slice(0, kept), weight: weights.slice(0, kept) };
}

function transposed(nodes: number, rows: Rows): Rows {
  return sortedRows(nodes, rows);
}

/** Rows by `key`, in the order given: stable, so rows that were ascending by `other` stay so. */
function sorted(
  nodes: number,
  key: ArrayLike<number>,
  other: ArrayLike<number>,
  weight: ArrayLike<number>,
): Rows {
  const at = new Uint32Array(nodes + 1);
  const count = key.length;
  for (let k = 0; k < count; k += 1) at[key[k]! + 1]! += 1;
  for (let row = 0; row < nodes; row += 1) at[row + 1]! += at[row]!;
  const next = at.slice();
  const node = new Uint32Array(count);
  const weights = new Float64Array(count);
  for (let k = 0; k < count; k += 1) {
    const row = key[k]!;
    const place = next[row]!;
    next[row] = place + 1;
    node[place] = other[k]!;
    weights[place] = weight[k]!;
  }
  return { at, node, weight: weights };
}

/** The same edges with row and node changed over, ascending by node. */
function sortedRows(nodes: number, rows: Rows): Rows {
  const source = new Uint32Array(rows.node.length);
  for (let row = 0; row < nodes; row += 1) source.fill(row, rows.at[row], rows.at[row + 1]);
  return sorted(nodes, rows.node, source, rows.weight);
}
