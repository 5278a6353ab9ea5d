/**
 * Who waits for which task.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { TaskOutcome } from './task-outcome.ts';

/** Callers that may wait at once. */
const limit = 10_000;

interface Waiter<Result> {
  readonly promise: Promise<TaskOutcome<Result>>;
  /** Must be called at the end of the wait. */
  readonly leave: () => void;
}

/** Waiting callers, by task. */
export class Waiters<Result> {
  readonly #waiting = new Map<string, Set<(outcome: TaskOutcome<Result>) => void>>();
  #count = 0;

  /** Tasks somebody waits for. */
  ids(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** Whether anybody waits for `id`. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** One more waits for `id`; `OVERLOADED` when too many do. */
  add(id: string): Waiter<Result> {
    if (this.#count >= limit) {
      throw new MeshError('OVERLOADED', { what: 'the callers waiting for tasks', limit });
    }
    this.#count += 1;
    const { promise, resolve } = Promise.withResolvers<TaskOutcome<Result>>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    return {
      promise,
      leave: () => {
        this.#count -= 1;
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
      },
    };
  }

  /** Tells everybody who waits for `id`. */
  tell(id: string, outcome: TaskOutcome<Result>): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve(outcome);
  }
}
