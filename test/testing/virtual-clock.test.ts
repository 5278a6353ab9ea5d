import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../src/testing/index.ts';

describe('virtual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = virtualClock(1_000);
    await new Promise(setImmediate);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance('2s');
    expect([clock.now(), clock.monotonic()]).toEqual([3_000, 2_000]);
  });

  it('runs timers in the order they are due, each at its own moment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 20 }), fc.nat(50), async (delays, by) => {
        const clock = virtualClock(0);
        const ran: [delay: number, at: number][] = [];
        for (const delay of delays) clock.after(delay, () => ran.push([delay, clock.now()]));
        await clock.advance(by);
        const due = delays.filter((delay) => delay <= by).toSorted((a, b) => a - b);
        expect(ran).toEqual(due.map((delay) => [delay, delay]));
        expect([clock.now(), clock.timers]).toEqual([by, delays.length - due.length]);
      }),
      { numRuns: 30 },
    );
  });

  it('lets promise jobs finish between timers, and runs the timers they set', async () => {
    const clock = virtualClock(0);
    const story: string[] = [];
    const tell = async (name: string, ms: number): Promise<void> => {
      for (let i = 0; i < 3; i += 1) {
        await clock.sleep(ms);
        await Promise.resolve();
        story.push(`${name}@${String(clock.now())}`);
      }
    };
    const telling = Promise.all([tell('a', 10), tell('b', 15)]);
    await clock.advance(29);
    expect(story).toEqual(['a@10', 'b@15', 'a@20']);
    await clock.advance(16);
    await telling;
    expect(story).toEqual(['a@10', 'b@15', 'a@20', 'b@30', 'a@30', 'b@45']);
  });

  it('makes advances asked for at once follow one another', async () => {
    const clock = virtualClock(0);
    const seen: number[] = [];
    clock.after(5, () => seen.push(clock.now()));
    clock.after(15, () => seen.push(clock.now()));
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect([...seen, clock.now()]).toEqual([5, 15, 20]);
  });

  it('forgets cancelled timers and aborted sleeps', async () => {
    const clock = virtualClock();
    const cancel = clock.after(5, () => expect.unreachable());
    const controller = new AbortController();
    const sleeping = clock.sleep(5, controller.signal);
    expect(clock.timers).toBe(2);
    cancel();
    controller.abort();
    await expect(sleeping).rejects.toMatchObject({ code: 'ABORTED' });
    expect(clock.timers).toBe(0);
    await expect(clock.sleep(5, controller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    await clock.advance(10);
  });

  it('goes on after a timer has thrown', async () => {
    const clock = virtualClock(0);
    clock.after(5, () => {
      throw new Error('a bug');
    });
    await expect(clock.advance(10)).rejects.toThrow('a bug');
    await clock.advance(10);
    expect(clock.now()).toBe(15);
  });

  it('refuses to go back', () => {
    expect(() => virtualClock().advance(-1)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
