import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/platform/system-clock.ts';
import { systemRandom } from '../../src/platform/system-random.ts';
import { rejected } from '../base/thrown.ts';

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells wall time and a time that only grows', () => {
    vi.setSystemTime(1_700_000_000_000);
    expect(systemClock.now()).toBe(1_700_000_000_000);
    const before = systemClock.monotonic();
    vi.setSystemTime(0);
    vi.advanceTimersByTime(5);
    expect(systemClock.monotonic() - before).toBe(5);
  });

  it('runs once after the time, not before', () => {
    const run = vi.fn();
    systemClock.after(100, run);
    vi.advanceTimersByTime(99);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(run).toHaveBeenCalledOnce();
  });

  it('takes a negative time for none', () => {
    const run = vi.fn();
    systemClock.after(-5, run);
    vi.advanceTimersByTime(0);
    expect(run).toHaveBeenCalledOnce();
  });

  it('forgets what is cancelled, before and after it ran', () => {
    const run = vi.fn();
    const cancel = systemClock.after(100, run);
    cancel();
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(run).not.toHaveBeenCalled();
  });

  it('waits longer than 31 bits of milliseconds in steps that setTimeout can hold', () => {
    const steps = vi.spyOn(globalThis, 'setTimeout');
    const run = vi.fn();
    const days90 = 90 * 86_400_000;
    systemClock.after(days90, run);
    vi.advanceTimersByTime(days90 - 1);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledOnce();
    for (const [, ms] of steps.mock.calls) expect(ms).toBeLessThan(2 ** 31);
    expect(steps).toHaveBeenCalledTimes(4);
    steps.mockRestore();
  });

  it('cancels a long wait also after its first step, and waits for ever when told to', () => {
    const run = vi.fn();
    const cancels = [systemClock.after(2 ** 33, run), systemClock.after(Infinity, run)];
    vi.advanceTimersByTime(2 ** 32);
    for (const cancel of cancels) cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2 ** 34);
    expect(run).not.toHaveBeenCalled();
  });

  it('sleeps, and leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const sleeping = systemClock.sleep(50, signal);
    vi.advanceTimersByTime(50);
    await sleeping;
    expect(removed).toHaveBeenCalledOnce();
  });

  it('is woken by the signal with ABORTED, and leaves no timer', async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(50, controller.signal);
    controller.abort('enough');
    expect(await rejected(sleeping)).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not sleep when the signal has fired', async () => {
    const sleeping = systemClock.sleep(50, AbortSignal.abort());
    expect(await rejected(sleeping)).toMatchObject({ code: 'ABORTED' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a process', () => {
  it('is kept alive by a sleeper and not by a background timer', () => {
    const refs: boolean[] = [];
    const real = globalThis.setTimeout;
    const watch = vi.spyOn(globalThis, 'setTimeout').mockImplementation((run: () => void) => {
      const timer = real(run, 0);
      queueMicrotask(() => refs.push(timer.hasRef()));
      return timer;
    });
    const cancel = systemClock.after(10, () => undefined);
    const sleeping = systemClock.sleep(10);
    watch.mockRestore();
    return sleeping.then(() => {
      cancel();
      expect(refs).toEqual([false, true]);
    });
  });
});

describe('systemRandom', () => {
  it('gives numbers from 0 up to but not including 1, spread over the range', () => {
    const numbers = Array.from({ length: 4_000 }, () => systemRandom.next());
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    // The mean of 4,000 has a standard deviation of 0.0046; 0.05 is eleven of them.
    const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it.each([
    ['nothing', 0, 0],
    ['the largest share', 0xffff_ffff, 1 - 2 ** -53],
  ])('makes of %s the end of the range', (_, word, expected) => {
    const fill = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      (array as unknown as Uint32Array).fill(word);
      return array;
    });
    expect(systemRandom.next()).toBe(expected);
    fill.mockRestore();
  });

  it.each([0, 1, 32, 65_536, 65_537, 200_000])('fills all of %d bytes', (length) => {
    const bytes = systemRandom.bytes(length);
    expect(bytes).toHaveLength(length);
    // 64 zero bytes at the end have a probability of 2^-512.
    if (length > 64) expect(bytes.subarray(-64).some((byte) => byte !== 0)).toBe(true);
  });

  it('has children as good as itself', () => {
    const [one, two] = [systemRandom.child('a'), systemRandom.child('b')];
    expect(one.bytes(16)).not.toEqual(two.bytes(16));
    expect(one.child('c').bytes(16)).not.toEqual(one.bytes(16));
  });
});
