import { describe, expect, it } from 'vitest';
import {
  abortable,
  abortError,
  linkedController,
  onAbort,
  type Timer,
  throwIfAborted,
  withDeadline,
} from '../../src/base/abort.ts';
import { MeshError } from '../../src/base/errors.ts';
import { rejected, thrown } from './thrown.ts';

/** A controller whose signal counts the listeners that are on it. */
function counted(): { controller: AbortController; signal: AbortSignal; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  const on = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener, options?: unknown) => {
    on.add(listener);
    add(type, listener, options as AddEventListenerOptions);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    on.delete(listener);
    remove(type, listener);
  };
  add('abort', () => {
    on.clear();
  });
  return { controller, signal, listeners: () => on.size };
}

/** A timer that rings when told to. */
function bell(): Timer & { ring(): void; pending(): number } {
  const waiting = new Set<() => void>();
  return {
    after(_, run) {
      waiting.add(run);
      return () => void waiting.delete(run);
    },
    ring() {
      for (const run of waiting) run();
      waiting.clear();
    },
    pending: () => waiting.size,
  };
}

const refusal = (signal: AbortSignal | undefined) =>
  thrown(() => {
    throwIfAborted(signal, 'the call');
  });

const never = new Promise<never>(() => undefined);

describe('the error of a signal', () => {
  it('is ABORTED with the reason as cause', () => {
    const signal = AbortSignal.abort('enough');
    expect(abortError(signal, 'the call')).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(refusal(signal)?.message).toBe('the call was aborted');
  });

  it('is the reason itself when that is a MeshError', () => {
    const reason = new MeshError('CLOSED', { what: 'the mesh' });
    expect(abortError(AbortSignal.abort(reason), 'x')).toBe(reason);
  });

  it('is not thrown for a signal that has not fired, or none', () => {
    expect(refusal(undefined)).toBeUndefined();
    expect(refusal(new AbortController().signal)).toBeUndefined();
  });
});

describe('onAbort', () => {
  it('runs once when the signal fires, and at once when it has', () => {
    const { controller, signal } = counted();
    let runs = 0;
    onAbort(signal, () => (runs += 1));
    expect(runs).toBe(0);
    controller.abort();
    controller.abort();
    expect(runs).toBe(1);
    onAbort(signal, () => (runs += 1));
    expect(runs).toBe(2);
  });

  it('leaves no listener once taken off', () => {
    const { controller, signal, listeners } = counted();
    let runs = 0;
    const off = onAbort(signal, () => (runs += 1));
    expect(listeners()).toBe(1);
    off();
    off();
    expect(listeners()).toBe(0);
    controller.abort();
    expect(runs).toBe(0);
  });

  it('does nothing without a signal', () => {
    expect(() => {
      onAbort(undefined, () => expect.unreachable())();
    }).not.toThrow();
  });
});

describe('abortable', () => {
  it('yields the value or the error of the promise and leaves no listener', async () => {
    const { signal, listeners } = counted();
    expect(await abortable(Promise.resolve(1), signal, 'x')).toBe(1);
    const failure = new Error('own');
    await expect(abortable(Promise.reject(failure), signal, 'x')).rejects.toBe(failure);
    expect(listeners()).toBe(0);
    expect(await abortable(Promise.resolve(2), undefined, 'x')).toBe(2);
  });

  it('rejects when the signal fires first, and swallows the later rejection', async () => {
    const { controller, signal, listeners } = counted();
    const late = Promise.withResolvers<never>();
    const waiting = abortable(late.promise, signal, 'the wait');
    controller.abort();
    late.reject(new Error('unhandled if not swallowed'));
    expect(await rejected(waiting)).toMatchObject({ code: 'ABORTED' });
    expect(listeners()).toBe(0);
  });

  it('rejects at once for a signal that has fired', async () => {
    const failing = Promise.reject(new Error('swallowed'));
    const waiting = abortable(failing, AbortSignal.abort(), 'x');
    expect(await rejected(waiting)).toMatchObject({ code: 'ABORTED' });
  });
});

describe('linkedController', () => {
  it('follows whichever fires first, with its reason', () => {
    const [one, two] = [counted(), counted()];
    const { controller, release } = linkedController(one.signal, undefined, two.signal);
    two.controller.abort('two');
    one.controller.abort('one');
    expect(controller.signal.reason).toBe('two');
    release();
  });

  it('has fired when one of its signals has', () => {
    expect(linkedController(AbortSignal.abort('old')).controller.signal.reason).toBe('old');
  });

  it('leaves no listener once released, and no longer follows', () => {
    const { controller: outer, signal, listeners } = counted();
    const { controller, release } = linkedController(signal, signal);
    expect(listeners()).toBe(2);
    release();
    expect(listeners()).toBe(0);
    outer.abort();
    expect(controller.signal.aborted).toBe(false);
  });
});

describe('withDeadline', () => {
  it('yields the result and leaves neither timer nor listener', async () => {
    const { signal, listeners } = counted();
    const timer = bell();
    const result = await withDeadline(timer, 50, { what: 'x', signal }, () => Promise.resolve(7));
    expect([result, timer.pending(), listeners()]).toEqual([7, 0, 0]);
  });

  it('ends with TIMEOUT and tells the work, even when the work does not listen', async () => {
    const timer = bell();
    let told: AbortSignal | undefined;
    const waiting = withDeadline(timer, 50, { what: 'the answer' }, (signal) => {
      told = signal;
      return never;
    });
    timer.ring();
    const error = await rejected(waiting);
    expect(error?.message).toBe('the answer did not finish within 50 ms');
    expect(told?.reason).toBe(error);
  });

  it('ends with the given error instead, when there is one', async () => {
    const timer = bell();
    const error = () => new MeshError('TASK_TIMEOUT', { task: 't', ms: 1 });
    const waiting = withDeadline(timer, 1, { what: 'x', error }, () => never);
    timer.ring();
    expect(await rejected(waiting)).toMatchObject({ code: 'TASK_TIMEOUT', retryable: true });
  });

  it('ends when the outer signal fires, and cleans up after failures of the work', async () => {
    const { controller, signal, listeners } = counted();
    const timer = bell();
    const boom = () => {
      throw new MeshError('CLOSED', { what: 'x' });
    };
    const failing = withDeadline(timer, 9, { what: 'x', signal }, boom);
    expect(await rejected(failing)).toMatchObject({ code: 'CLOSED' });
    expect([timer.pending(), listeners()]).toEqual([0, 0]);
    const waiting = withDeadline(timer, 9, { what: 'x', signal }, () => never);
    controller.abort();
    expect(await rejected(waiting)).toMatchObject({ code: 'ABORTED' });
    expect([timer.pending(), listeners()]).toEqual([0, 0]);
  });

  it('does not begin the work when the signal has fired', async () => {
    let began = false;
    const options = { what: 'x', signal: AbortSignal.abort() };
    const waiting = withDeadline(bell(), 9, options, () => {
      began = true;
      return never;
    });
    expect(await rejected(waiting)).toMatchObject({ code: 'ABORTED' });
    expect(began).toBe(false);
  });
});
