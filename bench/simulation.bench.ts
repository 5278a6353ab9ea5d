import FakeTimers from '@sinonjs/fake-timers';
import { seededRandom } from '../src/testing/seeded-random.ts';
import { EventLoop } from '../src/testing/simulation/event-loop.ts';
import type { Bench, Case } from './harness.ts';
import { bareHeap } from './simulation-heap.ts';

/** Where the load's timers are set. */
interface Timeline {
  after(ms: number, run: () => void): void;
}

/**
 * Heartbeats and gossip: once a second each node probes another, which answers, and looks after 200 ms whether it has. 5 to 50 ms one way, 1 % lost;
 * four events a node and second.
 */
function load(timeline: Timeline, nodes: number): { events: number } {
  const random = seededRandom(42);
  const told = { events: 0 };
  const state = Array.from({ length: nodes }, () => ({ heard: 0, waiting: false }));
  const post = (run: () => void): void => {
    if (random.next() >= 0.01) at(5 + random.next() * 45, run);
  };
  const at = (ms: number, run: () => void): void => {
    timeline.after(ms, () => {
      told.events += 1;
      run();
    });
  };
  for (const node of state) {
    const beat = (): void => {
      const peer = state[Math.floor(random.next() * nodes)]!;
      node.waiting = true;
      post(() => {
        peer.heard += 1;
        post(() => {
          node.waiting = false;
        });
      });
      at(200, () => {
        if (node.waiting) node.waiting = false;
      });
      at(1_000, beat);
    };
    at(random.next() * 1_000, beat);
  }
  return told;
}

/** Events per second of wall time. `drive` plays `seconds` of virtual time. */
function rate(
  name: string,
  role: Case['role'],
  { nodes, seconds }: { readonly nodes: number; readonly seconds: number },
  timeline: () => Timeline & { drive(ms: number): void | Promise<void> },
): Case {
  return {
    name,
    role,
    async run(share) {
      const line = timeline();
      const told = load(line, nodes);
      const begin = performance.now();
      await line.drive(Math.max(1, seconds * share) * 1_000);
      return (told.events * 1_000) / (performance.now() - begin);
    },
  };
}

const large = { nodes: 10_000, seconds: 60 };
const peer = '@sinonjs/fake-timers, tickAsync, 100 nodes';

const bench: Bench = {
  what: 'Heartbeats and gossip of 10,000 nodes for 60 s of virtual time (2.4 million events), each event followed by all the promise jobs it causes.',
  unit: 'events/s',
  better: 'more',
  peer,
  rounds: 5,
  cases: [
    rate('our event loop', 'ours', large, () => {
      const loop = new EventLoop();
      return {
        after: (ms, run) => {
          loop.after(ms, run);
        },
        drive: (ms) => loop.advance(ms),
      };
    }),
    rate(peer, 'peer', { nodes: 100, seconds: 60 }, () => {
      const clock = FakeTimers.createClock();
      return {
        after: (ms, run) => {
          clock.setTimeout(run, ms);
        },
        drive: async (ms) => {
          await clock.tickAsync(ms);
        },
      };
    }),
    rate('a bare heap, callbacks only', 'limit', large, bareHeap),
  ],
};
export default bench;
