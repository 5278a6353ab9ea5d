/**
 * How many handlers one peer can keep busy.
 * @module
 */
import type { Did } from '../../base/ids.ts';

interface Lane {
  running: number;
  readonly waiting: Set<() => void>;
}

/** Lets `limit` through per peer; the others wait in line, as many as the peer may have streams open. */
export class Gate {
  readonly #limit: number;
  readonly #lanes = new Map<Did, Lane>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Peers with something running. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Runs `go` now, or when it is its turn: then the result takes it out of the line. */
  enter(peer: Did, go: () => void): (() => void) | undefined {
    const lane = this.#lanes.get(peer) ?? { running: 0, waiting: new Set() };
    this.#lanes.set(peer, lane);
    if (lane.running < this.#limit) {
      lane.running += 1;
      go();
      return undefined;
    }
    lane.waiting.add(go);
    return () => {
      lane.waiting.delete(go);
    };
  }

  /** One of `peer` has ended. */
  leave(peer: Did): void {
    const lane = this.#lanes.get(peer);
    if (lane === undefined) return;
    const [next] = lane.waiting;
    if (next !== undefined) {
      lane.waiting.delete(next);
      next();
      return;
    }
    lane.running -= 1;
    if (lane.running === 0) this.#lanes.delete(peer);
  }
}
