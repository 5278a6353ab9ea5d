/**
 * Cancellation: every wait of the SDK listens to a signal and takes its listener off again.
 * @module
 */
import { MeshError } from './errors.ts';

/** Throws `ABORTED` when `signal` has fired. A signal that fired with a MeshError throws that error. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw abortError(signal, what);
}

/** The error of a signal that has fired. */
export function abortError(signal: AbortSignal, what: string): MeshError {
  const reason: unknown = signal.reason;
  if (MeshError.is(reason)) return reason;
  return new MeshError('ABORTED', { what }, { cause: reason });
}

/** Runs `listener` once when `signal` fires (at once if it has) and returns the way to take it off. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => {
    signal.removeEventListener('abort', listener);
  };
}

/** `promise`, or the abort error of `signal`, whichever comes first. The loser's rejection is swallowed. */
export function abortable<T>(
  promise: PromiseLike<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (signal === undefined) return Promise.resolve(promise);
  return new Promise<T>((resolve, reject) => {
    const off = onAbort(signal, () => {
      reject(abortError(signal, what));
    });
    promise.then(
      (value) => {
        off();
        resolve(value);
      },
      (error: unknown) => {
        off();
        reject(error);
      },
    );
  });
}

/** A controller that follows any of `signals`; `release` takes the listeners off and must be called at the end. */
export function linkedController(...signals: readonly (AbortSignal | undefined)[]): {
  readonly controller: AbortController;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const offs = signals.map((signal) =>
    onAbort(signal, () => {
      controller.abort(signal?.reason);
    }),
  );
  return {
    controller,
    release: () => {
      for (const off of offs) off();
    },
  };
}

/** The part of a Clock that deadlines need. */
export interface Timer {
  /** Runs `run` after `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Runs `work` with a signal that also fires after `ms` with `TIMEOUT` (or `error`); leaves no timer behind. */
export async function withDeadline<T>(
  timer: Timer,
  ms: number,
  options: { what: string; signal?: AbortSignal | undefined; error?: () => MeshError },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { what, signal, error } = options;
  throwIfAborted(signal, what);
  const { controller, release } = linkedController(signal);
  const cancel = timer.after(ms, () => {
    controller.abort(error?.() ?? new MeshError('TIMEOUT', { what, ms }));
  });
  try {
    return await abortable(work(controller.signal), controller.signal, what);
  } finally {
    cancel();
    release();
  }
}
