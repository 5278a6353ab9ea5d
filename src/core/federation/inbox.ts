/**
 * Messages of a stream for a reader that takes them when it is ready; until then they count against the sender.
 * @module
 */
import { BoundedQueue } from '../../base/bounded-queue.ts';
import { packPacket, unpackPacket } from '../../base/packet.ts';
import { compact, initialWindow, type Stream } from './stream.ts';

interface Waiting {
  readonly bytes: Uint8Array;
  readonly cost: number;
}

/** The smallest message costs 12 bytes of the window, so this many can wait. */
const limit = Math.ceil(initialWindow / 12) + 1;

/** One reader iterates; leaving the loop early calls `left`. */
export class Inbox implements AsyncIterable<unknown> {
  readonly #queue = new BoundedQueue<Waiting>({ name: 'the stream', limit });
  readonly #stream: Pick<Stream, 'consumed'>;
  readonly #left: () => void;

  constructor(stream: Pick<Stream, 'consumed'>, left: () => void = () => undefined) {
    this.#stream = stream;
    this.#left = left;
  }

  /** Adds a message that costs the sender `cost` until it is read. */
  push(bytes: Uint8Array, cost: number): void {
    this.#queue.push({ bytes: compact(bytes), cost });
  }

  /** Nothing more comes. */
  end(): void {
    this.#queue.end();
  }

  /** The reader gets `error` after what was there before. */
  fail(error: unknown): void {
    this.#queue.fail(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    return {
      next: async () => {
        const next = await this.#queue.next();
        if (next.done === true) return next;
        this.#stream.consumed(next.value.cost);
        return { done: false, value: readMessage(next.value.bytes) };
      },
      return: () => {
        this.#queue.end();
        this.#left();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

/** The value of a message; no bytes at all stand for undefined. */
export function readMessage(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : unpackPacket(bytes, 'message');
}

/** Bytes of a message; none at all stand for undefined. */
export function packMessage(value: unknown): Uint8Array {
  return value === undefined ? new Uint8Array(0) : packPacket(value);
}
