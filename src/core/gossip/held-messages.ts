/**
 * The messages this node can still pass on, within bounds.
 * @module
 */
import type { SignedBroadcast } from '../../schema/broadcast.ts';

/** A message that was checked. */
export interface HeldMessage {
  readonly id: string;
  readonly message: SignedBroadcast;
  readonly bytes: Uint8Array;
  /** Nodes it has passed to come here. */
  readonly hops: number;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** How much is held. */
export interface HeldBounds {
  readonly messages: number;
  readonly bytes: number;
}

/** Messages until they expire. When there is no room, the oldest of normal priority goes first. */
export class HeldMessages {
  readonly #bounds: HeldBounds;
  readonly #lanes = {
    high: new Map<string, HeldMessage>(),
    normal: new Map<string, HeldMessage>(),
  };
  #bytes = 0;

  constructor(bounds: HeldBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#lanes.high.size + this.#lanes.normal.size;
  }

  get(id: string): HeldMessage | undefined {
    return this.#lanes.high.get(id) ?? this.#lanes.normal.get(id);
  }

  put(held: HeldMessage): void {
    this.#lanes[held.message.priority].set(held.id, held);
    this.#bytes += held.bytes.length;
    while (this.size > this.#bounds.messages || this.#bytes > this.#bounds.bytes) {
      const { high, normal } = this.#lanes;
      const oldest = normal.values().next().value ?? high.values().next().value;
      if (oldest === undefined) return;
      this.#remove(oldest);
    }
  }

  /** Ids of all, high priority first, then oldest first. */
  ids(): readonly string[] {
    return [...this.#lanes.high.keys(), ...this.#lanes.normal.keys()];
  }

  /** Lets go of what has expired at `now`. */
  prune(now: number): void {
    for (const lane of Object.values(this.#lanes)) {
      for (const held of lane.values()) if (held.expires < now) this.#remove(held);
    }
  }

  #remove({ id, bytes, message }: HeldMessage): void {
    this.#lanes[message.priority].delete(id);
    this.#bytes -= bytes.length;
  }
}
