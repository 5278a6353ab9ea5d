/**
 * A signal that knows who listens to it.
 * @module
 */

/** A signal, the way to fire it, and how many listeners it has. */
export interface CountingSignal {
  readonly signal: AbortSignal;
  readonly abort: () => void;
  readonly listeners: () => number;
}

/** Shows whether somebody forgot to take a listener off. */
export function countingSignal(): CountingSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>): void => {
    listening.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
    listening.delete(args[1]);
    remove(...args);
  };
  return {
    signal,
    abort: () => {
      listening.clear();
      controller.abort();
    },
    listeners: () => listening.size,
  };
}
