import { createTestMesh, type TestMesh } from '@mesh/sdk/testing';
import { EventLoop } from '../src/testing/simulation/event-loop.ts';
import type { Bench } from './harness.ts';
import { bareHeap } from './simulation-heap.ts';

const limit = 'a plain object and a callback in a bare heap';

/** Kilobytes of heap that each of `nodes` holds; `hold` makes them and gives back what keeps them alive. */
async function each(nodes: number, hold: () => unknown): Promise<number> {
  const before = await used();
  const held = await hold();
  const bytes = ((await used()) - before) / nodes;
  await (held as Partial<TestMesh>).close?.();
  return bytes / 1_000;
}

/** Bytes in use once everything has let go: what a round before held is let go only after some turns. */
async function used(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function ticking(line: { after(ms: number, run: () => void): unknown }, nodes: number): unknown {
  const state = Array.from({ length: nodes }, () => ({ heard: 0, waiting: false }));
  for (const node of state) line.after(1_000, () => (node.heard += 1));
  return { line, state };
}

const bench: Bench = {
  what: 'Memory of one node, measured over 10,000 bare ones and over 300 whole clients in session with eight others each.',
  unit: 'kB',
  better: 'less',
  peer: limit,
  rounds: 3,
  cases: [
    {
      name: 'a bare node on our event loop',
      role: 'ours',
      run: () => each(10_000, () => ticking(new EventLoop(), 10_000)),
    },
    {
      name: 'a whole client',
      role: 'ours',
      run: () =>
        each(300, () => createTestMesh({ nodes: 300, topology: 'random-8', traceLimit: 0 })),
    },
    { name: limit, role: 'limit', run: () => each(10_000, () => ticking(bareHeap(), 10_000)) },
  ],
};
export default bench;
