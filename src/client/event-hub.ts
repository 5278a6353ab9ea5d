/**
 * What happens in a client, told to whoever listens: as callbacks, and as streams one can loop over.
 * @module
 */
import { EventEmitter } from 'eventemitter3';
import { onAbort } from '../base/abort.ts';
import { BoundedQueue } from '../base/bounded-queue.ts';
import type { Clock } from '../ports/clock.ts';
import {
  type Emit,
  eventMatches,
  type MeshEvent,
  type MeshEventOf,
  type MeshEventType,
} from '../schema/mesh-event.ts';
import { toInstant } from '../schema/words.ts';

/** Events a slow reader may be behind before the oldest are forgotten. */
const readerLimit = 4_096;

/** Hands out events. A listener that throws harms nobody else. */
export class EventHub {
  readonly #clock: Clock;
  readonly #whose: { readonly tenant?: string };
  readonly #emitter = new EventEmitter();
  readonly #readers = new Set<{
    readonly patterns: readonly string[];
    readonly queue: BoundedQueue<MeshEvent>;
  }>();
  readonly #followers = new Set<{
    readonly patterns: readonly string[];
    readonly listener: (event: MeshEvent) => void;
  }>();
  #closed = false;

  /** With a `tenant`, every event names it. */
  constructor(clock: Clock, tenant?: string) {
    this.#clock = clock;
    this.#whose = tenant === undefined ? {} : { tenant };
  }

  readonly emit: Emit = (type, data, about = {}) => {
    const event = {
      at: toInstant(this.#clock.now()),
      type,
      ...this.#whose,
      ...about,
      data,
    } as MeshEvent;
    for (const { patterns, queue } of this.#readers) {
      if (eventMatches(type, patterns)) queue.push(event);
    }
    for (const listener of this.#emitter.listeners(type)) callSafely(listener, event);
    for (const { patterns, listener } of [...this.#followers]) {
      if (eventMatches(type, patterns)) callSafely(listener, event);
    }
  };

  /** Calls `listener` for every event of `type`; the result takes it off. */
  on<T extends MeshEventType>(type: T, listener: (event: MeshEventOf<T>) => void): () => void {
    this.#emitter.on(type, listener);
    return () => {
      this.#emitter.off(type, listener);
    };
  }

  /** Calls `listener` for every event that `pattern` selects, e.g. `task.*`; the result takes it off. */
  follow(pattern: string, listener: (event: MeshEvent) => void): () => void {
    const follower = { patterns: [pattern], listener };
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
    };
  }

  /** Events from now on whose type matches; ends when the loop is left, `signal` fires or the hub closes. */
  read(patterns: readonly string[], signal?: AbortSignal): AsyncIterable<MeshEvent> {
    const queue = new BoundedQueue<MeshEvent>({
      name: 'the event stream',
      limit: readerLimit,
      overflow: 'drop-oldest',
    });
    const reader = { patterns, queue };
    if (this.#closed) queue.end();
    else this.#readers.add(reader);
    const leave = (): void => {
      this.#readers.delete(reader);
      queue.end();
    };
    const off = onAbort(signal, leave);
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => queue.next(),
        return: () => {
          off();
          leave();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  }

  /** Ends every stream, those asked for later too, and forgets every listener. */
  close(): void {
    this.#closed = true;
    for (const { queue } of this.#readers) queue.end();
    this.#readers.clear();
    this.#followers.clear();
    this.#emitter.removeAllListeners();
  }
}

function callSafely(listener: (event: never) => void, event: MeshEvent): void {
  try {
    listener(event as never);
  } catch {
    // A listener's fault is the listener's: the mesh goes on.
  }
}
