import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedQueue, type Overflow } from '../../src/base/bounded-queue.ts';
import { rejected, thrown } from './thrown.ts';

const queueOf = (limit: number, overflow: Overflow = 'refuse') =>
  new BoundedQueue<number>({ name: 'the inbox', limit, overflow });

async function drain(queue: BoundedQueue<number>): Promise<number[]> {
  const items: number[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

describe('BoundedQueue', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.integer() },
    { weight: 2, arbitrary: fc.constant('next' as const) },
    { weight: 1, arbitrary: fc.constant('end' as const) },
  );

  it.each(['refuse', 'drop-oldest'] as const)(
    'with %s behaves like a bounded array',
    async (overflow) => {
      const run = async (limit: number, steps: readonly (number | 'next' | 'end')[]) => {
        const queue = queueOf(limit, overflow);
        const model: number[] = [];
        let [dropped, ended] = [0, false];
        for (const action of steps) {
          if (action === 'end') {
            queue.end();
            ended = true;
          } else if (action === 'next') {
            // Waiting for a push is covered below; the model only reads what is there.
            if (model.length > 0)
              expect(await queue.next()).toEqual({ done: false, value: model.shift() });
            else if (ended) expect(await queue.next()).toEqual({ done: true, value: undefined });
          } else if (!ended && model.length === limit && overflow === 'refuse') {
            expect(thrown(() => queue.push(action))).toMatchObject({ code: 'OVERLOADED' });
          } else {
            expect(queue.push(action)).toBe(!ended);
            if (!ended) model.push(action);
            if (model.length > limit) dropped += 1;
            if (model.length > limit) model.shift();
          }
          expect([queue.size, queue.dropped, queue.ended]).toEqual([model.length, dropped, ended]);
        }
        queue.end();
        expect(await drain(queue)).toEqual(model);
      };
      const steps = fc.array(step, { maxLength: 60 });
      await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 8 }), steps, run));
    },
  );

  it('keeps order through many more items than it holds at once', async () => {
    const queue = queueOf(200);
    const read: unknown[] = [];
    for (let i = 0; i < 2_000; i += 1) {
      queue.push(i);
      if (i % 200 >= 100) read.push((await queue.next()).value, (await queue.next()).value);
    }
    expect(read).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
  });

  it('hands an item straight to a waiting reader, also when its limit is reached', async () => {
    const queue = queueOf(1);
    const first = queue.next();
    queue.push(1);
    queue.push(2);
    expect(await first).toEqual({ done: false, value: 1 });
    expect(queue.size).toBe(1);
  });

  it('names itself and its limit when it is full', () => {
    const queue = queueOf(1);
    queue.push(1);
    expect(thrown(() => queue.push(2))?.message).toBe('the inbox is full (limit 1)');
  });

  it('wakes a waiting reader when it ends, and stays ended', async () => {
    const queue = queueOf(1);
    const waiting = queue.next();
    queue.end();
    queue.end();
    queue.fail(new Error('too late'));
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(queue.push(1)).toBe(false);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it('hands out what waits before the error it failed with, and the error once', async () => {
    const queue = queueOf(3);
    const boom = new Error('boom');
    queue.push(1);
    queue.fail(boom);
    expect(await queue.next()).toEqual({ done: false, value: 1 });
    await expect(queue.next()).rejects.toBe(boom);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it('wakes a waiting reader with the error', async () => {
    const queue = queueOf(1);
    const boom = new Error('boom');
    const waiting = queue.next();
    queue.fail(boom);
    await expect(waiting).rejects.toBe(boom);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it('takes an error of undefined for an error', async () => {
    const queue = queueOf(1);
    queue.fail(undefined);
    await expect(queue.next()).rejects.toBeUndefined();
  });

  it('ends and forgets what waits when its reader leaves the loop', async () => {
    const queue = queueOf(3);
    queue.push(1);
    queue.push(2);
    for await (const item of queue) {
      expect(item).toBe(1);
      break;
    }
    expect([queue.ended, queue.size, queue.push(3)]).toEqual([true, 0, false]);
    expect(await rejected(drain(queue))).toBeUndefined();
  });
});
