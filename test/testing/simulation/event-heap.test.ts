import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventHeap } from '../../../src/testing/simulation/event-heap.ts';

/** What is done to a heap: an event is added, the n-th added is cancelled, or the first is taken. */
const step = fc.oneof(
  fc.record({ add: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ cancel: fc.nat(60) }),
  fc.constant('take' as const),
);

describe('event heap', () => {
  it('gives events by time, those of one time in the order of adding, and never a cancelled one', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new EventHeap();
        const handles: number[] = [];
        const model: { readonly n: number; readonly time: number }[] = [];
        const taken: number[] = [];
        const expected: number[] = [];
        const take = (): void => {
          const first = model.toSorted((a, b) => a.time - b.time || a.n - b.n).at(0);
          if (first !== undefined) {
            expected.push(first.n);
            model.splice(model.indexOf(first), 1);
          }
          heap.take()?.();
        };
        for (const one of steps) {
          if (one === 'take') take();
          else if ('add' in one) {
            const n = handles.length;
            handles.push(heap.add(one.add, () => taken.push(n)));
            model.push({ n, time: one.add });
          } else {
            const at = model.findIndex(({ n }) => n === one.cancel);
            const handle = handles[one.cancel];
            if (handle !== undefined) expect(heap.cancel(handle)).toBe(at >= 0);
            if (at >= 0) model.splice(at, 1);
          }
          expect(heap.size).toBe(model.length);
          expect(heap.nextTime).toBe(Math.min(Infinity, ...model.map(({ time }) => time)));
        }
        while (heap.size > 0) take();
        expect(taken).toEqual(expected);
      }),
    );
  });

  it('does not cancel the event that took the place of one that is over', () => {
    const heap = new EventHeap();
    const first = heap.add(1, () => undefined);
    heap.take();
    heap.add(2, () => undefined);
    expect(heap.cancel(first)).toBe(false);
    expect(heap.size).toBe(1);
  });
});
