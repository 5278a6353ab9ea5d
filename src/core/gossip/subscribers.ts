/**
 * Who listens to which topic on this node.
 * @module
 */
import { onAbort } from '../../base/abort.ts';
import { BoundedQueue } from '../../base/bounded-queue.ts';
import type { Did } from '../../base/ids.ts';
import type { Logger } from '../../ports/logger.ts';

/** A broadcast as its listeners get it. */
export interface BroadcastMessage {
  /** Proven by the signature. */
  readonly from: Did;
  readonly topic: string;
  /** The listener's own copy. */
  readonly bytes: Uint8Array;
  /** When it was sent, by the origin's clock: RFC 3339, UTC. */
  readonly at: string;
  /** The same everywhere; no other message has it. */
  readonly id: string;
}

/** Messages of a topic, oldest first. Leaving the loop ends the subscription. */
export interface Subscription extends AsyncIterable<BroadcastMessage> {
  /** How many messages were forgotten because 1,000 were waiting. */
  readonly dropped: number;
}

/** Told of each message; must not wait. */
export type BroadcastListener = (message: BroadcastMessage) => void;

/** Messages that wait for one reader; then the oldest is forgotten. */
const queueLimit = 1_000;

/** Listeners by topic. */
export class Subscribers {
  readonly #logger: Logger | undefined;
  readonly #topics = new Map<string, Set<BroadcastListener>>();
  readonly #queues = new Set<BoundedQueue<BroadcastMessage>>();

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Hands `message` to each listener of its topic. */
  tell(message: BroadcastMessage): void {
    for (const listener of [...(this.#topics.get(message.topic) ?? [])]) {
      try {
        listener({ ...message, bytes: message.bytes.slice() });
      } catch (error) {
        // One listener's fault is not the others', nor the sender's.
        this.#logger?.log('error', `a listener of '${message.topic}' failed`, { error });
      }
    }
  }

  /** Calls `listener` until the result is called. */
  on(topic: string, listener: BroadcastListener): () => void {
    // A wrapper of its own, so that one function may be handed in twice.
    const own: BroadcastListener = (message) => {
      listener(message);
    };
    const listeners = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#topics.get(topic) === listeners) this.#topics.delete(topic);
    };
  }

  /** Messages from now on, until `signal` fires or the reader leaves. */
  subscribe(topic: string, signal: AbortSignal | undefined): Subscription {
    const name = `the subscription to '${topic}'`;
    const queue = new BoundedQueue<BroadcastMessage>({
      name,
      limit: queueLimit,
      overflow: 'drop-oldest',
    });
    const off = this.on(topic, (message) => queue.push(message));
    let offSignal = (): void => undefined;
    const end = (): void => {
      off();
      offSignal();
      this.#queues.delete(queue);
      queue.end();
    };
    this.#queues.add(queue);
    offSignal = onAbort(signal, end);
    return subscriptionOf(queue, end);
  }

  /** Ends every subscription and forgets every listener. */
  close(): void {
    for (const queue of this.#queues) queue.end();
    this.#queues.clear();
    this.#topics.clear();
  }
}

function subscriptionOf(queue: BoundedQueue<BroadcastMessage>, end: () => void): Subscription {
  return {
    get dropped() {
      return queue.dropped;
    },
    [Symbol.asyncIterator]: () => {
      const reader = queue[Symbol.asyncIterator]();
      return {
        next: () => reader.next(),
        return: async () => {
          end();
          await reader.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
