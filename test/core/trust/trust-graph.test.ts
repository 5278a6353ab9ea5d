import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../src/base/ids.ts';
import { type TrustEdge, TrustGraph } from '../../../src/core/trust/trust-graph.ts';

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
});
