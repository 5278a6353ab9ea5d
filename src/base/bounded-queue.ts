/**
 * A queue with one reader and a written bound: the only kind of queue in the house.
 * @module
 */
import { MeshError } from './errors.ts';

/** What happens to a push when the queue is full. */
export type Overflow = 'refuse' | 'drop-oldest';

/** Options of {@link BoundedQueue}. */
export interface BoundedQueueOptions {
  /** The name in error messages. */
  readonly name: string;
  /** How many items may wait. */
  readonly limit: number;
  /** `refuse` (default) throws `OVERLOADED`; `drop-oldest` forgets the first and counts it in `dropped`. */
  readonly overflow?: Overflow;
}

/** First in, first out; iterate to read. Ends after `end()` once drained, or throws after `fail()`. */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #options: BoundedQueueOptions;
  #items: T[] = [];
  #head = 0;
  #waiting: ((result: IteratorResult<T, undefined>) => void) | undefined;
  #rejecting: ((error: unknown) => void) | undefined;
  #ended = false;
  #error: { readonly reason: unknown } | undefined;
  /** How many items `drop-oldest` has forgotten. */
  dropped = 0;

  constructor(options: BoundedQueueOptions) {
    this.#options = options;
  }

  /** Items waiting. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Whether `end()` or `fail()` was called. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds `item`; false when the queue has ended. */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#waiting !== undefined) {
      this.#settle({ done: false, value: item });
      return true;
    }
    const { name, limit, overflow = 'refuse' } = this.#options;
    if (this.size >= limit) {
      if (overflow === 'refuse') throw new MeshError('OVERLOADED', { what: name, limit });
      this.#take();
      this.dropped += 1;
    }
    this.#items.push(item);
    return true;
  }

  /** No more items come; those waiting are still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#waiting !== undefined) this.#settle({ done: true, value: undefined });
  }

  /** Ends the queue with an error which the reader gets after the items waiting. */
  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#error = { reason };
    this.#ended = true;
    const reject = this.#rejecting;
    this.#waiting = undefined;
    this.#rejecting = undefined;
    if (reject !== undefined) {
      this.#error = undefined;
      reject(reason);
    }
  }

  /** The next item, or done. One reader at a time. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.size > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#error !== undefined) {
      const { reason } = this.#error;
      this.#error = undefined;
      return Promise.reject(reason);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting = resolve;
      this.#rejecting = reject;
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: () => {
        this.end();
        this.#items = [];
        this.#head = 0;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #take(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  #settle(result: IteratorResult<T, undefined>): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    this.#rejecting = undefined;
    resolve?.(result);
  }
}
