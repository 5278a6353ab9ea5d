/**
 * A stream that knows whether its reader has left it, and into which more can be put.
 * @module
 */
import { BoundedQueue } from '../../../base/bounded-queue.ts';

/** How many items may wait for a slow reader before the oldest are forgotten. */
const limit = 1_000;

/** Passes on what `source` yields. */
export class SpiedStream<T> implements AsyncIterable<T> {
  /** What it is a stream of, e.g. `events task.*`. */
  readonly what: string;
  /** Whether the reader left by itself: by `break`, or because its loop threw. */
  left = false;
  /** What the reader was given last. */
  last: T | undefined;
  readonly #source: AsyncIterable<T>;
  readonly #queue: BoundedQueue<T>;
  #reading: AsyncIterator<T> | undefined;

  constructor(what: string, source: AsyncIterable<T>) {
    this.what = what;
    this.#source = source;
    this.#queue = new BoundedQueue<T>({ name: what, limit, overflow: 'drop-oldest' });
  }

  /** Gives the reader one more item, as if the source had yielded it. */
  put(item: T): void {
    this.#queue.push(item);
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: async () => {
        this.#begin();
        const step = await this.#queue.next();
        this.last = step.value;
        return step;
      },
      return: async () => {
        this.left = true;
        this.#queue.end();
        await this.#reading?.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** The source is asked when the reader first asks, no sooner. */
  #begin(): void {
    if (this.#reading !== undefined) return;
    const reading = this.#source[Symbol.asyncIterator]();
    this.#reading = reading;
    const pump = async (): Promise<void> => {
      for (let step = await reading.next(); step.done !== true; step = await reading.next()) {
        this.#queue.push(step.value);
      }
      this.#queue.end();
    };
    pump().catch((error: unknown) => {
      this.#queue.fail(error);
    });
  }
}
