// Traces by hand, short enough to know what must be seen of them.
import type { TraceEvent, TraceJson } from '../../../src/testing/index.ts';

/** An event without its number: time, node, type, other members. */
export type Told = readonly [
  t: number,
  node: string,
  type: string,
  rest?: Readonly<Record<string, unknown>>,
];

/** A trace of `told` on `nodes`. */
export function traceOf(
  told: readonly Told[],
  nodes: readonly string[] = ['a/0', 'b/0'],
): TraceJson {
  const events = told.map(
    ([t, node, type, rest = {}], seq): TraceEvent => ({ ...rest, t, seq, node, type }),
  );
  return { format: 1, seed: 7, hash: '00ff', nodes, forgotten: 0, events };
}
