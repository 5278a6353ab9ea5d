/**
 * What this node knows of who says what of whom, as a picture. The same knowledge gives the same text.
 * @module
 */
import { compareText, type Did } from '../../base/ids.ts';

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

/** An edge of the graph. */
export type TrustEdge = CredentialEdge | EvidenceEdge;

/** The graph as plain data. */
export interface TrustGraphJson {
  readonly nodes: readonly Did[];
  readonly edges: readonly TrustEdge[];
}

/** Options of {@link TrustGraph.toMermaid}. */
export interface MermaidOptions {
  /** Edges drawn; what is left out is said in a comment. Default 200. */
  readonly maxEdges?: number;
}

/** A snapshot of the trust graph. */
export class TrustGraph {
  readonly #edges: readonly TrustEdge[];

  constructor(edges: readonly TrustEdge[]) {
    this.#edges = [...edges].sort(
      (a, b) => compareText(sortKey(a), sortKey(b)) || compareText(label(a), label(b)),
    );
  }

  /** Nodes and edges as plain data. */
  toJSON(): TrustGraphJson {
    return { nodes: nodesOf(this.#edges), edges: this.#edges };
  }

  /** A Mermaid flowchart. */
  toMermaid({ maxEdges = 200 }: MermaidOptions = {}): string {
    const edges = this.#edges.slice(0, maxEdges);
    const nodes = nodesOf(edges);
    const name = namer(nodes);
    const left = this.#edges.length - edges.length;
    return [
      'flowchart LR',
      ...nodes.map((did) => `  ${name(did)}["${mermaidText(did)}"]`),
      ...edges.map((edge) => {
        const arrow = isSolid(edge) ? '-->' : '-.->';
        return `  ${name(edge.from)} ${arrow}|"${mermaidText(label(edge))}"| ${name(edge.to)}`;
      }),
      ...(left > 0 ? [`  %% ${String(left)} more edges`] : []),
      '',
    ].join('\n');
  }

  /** A Graphviz digraph. */
  toDot(): string {
    const nodes = nodesOf(this.#edges);
    const name = namer(nodes);
    return [
      'digraph trust {',
      '  rankdir=LR;',
      ...nodes.map((did) => `  ${name(did)} [label=${JSON.stringify(did)}];`),
      ...this.#edges.map((edge) => {
        const style = isSolid(edge) ? 'solid' : 'dashed';
        const attributes = `label=${JSON.stringify(label(edge))}, style=${style}`;
        return `  ${name(edge.from)} -> ${name(edge.to)} [${attributes}];`;
      }),
      '}',
      '',
    ].join('\n');
  }
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
  if (edge.kind === 'credential') return edge.types.join(', ');
  return `${String(edge.kept)} kept, ${String(edge.broken)} broken`;
}

/** Drawn in full: what counts here. */
function isSolid(edge: TrustEdge): boolean {
  return edge.kind === 'evidence' || edge.counted;
}

/** Mermaid writes special characters as entity codes; types come from strangers. */
function mermaidText(text: string): string {
  return text.replace(/[^\w :.,/()+=-]/gu, (char) => `#${String(char.codePointAt(0))};`);
}
