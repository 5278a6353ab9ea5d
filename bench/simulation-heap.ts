/**
 * What a discrete-event simulation costs at least: a binary heap of callbacks by (time, order), and nothing after an event but the next.
 * @module
 */

/** A time line that runs callbacks and waits for nobody. */
export function bareHeap() {
  const heap: { time: number; order: number; run: () => void }[] = [];
  let [now, orders] = [0, 0];
  const before = (a: number, b: number): boolean => {
    const [one, other] = [heap[a]!, heap[b]!];
    return one.time < other.time || (one.time === other.time && one.order < other.order);
  };
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const take = (): (() => void) => {
    const { time, run } = heap[0]!;
    now = time;
    const last = heap.pop()!;
    if (heap.length > 0) heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && before(left, least)) least = left;
      if (right < heap.length && before(right, least)) least = right;
      if (least === at) return run;
      swap(at, least);
      at = least;
    }
  };
  return {
    after(ms: number, run: () => void): void {
      heap.push({ time: now + ms, order: (orders += 1), run });
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (before(parent, at)) break;
        swap(at, parent);
        at = parent;
      }
    },
    drive(ms: number): void {
      while (heap.length > 0 && heap[0]!.time <= ms) take()();
    },
  };
}
