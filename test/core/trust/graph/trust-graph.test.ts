import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../../src/base/ids.ts';
import {
  type GraphView,
  type TrustEdge,
  TrustGraph,
} from '../../../../src/core/trust/graph/trust-graph.ts';

const [a, b, c]: readonly Did[] = ['did:web:a.example', 'did:web:b.example', 'did:web:c.example'];
const edges: readonly TrustEdge[] = [
  { kind: 'evidence', from: a!, to: b!, kept: 3, broken: 1 },
  { kind: 'credential', from: c!, to: b!, types: ['Partner'], counted: true },
  { kind: 'credential', from: b!, to: a!, types: ['Self "praise"\n]'], counted: false },
];

describe('the trust graph', () => {
  it('draws itself for Mermaid', () => {
    expect(new TrustGraph(edges).toMermaid()).toBe(`flowchart LR
  n0["did:web:a.example"]
  n1["did:web:b.example"]
  n2["did:web:c.example"]
  n0 -->|"3 kept, 1 broken"| n1
  n1 -.->|"Self #34;praise#34;#10;#93;"| n0
  n2 -->|"Partner"| n1
`);
  });

  it('draws itself for Graphviz', () => {
    const dot = new TrustGraph(edges).toDot();
    expect(dot).toContain('n1 -> n0 [label="Self \\"praise\\"\\n]", style=dashed];');
    expect(dot).toContain('n2 -> n1 [label="Partner", style=solid];');
  });

  it('draws no more edges than asked for, and says so', () => {
    const text = new TrustGraph(edges).toMermaid({ maxEdges: 1 });
    expect(text.match(/-->|-\.->/g)).toHaveLength(1);
    expect(text).toContain('%% 2 more edges');
    expect(text).not.toContain('did:web:c.example');
  });

  it('is the same whatever order the edges came in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...edges], { minLength: edges.length }), (shuffled) => {
        const [one, other] = [new TrustGraph(shuffled), new TrustGraph(edges)];
        expect(one.toMermaid()).toBe(other.toMermaid());
        expect(one.toDot()).toBe(other.toDot());
        expect(JSON.stringify(one)).toBe(JSON.stringify(other));
      }),
    );
  });

  describe('of a mesh with verdicts and attestations', () => {
    const d: Did = 'did:web:d.example';
    const until = '2026-02-01T00:00:00.000Z';
    const graph = new TrustGraph([
      ...edges,
      { kind: 'attestation', from: c!, to: d, type: 'reliable', value: 0.256 },
      { kind: 'quarantine', from: d, to: a!, reason: 'it leaks "names"', until },
      { kind: 'slash', from: b!, to: c!, reason: 'late', until },
    ]);

    it('draws verdicts thick and says why', () => {
      expect(graph.toMermaid()).toContain(
        `n3 ==>|"quarantine until 2026-02-01T00:00:00.000Z: it leaks #34;names#34;"| n0`,
      );
      expect(graph.toMermaid()).toContain('n2 -.->|"reliable 0.26"| n3');
      expect(graph.toDot()).toContain(
        'n1 -> n2 [label="slash until 2026-02-01T00:00:00.000Z: late", style=bold, color=red];',
      );
    });

    it('shows what is around somebody, as far as it is asked', () => {
      const kinds = (view: GraphView) => graph.toJSON(view).edges.map(({ kind }) => kind);
      expect(kinds({ around: d })).toEqual(['attestation', 'quarantine']);
      expect(kinds({ around: d, depth: 2 })).toHaveLength(6);
      expect(kinds({ around: d, depth: 0 })).toEqual([]);
      expect(kinds({ around: 'did:web:nobody.example' })).toEqual([]);
      expect(graph.toMermaid({ around: d })).not.toContain(b!);
      expect(graph.toDot({ around: d })).not.toContain(b!);
    });

    it('leaves out verdicts last, and then what is near, and counts what it left out', () => {
      const { edges: shown, omitted } = graph.toJSON({ maxEdges: 2 });
      expect(shown.map(({ kind }) => kind).sort()).toEqual(['quarantine', 'slash']);
      expect(omitted).toBe(4);
      const near = graph.toJSON({ around: d, depth: 2, maxEdges: 3 }).edges;
      expect(near.map(({ kind }) => kind).sort()).toEqual(['attestation', 'quarantine', 'slash']);
      expect(graph.toDot({ maxEdges: 1 })).toContain('// 5 more edges');
      expect(graph.toJSON({ maxEdges: -1 })).toMatchObject({ edges: [], omitted: 6 });
      expect(graph.toJSON()).not.toHaveProperty('omitted');
    });

    it('is whole wherever it stands in something that is written as JSON', () => {
      expect(JSON.parse(JSON.stringify({ around: graph }))).toEqual({ around: graph.toJSON() });
    });

    it('shows no more around somebody than there is, whatever the view', () => {
      const everybody = [a!, b!, c!, d];
      fc.assert(
        fc.property(
          fc.constantFrom(...everybody),
          fc.nat(4),
          fc.nat(8),
          (around, depth, maxEdges) => {
            const { edges: shown, omitted = 0 } = graph.toJSON({ around, depth, maxEdges });
            const all = graph.toJSON({ around, depth }).edges;
            expect(shown.length).toBe(Math.min(maxEdges, all.length));
            expect(shown.length + omitted).toBe(all.length);
            for (const edge of shown) expect(all).toContain(edge);
          },
        ),
      );
    });
  });
});
