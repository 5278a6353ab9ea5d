/**
 * What this node knows of who says what of whom, as a picture. The same knowledge gives the same text.
 * @module
 */
import { compareText, type Did } from '../../../base/ids.ts';

/** An issuer says something of a holder. */
export interface CredentialEdge {
  readonly kind: 'credential';
  readonly from: Did;
  readonly to: Did;
  readonly types: readonly string[];
  /** Whether an anchor of this node stands for it. */
  readonly counted: boolean;
}

/** One organisation worked for another. */
export interface EvidenceEdge {
  readonly kind: 'evidence';
  /** Who asked. */
  readonly from: Did;
  /** Who did it. */
  readonly to: Did;
  readonly kept: number;
  readonly broken: number;
}

/** One organisation has said something of another, signed, which has not ended. */
export interface AttestationEdge {
  readonly kind: 'attestation';
  readonly from: Did;
  readonly to: Did;
  readonly type: string;
  /** 0 (not at all) to 1 (entirely). */
  readonly value: number;
}

/** A verdict that stands, which this node goes by. */
export interface VerdictEdge {
  readonly kind: 'slash' | 'quarantine';
  /** Who spoke it. */
  readonly from: Did;
  readonly to: Did;
  readonly reason: string;
  /** When it ends by itself. */
  readonly until: string;
}

/** An edge of the graph. */
export type TrustEdge = CredentialEdge | EvidenceEdge | AttestationEdge | VerdictEdge;

/** The graph as plain data. */
export interface TrustGraphJson {
  readonly nodes: readonly Did[];
  readonly edges: readonly TrustEdge[];
  /** Edges that were left out because of `maxEdges`; absent when none was. */
  readonly omitted?: number;
}

/** What to show of a graph. */
export interface GraphView {
  /** Only what is near this organisation. */
  readonly around?: Did;
  /** How many edges away from `around` an edge may begin. Default 1: its own edges; 2: those of its neighbours too. */
  readonly depth?: number;
  /** The most edges shown: verdicts first, then what is near `around`, then by names. What is left out is counted. */
  readonly maxEdges?: number;
}

/** Options of {@link TrustGraph.toMermaid}; `maxEdges` is 200 unless it is given. */
export type MermaidOptions = GraphView;

/** A snapshot of the trust graph. */
export class TrustGraph {
  readonly #edges: readonly TrustEdge[];

  constructor(edges: readonly TrustEdge[]) {
    this.#edges = [...edges].sort(
      (a, b) => compareText(sortKey(a), sortKey(b)) || compareText(label(a), label(b)),
    );
  }

  /** Nodes and edges as plain data. Everything, unless a view is given. */
  toJSON(view?: GraphView | string): TrustGraphJson {
    // JSON.stringify hands in the name under which the graph stands.
    const { edges, omitted } = this.#seen(typeof view === 'object' ? view : {}, Infinity);
    return { nodes: nodesOf(edges), edges, ...(omitted > 0 && { omitted }) };
  }

  /** A Mermaid flowchart. */
  toMermaid(view: MermaidOptions = {}): string {
    const { edges, omitted } = this.#seen(view, 200);
    const nodes = nodesOf(edges);
    const name = namer(nodes);
    return [
      'flowchart LR',
      ...nodes.map((did) => `  ${name(did)}["${mermaidText(did)}"]`),
      ...edges.map((edge) => {
        return `  ${name(edge.from)} ${arrowOf(edge)}|"${mermaidText(label(edge))}"| ${name(edge.to)}`;
      }),
      ...(omitted > 0 ? [`  %% ${String(omitted)} more edges`] : []),
      '',
    ].join('\n');
  }

  /** A Graphviz digraph. Everything, unless a view is given. */
  toDot(view: GraphView = {}): string {
    const { edges, omitted } = this.#seen(view, Infinity);
    const nodes = nodesOf(edges);
    const name = namer(nodes);
    return [
      'digraph trust {',
      '  rankdir=LR;',
      ...nodes.map((did) => `  ${name(did)} [label=${JSON.stringify(did)}];`),
      ...edges.map((edge) => {
        const attributes = `label=${JSON.stringify(label(edge))}, ${styleOf(edge)}`;
        return `  ${name(edge.from)} -> ${name(edge.to)} [${attributes}];`;
      }),
      ...(omitted > 0 ? [`  // ${String(omitted)} more edges`] : []),
      '}',
      '',
    ].join('\n');
  }

  #seen({ around, depth = 1, maxEdges }: GraphView, most: number): Seen {
    const distance = around === undefined ? undefined : distancesFrom(around, this.#edges);
    const far = ({ from, to }: TrustEdge): number =>
      Math.min(distance?.get(from) ?? Infinity, distance?.get(to) ?? Infinity);
    const near =
      distance === undefined ? this.#edges : this.#edges.filter((edge) => far(edge) < depth);
    const limit = Math.max(0, maxEdges ?? most);
    if (near.length <= limit) return { edges: near, omitted: 0 };
    const rank = (edge: TrustEdge): number => {
      if (isVerdict(edge)) return -1;
      return distance === undefined ? 0 : far(edge);
    };
    // Sorting is stable, so edges of one rank stay in the order of their names.
    const first = new Set([...near].sort((a, b) => rank(a) - rank(b)).slice(0, limit));
    return { edges: near.filter((edge) => first.has(edge)), omitted: near.length - limit };
  }
}

interface Seen {
  readonly edges: readonly TrustEdge[];
  readonly omitted: number;
}

/** How many edges, whichever way they point, lead from `start` to each organisation. */
function distancesFrom(start: Did, edges: readonly TrustEdge[]): ReadonlyMap<Did, number> {
  const neighbours = new Map<Did, Did[]>();
  const link = (from: Did, to: Did): void => {
    const known = neighbours.get(from);
    if (known === undefined) neighbours.set(from, [to]);
    else known.push(to);
  };
  for (const { from, to } of edges) {
    link(from, to);
    link(to, from);
  }
  const distances = new Map<Did, number>([[start, 0]]);
  for (const [did, distance] of distances) {
    for (const next of neighbours.get(did) ?? []) {
      if (!distances.has(next)) distances.set(next, distance + 1);
    }
  }
  return distances;
}

function nodesOf(edges: readonly TrustEdge[]): readonly Did[] {
  return [...new Set(edges.flatMap(({ from, to }) => [from, to]))].sort(compareText);
}

function namer(nodes: readonly Did[]): (did: Did) => string {
  const names = new Map(nodes.map((did, i) => [did, `n${String(i)}`]));
  return (did) => names.get(did)!;
}

function sortKey({ from, to, kind }: TrustEdge): string {
  return `${from} ${to} ${kind}`;
}

function label(edge: TrustEdge): string {
  switch (edge.kind) {
    case 'credential':
      return edge.types.join(', ');
    case 'evidence':
      return `${shown(edge.kept)} kept, ${shown(edge.broken)} broken`;
    case 'attestation':
      return `${edge.type} ${shown(edge.value)}`;
    case 'slash':
    case 'quarantine':
      return `${edge.kind} until ${edge.until}: ${edge.reason}`;
  }
}

/** Feedback counts in hundredths. */
function shown(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function isVerdict({ kind }: TrustEdge): boolean {
  return kind === 'slash' || kind === 'quarantine';
}

/** Drawn in full: what counts here. Verdicts are drawn thick. */
function arrowOf(edge: TrustEdge): string {
  if (isVerdict(edge)) return '==>';
  return isSolid(edge) ? '-->' : '-.->';
}

function styleOf(edge: TrustEdge): string {
  if (isVerdict(edge)) return 'style=bold, color=red';
  return `style=${isSolid(edge) ? 'solid' : 'dashed'}`;
}

function isSolid(edge: TrustEdge): boolean {
  return edge.kind === 'evidence' || (edge.kind === 'credential' && edge.counted);
}

/** Mermaid writes special characters as entity codes; types come from strangers. */
function mermaidText(text: string): string {
  return text.replace(/[^\w :.,/()+=-]/gu, (char) => `#${String(char.codePointAt(0))};`);
}
